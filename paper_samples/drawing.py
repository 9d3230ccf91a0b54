"""A drawn paper, flat, before it is photographed."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True, slots=True)
class Drawing:
    """The page and the height in pixels of the capitals of its key field, by which blur is measured."""

    image: Image.Image
    text_height: float
