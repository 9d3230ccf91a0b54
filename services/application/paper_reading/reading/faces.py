"""Faces, and whether what is behind them is plain."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from services.application.paper_reading.reading.page import Pixels

CASCADE: Final = "haarcascade_frontalface_alt.xml"
LEAST_FACE_PART: Final = 0.15
"""Of the shorter side: smaller ones are those printed on papers."""

PLAIN_DEVIATION: Final = 24.0
"""Of the tones in each corner strip of a plain wall, with its light falling from one side."""


def face_share(grey: Pixels) -> float:
    """Return the part of the picture that its largest face fills; 0 without one."""
    height, width = grey.shape[:2]
    least = int(min(height, width) * LEAST_FACE_PART)
    found = _cascade().detectMultiScale(grey, scaleFactor=1.15, minNeighbors=5, minSize=(least, least))
    return max((float(w * h) for _, _, w, h in found), default=0.0) / float(height * width)


def has_plain_background(grey: Pixels) -> bool:
    """Return whether the strips left and right of the head have one tone each, as a wall for portraits has."""
    height, width = grey.shape[:2]
    strip, upper = max(1, width // 8), max(1, height // 2)
    sides = (grey[:upper, :strip], grey[:upper, -strip:])
    deviations = [float(np.std(cv2.GaussianBlur(side, (5, 5), 0))) for side in sides]
    return max(deviations) < PLAIN_DEVIATION


@cache
def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
