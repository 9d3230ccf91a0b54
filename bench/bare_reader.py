"""A worker that reads a picture with RapidOCR alone, with the settings of the reader of papers: the bench's floor."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import cv2
import numpy as np
from rapidocr import RapidOCR

from services.application.paper_reading.reading.page import READ_SIDE_PIXELS, shrink
from services.application.paper_reading.reading.text_lines import SETTINGS
from shared.workers.limits import JobAnswer
from shared.workers.worker import serve


def read_picture(_head: Mapping[str, Any], content: bytes) -> JobAnswer:
    """Read all lines of the picture at the size that the reader of papers reads."""
    picture: Any = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    found: Any = engine()(shrink(picture, READ_SIDE_PIXELS))
    return JobAnswer({"lines": len(found.txts or ())})


@cache
def engine() -> RapidOCR:
    """Return the loaded reader."""
    return RapidOCR(params=SETTINGS)


def warm_up() -> None:
    """Load the models."""
    engine()(np.zeros((320, 320, 3), np.uint8))


if __name__ == "__main__":
    serve(read_picture, warm_up)
