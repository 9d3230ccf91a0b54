"""Decoding one upload in little memory, into pages as they are kept: upright JPEG in sRGB without metadata.

Runs in a worker process, so it imports nothing of the service but the list of formats.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from PIL import Image

from services.application.documents.display_p3 import named_profile
from services.application.documents.file_pages import FilePage, open_pages
from services.application.documents.picture_colours import flatten, to_srgb
from services.application.documents.picture_memory import LONGEST_KEPT_SIDE_PIXELS, affordable_scale
from services.application.documents.picture_signature import sniff
from services.application.documents.picture_tones import has_one_tone, rest_is_missing
from services.application.documents.unusable import (
    BROKEN,
    ODD_SHAPE,
    ONE_TONE,
    REST_IS_MISSING,
    TOO_MANY_PIXELS,
    TOO_MUCH_MEMORY,
    TOO_SMALL,
    Unusable,
)
from services.application.picture_formats import LEAST_SIDE_PIXELS, MOST_PIXELS

__all__ = [
    "LEAST_SIDE_PIXELS",
    "LONGEST_KEPT_SIDE_PIXELS",
    "MOST_PIXELS",
    "TOO_MUCH_MEMORY",
    "Decoded",
    "Unusable",
    "decode_pages",
]

LONGEST_SHAPE: Final = 4.0
"""A picture longer than this many times its width shows no whole document: an officer looks at it."""

JPEG_QUALITY: Final = 88
BROKEN_FILES: Final = (OSError, SyntaxError, ValueError, EOFError, ZeroDivisionError, RuntimeError)
"""Errors that Pillow, pillow-heif and pypdfium2 are known to raise at files that break off or contradict themselves."""

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow refuses only beyond twice its limit and warns below; `_refuse_size` refuses all that is over the limit itself.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


@dataclass(frozen=True)
class Decoded:
    """A page as JPEG, upright, at most `LONGEST_KEPT_SIDE_PIXELS` long and without metadata."""

    content: bytes = field(repr=False)
    width: int
    height: int
    flags: tuple[str, ...] = ()


def decode_pages(content: bytes, least_side_pixels: int = LEAST_SIDE_PIXELS) -> tuple[Decoded, ...]:
    """Return the pages of a file in their order, at least one, each with flags for an officer.

    A page of one tone is flagged among others, as scanners write backs of sheets; a file with nothing else is refused.

    Raises:
        Unusable: it is none of the formats, locked, broken, too small or too large, shows nothing, has too many pages
            or needs more memory than is allowed.

    Other errors of decoders come through: the pool counts it, and the picture is refused as a broken one.
    """
    try:
        pages = tuple(_kept_pages(content, least_side_pixels))
    except Unusable:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unusable(TOO_MANY_PIXELS) from None
    except MemoryError:
        raise Unusable(TOO_MUCH_MEMORY) from None
    except BROKEN_FILES as trouble:
        ran_out = "memory" in str(trouble).lower()
        raise Unusable(TOO_MUCH_MEMORY if ran_out else BROKEN) from None
    if all(ONE_TONE in page.flags for page in pages):
        raise Unusable(ONE_TONE)
    return pages


def _kept_pages(content: bytes, least_side_pixels: int) -> Iterator[Decoded]:
    for page in open_pages(content, sniff(content)):
        yield _kept(page, content, least_side_pixels)


def _kept(page: FilePage, content: bytes, least_side_pixels: int) -> Decoded:
    picture = page.picture
    _refuse_size(picture, least_side_pixels)
    scale = affordable_scale(picture, content)
    if scale > 1:
        # in the picture's own proportions: Pillow takes the smaller of the two quotients
        picture.draft(None, (picture.width // scale, picture.height // scale))
    picture.load()
    is_cut = picture.format == "JPEG" and rest_is_missing(picture)
    if is_cut and page.lacks_end:
        raise Unusable(BROKEN)
    page.picture = picture = _without_decoder(picture)
    profile = picture.info.get("icc_profile") or named_profile(picture.info.get("nclx_profile"))
    shown = to_srgb(_shrunk(page), profile, page.values)
    turn = _TURNS.get(page.orientation)
    upright = shown if turn is None else shown.transpose(turn)
    decoded = _written(upright)
    return replace(decoded, flags=(*decoded.flags, REST_IS_MISSING)) if is_cut or page.lacks_scans else decoded


def _refuse_size(picture: Image.Image, least_side_pixels: int) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        raise Unusable(TOO_MANY_PIXELS)
    if min(picture.size) < least_side_pixels:
        raise Unusable(TOO_SMALL)


def _without_decoder(picture: Image.Image) -> Image.Image:
    """The decoded pixels alone: what the decoder holds beside them is given back."""
    return picture._new(picture.im)


def _shrunk(page: FilePage) -> Image.Image:
    """The page on white paper, scaled down."""
    flat = flatten(page.picture, page.values)
    if flat is not page.picture:
        page.picture.close()
    flat.thumbnail((LONGEST_KEPT_SIDE_PIXELS, LONGEST_KEPT_SIDE_PIXELS))
    return flat


def _written(upright: Image.Image) -> Decoded:
    flags = []
    if has_one_tone(upright):
        flags.append(ONE_TONE)
    if max(upright.size) > LONGEST_SHAPE * min(upright.size):
        flags.append(ODD_SHAPE)
    written = io.BytesIO()
    upright.save(written, "JPEG", quality=JPEG_QUALITY)
    return Decoded(written.getvalue(), upright.width, upright.height, tuple(flags))
