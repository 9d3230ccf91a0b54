"""Lines of text: where they are, and what they say. RapidOCR's models lie in its wheel; nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR

from services.application.paper_reading.reading.lines import TextLine
from services.application.paper_reading.reading.page import Pixels, shrink

THREADS: Final = 2
"""Always set: the default ignores the processors that a process may use."""

FINE_SIDE_PIXELS: Final = 960
"""Longest side of what is searched for small print; a family card has 130 lines, of which 6 are lost at 736."""

SIDE_PIXELS: Final = 736
"""Longest side of what is searched for lines of any other paper: the same lines as at 960 in half the time."""

CLOSE_SIDE_PIXELS: Final = 1440
"""Longest side of what is searched before it is said that nothing is written: a paper may be far away."""

LEAST_SCORE: Final = 0.5
"""Below it a line is not read at all."""

SETTINGS: Final[dict[str, Any]] = {
    "Global.use_cls": False,
    "Global.use_preprocess_img": False,
    "Global.log_level": "error",
    "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Det.limit_type": "max",
    "Det.limit_side_len": FINE_SIDE_PIXELS,
}
ONE_LINE_AT_A_TIME: Final[dict[str, Any]] = {
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "Rec.rec_batch_num": 1,
    "Rec.rec_img_shape": [3, 48, 96],
}
"""In a batch every line is as wide as the widest, at least 320: 40 % of the work is on nothing. So each is read by
itself, `THREADS` of them at a time on a thread each."""


@dataclass(frozen=True)
class FoundLines:
    """The places of lines in a picture, four corners each."""

    pixels: Pixels = field(repr=False)
    corners: NDArray[np.float32] = field(repr=False)

    @property
    def width(self) -> int:
        """Of the picture."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Of the picture."""
        return int(self.pixels.shape[0])

    def __len__(self) -> int:
        return len(self.corners)


def find_lines(pixels: Pixels, side: int = SIDE_PIXELS) -> FoundLines:
    """Return where lines of text are; none in a picture without text."""
    searched = shrink(pixels, side)
    detected: Any = _detector()(searched, use_det=True, use_rec=False)
    boxes = np.empty((0, 4, 2)) if detected.boxes is None else detected.boxes
    scale = max(pixels.shape) / max(searched.shape)
    return FoundLines(pixels, np.asarray(boxes, np.float32) * np.float32(scale))


def read_lines(found: FoundLines, numbers: Iterable[int]) -> dict[int, TextLine]:
    """Return what the lines of these numbers say; those that cannot be read are left out."""
    read = _threads().map(lambda number: (number, _read_line(found, number)), numbers)
    return {number: line for number, line in read if line is not None}


def _read_line(found: FoundLines, number: int) -> TextLine | None:
    corners = found.corners[number]
    told: Any = _reader().recognize_txt(_reader().crop_text_regions(found.pixels, corners[np.newaxis]))
    text, score = told.txts[0], float(told.scores[0])
    if score < LEAST_SCORE or not text.strip():
        return None
    left, top = corners.min(axis=0) / (found.width, found.height)
    right, bottom = corners.max(axis=0) / (found.width, found.height)
    return TextLine(text, score, float(left), float(top), float(right), float(bottom))


def warm_up(pixels: Pixels) -> None:
    """Load both models and use them once."""
    find_lines(pixels)
    whole = [(0, 0), (pixels.shape[1], 0), (pixels.shape[1], 64), (0, 64)]
    read_lines(FoundLines(pixels, np.asarray([whole], np.float32)), [0])


@cache
def _detector() -> RapidOCR:
    return RapidOCR(params=SETTINGS)


@cache
def _reader() -> RapidOCR:
    return RapidOCR(params=SETTINGS | ONE_LINE_AT_A_TIME)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS)
