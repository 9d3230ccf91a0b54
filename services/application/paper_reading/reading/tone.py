"""A page of one tone, or of noise: nothing is on it."""

from __future__ import annotations

from typing import Final

import cv2

from services.application.paper_reading.reading.page import Pixels

SIDE_PIXELS: Final = 64
"""So small that noise of single pixels becomes one tone."""


def tone_deviation(grey: Pixels) -> float:
    """Return the standard deviation of the grey tones at 64 x 64, from 0 to 127."""
    small = cv2.resize(grey, (SIDE_PIXELS, SIDE_PIXELS), interpolation=cv2.INTER_AREA)
    return float(small.std())
