"""How lines lie on a page: size of the print, tilt, lines cut off by the picture's edge, and what to read first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.application.paper_reading.reading.lines import TextLine
from services.application.paper_reading.reading.text_lines import FoundLines

EDGE_HEIGHTS: Final = 0.5
"""A line that is nearer to the picture's edge than so much of its own height is cut, or the next one is: on a whole
paper, and on a card that is cropped to its own edges, there is more."""

SLACK: Final = 0.03
"""Of the picture's width: so far a card may reach beyond the edge by its title, which is not quite in its middle."""

TITLES: Final = 8
FEET: Final = 4
"""Lowest lines, of which one tells that the foot of the paper is in the picture."""

VERY_LONG_LINE: Final = 20.0
"""Times its height: a sentence, which takes as long as five fields and rarely says more; or an MRZ."""

LONG_LINE: Final = 4.0
"""Times its height: shorter ones have no angle."""

MARGIN: Final = 0.04
"""Of the paper's size, around its lines."""

SHARE_CUT_OUT: Final = 0.8
"""A paper whose lines fill more of the picture's length than this gains nothing from being cut out."""

FIELD_LINE: Final = (5.0, 18.0)
"""Width of a number of sixteen digits, a name or a date in times of its height."""


def heights_of(found: FoundLines) -> NDArray[np.float32]:
    """Return the height of each line in pixels."""
    corners = found.corners
    left = np.linalg.norm(corners[:, 0] - corners[:, 3], axis=1)
    right = np.linalg.norm(corners[:, 1] - corners[:, 2], axis=1)
    return np.asarray((left + right) / 2, np.float32)


def widths_of(found: FoundLines) -> NDArray[np.float32]:
    """Return the width of each line in pixels."""
    return np.asarray(np.linalg.norm(found.corners[:, 0] - found.corners[:, 1], axis=1), np.float32)


def letter_pixels(found: FoundLines) -> float:
    """Return the height of the usual line."""
    return float(np.median(heights_of(found))) if len(found) else 0.0


def tilt_degrees(found: FoundLines) -> float:
    """Return by how much the usual long line is turned from the horizontal, to the right above 0."""
    is_long = widths_of(found) > LONG_LINE * heights_of(found)
    if not is_long.any():
        return 0.0
    along = (found.corners[:, 1] - found.corners[:, 0])[is_long]
    return float(np.degrees(np.median(np.arctan2(along[:, 1], along[:, 0]))))


def count_cut_lines(found: FoundLines) -> int:
    """Return how many lines run into the picture's edge, or end right before it."""
    if not len(found):
        return 0
    near = EDGE_HEIGHTS * heights_of(found)[:, np.newaxis]
    low = found.corners.min(axis=1) <= near
    high = found.corners.max(axis=1) >= np.array([found.width, found.height]) - 1 - near
    return int((low | high).any(axis=1).sum())


def reaches_beyond(lines: Iterable[TextLine], title: TextLine) -> bool:
    """Return whether a card whose title stands in its middle, and whose lines begin at its left, ends outside."""
    return title.left + title.right - min(line.left for line in lines) > 1.0 + SLACK


def reading_order(found: FoundLines, *, with_feet: bool = False) -> list[int]:
    """Return the numbers of all lines: the tallest, which are titles, then fields, then others, then sentences.

    With feet the lowest lines come first too.
    """
    ratios = widths_of(found) / np.maximum(heights_of(found), 1)
    is_field = (ratios >= FIELD_LINE[0]) & (ratios <= FIELD_LINE[1])
    rank = np.where(ratios > VERY_LONG_LINE, 3, np.where(is_field, 1, 2))
    tallest = np.argsort(-heights_of(found))
    rank[[number for number in tallest if ratios[number] <= VERY_LONG_LINE][:TITLES]] = 0
    if with_feet:
        rank[np.argsort(-found.corners[..., 1].mean(axis=1))[:FEET]] = 0
    return [int(number) for number in np.argsort(rank, kind="stable")]


def paper_share(found: FoundLines) -> float:
    """Return the part of the picture's longer side that lines fill."""
    left, top, right, bottom = _span(found)
    return max((right - left) / found.width, (bottom - top) / found.height)


def paper_box(found: FoundLines, scale: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return rows and columns of the paper around its lines, in a picture of this scale and shape."""
    left, top, right, bottom = _span(found)
    margin = MARGIN * max(right - left, bottom - top)
    rows = slice(max(0, int((top - margin) * scale)), min(shape[0], int((bottom + margin) * scale)))
    columns = slice(max(0, int((left - margin) * scale)), min(shape[1], int((right + margin) * scale)))
    return rows, columns


def _span(found: FoundLines) -> tuple[float, float, float, float]:
    low, high = found.corners.min(axis=(0, 1)), found.corners.max(axis=(0, 1))
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
