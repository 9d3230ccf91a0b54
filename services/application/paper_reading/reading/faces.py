"""Faces, and whether what is behind them is plain."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from services.application.paper_reading.reading.page import Pixels, shrink

CASCADE: Final = "haarcascade_frontalface_alt.xml"
LEAST_FACE_PART: Final = 0.15
"""Of the shorter side: smaller ones are those printed on papers."""

WALL_SIDE_PIXELS: Final = 300
"""Longest side of what is looked at for the wall: the noise of single pixels is gone there."""

PLAIN_TONES: Final = 16.0
"""Deviation from light that falls off evenly; drawn walls have below 1, rooms behind a selfie 20 and more."""

PLAIN_COLOURS: Final = 10.0
"""Deviation in the plane of colours (CIELAB a and b): a wall in uneven light has up to 4, shelves and clothes 16."""


def face_share(grey: Pixels) -> float:
    """Return the part of the picture that its largest face fills; 0 without one."""
    height, width = grey.shape[:2]
    least = int(min(height, width) * LEAST_FACE_PART)
    found = _cascade().detectMultiScale(grey, scaleFactor=1.15, minNeighbors=5, minSize=(least, least))
    return max((float(w * h) for _, _, w, h in found), default=0.0) / float(height * width)


def has_plain_background(pixels: Pixels) -> bool:
    """Return whether the strips left, right and above the head are one wall: of one colour, evenly lit."""
    small = cv2.GaussianBlur(shrink(pixels, WALL_SIDE_PIXELS), (5, 5), 0)
    wall = _around_the_head(small.shape[0], small.shape[1])
    tones, *colours = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)[wall].astype(np.float64).T
    return _unevenness(tones, wall) < PLAIN_TONES and float(np.hypot(*np.std(colours, axis=1))) < PLAIN_COLOURS


def _around_the_head(height: int, width: int) -> NDArray[np.bool_]:
    """Where the wall is seen: an eighth of the width on each side down to the shoulders, and above the hair."""
    wall = np.zeros((height, width), np.bool_)
    strip, upper = max(1, width // 8), max(1, height // 2)
    wall[:upper, :strip] = wall[:upper, -strip:] = True
    wall[: max(1, height // 16)] = True
    return wall


def _unevenness(tones: NDArray[np.float64], wall: NDArray[np.bool_]) -> float:
    """The deviation of the tones from the plane through them: light from one side makes no wall uneven."""
    places = np.column_stack((np.argwhere(wall), np.ones(len(tones))))
    plane, *_ = np.linalg.lstsq(places, tones)
    return float(np.std(tones - places @ plane))


@cache
def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
