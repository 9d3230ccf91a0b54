"""Whether a picture shows anything: one tone, or noise, is no document. Nothing is read; what is doubtful passes."""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageStat

TONES_SIDE_PIXELS: Final = 64
LEAST_DEVIATION: Final = 9.0
"""Of the shades of a picture that is scaled to 64 x 64: measured on papers, one tone and noise. A white page with few
words has less, so marks are looked for there."""

MARKS_SIDE_PIXELS: Final = 512
LEAST_CONTRAST: Final = 24
"""Between the paper and a stroke that is half as wide as a pixel of the small picture."""

SPREADS: Final = 5
"""Noise reaches about three times its own spread (the middle half of all shades) and then no further."""

LEAST_MARKED_SHARE: Final = 0.0001
"""Of all pixels: a signature or one line of small print on a page."""

LINE_BANDS: Final = 4

GREY_OF_MISSING: Final = range(126, 131)
"""Of the values that libjpeg fills in where a picture breaks off."""

MISSING_SHARE: Final = 0.02
"""Of the rows: less hides nothing of a paper."""


def has_one_tone(picture: Image.Image) -> bool:
    """Whether nothing stands out: a white or black page, a cover before the lens, noise."""
    grey = picture.convert("L")
    tones = grey.resize((TONES_SIDE_PIXELS, TONES_SIDE_PIXELS), Image.Resampling.BOX)
    return ImageStat.Stat(tones).stddev[0] < LEAST_DEVIATION and not _has_marks(grey) and not _has_lines(grey)


def _has_marks(grey: Image.Image) -> bool:
    small = grey.copy()
    small.thumbnail((MARKS_SIDE_PIXELS, MARKS_SIDE_PIXELS), Image.Resampling.BOX, reducing_gap=None)
    counts = small.histogram()
    low, middle, high = (_shade_at(counts, part) for part in (0.25, 0.5, 0.75))
    far = max(LEAST_CONTRAST, SPREADS * (high - low))
    marked = sum(count for shade, count in enumerate(counts) if abs(shade - middle) > far)
    return marked >= LEAST_MARKED_SHARE * sum(counts)


def _has_lines(grey: Image.Image) -> bool:
    """Whether fine lines run along a quarter of the picture: close together they are one shade in a small picture,
    while noise is one shade along any line."""
    bands = (grey.width, LINE_BANDS), (LINE_BANDS, grey.height)
    return any(ImageStat.Stat(grey.resize(size, Image.Resampling.BOX)).stddev[0] >= LEAST_DEVIATION for size in bands)


def _shade_at(counts: list[int], part: float) -> int:
    """The shade that this part of all pixels does not exceed."""
    left = part * sum(counts)
    for shade, count in enumerate(counts):
        left -= count
        if left <= 0:
            return shade
    return len(counts) - 1


def rest_is_missing(decoded: Image.Image) -> bool:
    """Whether the lowest rows of a decoded JPEG are the grey of what did not come."""
    rows = max(1, round(decoded.height * MISSING_SHARE))
    lowest = decoded.crop((0, decoded.height - rows, decoded.width, decoded.height))
    return all(
        shade in GREY_OF_MISSING for band in lowest.split() for shade, count in enumerate(band.histogram()) if count
    )
