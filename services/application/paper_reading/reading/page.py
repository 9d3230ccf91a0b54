"""A page in memory: decoded from the kept JPEG at the size that is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Rows, columns and, in colour, blue, green and red."""

READ_SIDE_PIXELS: Final = 2000
"""Longest side of what is read; letters of a family card are 12 pixels high then."""

LOOK_SIDE_PIXELS: Final = 500
"""Longest side of what is looked at for tone, sharpness and faces: their thresholds hold at this size alone."""


class NotAPicture(ValueError):
    """The bytes are no picture that can be decoded."""


@dataclass(frozen=True)
class Page:
    """The picture as it is kept, as it is read, and small and grey for a look."""

    kept: Pixels = field(repr=False)
    read: Pixels = field(repr=False)
    grey: Pixels = field(repr=False)

    @property
    def scale(self) -> float:
        """Pixels of the kept picture in one of the read one."""
        return float(max(self.kept.shape) / max(self.read.shape))


def decode_page(picture: bytes) -> Page:
    """Return the page.

    Raises:
        NotAPicture: the bytes cannot be decoded.
    """
    kept: Any = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR) if picture else None
    if kept is None:
        raise NotAPicture
    read = shrink(kept, READ_SIDE_PIXELS)
    return Page(kept, read, grey_of(shrink(read, LOOK_SIDE_PIXELS)))


def shrink(pixels: Pixels, longest_side: int) -> Pixels:
    """Return the picture at most so long; a smaller one as it is."""
    height, width = pixels.shape[:2]
    scale = longest_side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return as_pixels(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def grey_of(pixels: Pixels) -> Pixels:
    """Return the grey tones."""
    return as_pixels(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY))


def as_pixels(array: Any) -> Pixels:
    """Return what OpenCV made, as pixels."""
    return np.asarray(array, dtype=np.uint8)
