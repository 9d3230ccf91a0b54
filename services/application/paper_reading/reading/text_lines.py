"""Lines of text: where they are, and what they say. RapidOCR's models lie in its wheel; nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR

from services.application.paper_reading.reading.lines import TextLine
from services.application.paper_reading.reading.page import Pixels

THREADS: Final = 2
DETECTION_SIDE_PIXELS: Final = 960
LEAST_SCORE: Final = 0.5
"""Below it a line is not read at all."""

SETTINGS: Final[dict[str, Any]] = {
    "Global.use_cls": False,
    "Global.use_preprocess_img": False,
    "Global.log_level": "error",
    "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Det.limit_type": "max",
    "Det.limit_side_len": DETECTION_SIDE_PIXELS,
}


@dataclass(frozen=True)
class FoundLines:
    """The places of lines in a picture: four corners each, and the pixels cut out for the reader."""

    corners: NDArray[np.float32] = field(repr=False)
    cuttings: Sequence[Pixels] = field(repr=False)
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.cuttings)


def find_lines(pixels: Pixels) -> FoundLines:
    """Return where lines of text are; none in a picture without text."""
    height, width = pixels.shape[:2]
    engine = _engine()
    detected = engine(pixels, use_det=True, use_rec=False)
    if detected.boxes is None or len(detected.boxes) == 0:
        return FoundLines(np.empty((0, 4, 2), np.float32), (), width, height)
    corners = np.asarray(detected.boxes, np.float32)
    return FoundLines(corners, engine.crop_text_regions(pixels, corners), width, height)


def read_lines(found: FoundLines, numbers: Iterable[int]) -> dict[int, TextLine]:
    """Return what the lines of these numbers say; those that cannot be read are left out."""
    wanted = list(numbers)
    if not wanted:
        return {}
    told = _engine().recognize_txt([found.cuttings[number] for number in wanted])
    return {
        number: _line(found, number, text, score)
        for number, text, score in zip(wanted, told.txts, told.scores, strict=True)
        if score >= LEAST_SCORE and text.strip()
    }


def _line(found: FoundLines, number: int, text: str, score: float) -> TextLine:
    corners = found.corners[number]
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    return TextLine(
        text,
        float(score),
        left=float(left) / found.width,
        top=float(top) / found.height,
        right=float(right) / found.width,
        bottom=float(bottom) / found.height,
    )


@cache
def _engine() -> RapidOCR:
    return RapidOCR(params=SETTINGS)
