"""Text drawn by Pillow with the one typeface that it carries (Aileron), in several cuts made of it.

No font file is needed: bold is a stroke, narrow and slanted are transformed, a typewriter's cut sets each letter in a
cell of its own.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image, ImageDraw, ImageFont

Ink = tuple[int, int, int]
BLACK: Final[Ink] = (25, 25, 28)
CAP_HEIGHT: Final = 0.7
"""Height of a capital letter, as a part of the size."""

BOLD_STROKE: Final = 0.03
LINE_HEIGHT: Final = 1.45


@dataclass(frozen=True, slots=True)
class Cut:
    """How letters look: ``width`` of 1 is as designed, ``slant`` leans right, ``cell`` is a pitch in sizes."""

    bold: bool = False
    width: float = 1.0
    slant: float = 0.0
    cell: float = 0.0


REGULAR: Final = Cut()
BOLD: Final = Cut(bold=True)
HANDWRITTEN: Final = Cut(width=0.95, slant=0.3)
TYPEWRITTEN: Final = Cut(cell=0.66)
ZONE: Final = Cut(bold=True, cell=0.72)


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType")
    return font


def text_mask(text: str, size: int, cut: Cut = REGULAR) -> Image.Image:
    """Return the letters as a mask; its height is the same for all texts of a size."""
    font, stroke = _font(size), max(1, round(size * BOLD_STROKE)) if cut.bold else 0
    ascent, descent = font.getmetrics()
    pitch = round(size * cut.cell)
    width = pitch * len(text) if pitch else round(font.getlength(text))
    mask = Image.new("L", (max(1, width + 2 * stroke), ascent + descent + 2 * stroke))
    draw = ImageDraw.Draw(mask)
    if pitch:
        for place, letter in enumerate(text):
            draw.text((pitch * (place + 0.5), stroke), letter, 255, font, anchor="ma", stroke_width=stroke)
    else:
        draw.text((stroke, stroke), text, 255, font, stroke_width=stroke)
    if cut.slant:
        lean = round(cut.slant * mask.height)
        rows = (1, cut.slant, -lean, 0, 1, 0)
        size_leaning = (mask.width + lean, mask.height)
        mask = mask.transform(size_leaning, Image.Transform.AFFINE, rows, Image.Resampling.BICUBIC)
    if cut.width != 1:
        mask = mask.resize((max(1, round(mask.width * cut.width)), mask.height), Image.Resampling.LANCZOS)
    return mask


class Sheet:
    """A picture to write on."""

    def __init__(self, image: Image.Image, ink: Ink = BLACK) -> None:
        self.image = image
        self.draw = ImageDraw.Draw(image)
        self.ink = ink

    def write(
        self,
        at: tuple[float, float],
        text: str,
        size: int,
        cut: Cut = REGULAR,
        *,
        ink: Ink | None = None,
        anchor: str = "left",
        most: float = 0,
    ) -> int:
        """Write one line and return its width; a line wider than ``most`` is narrowed to it."""
        mask = text_mask(text, size, cut)
        if most and mask.width > most:
            mask = text_mask(text, size, replace(cut, width=cut.width * most / mask.width))
        x = at[0] - {"left": 0, "centre": mask.width / 2, "right": mask.width}[anchor]
        self.image.paste(ink or self.ink, (round(x), round(at[1])), mask)
        return mask.width

    def write_wrapped(
        self,
        at: tuple[float, float],
        text: str,
        size: int,
        cut: Cut = REGULAR,
        *,
        most: float,
        anchor: str = "left",
    ) -> float:
        """Write a paragraph and return the y below it."""
        y = at[1]
        for line in wrapped(text, size, cut, most):
            self.write((at[0], y), line, size, cut, anchor=anchor)
            y += size * LINE_HEIGHT
        return y


def wrapped(text: str, size: int, cut: Cut, most: float) -> list[str]:
    """Return the lines into which a text is broken."""
    lines, font = [""], _font(size)
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        width = len(longer) * size * cut.cell if cut.cell else font.getlength(longer) * cut.width
        if width <= most or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
