"""The eye for pictures: what an upload is, decoded under guard in a thread, written anew without metadata."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import Final

import filetype
from PIL import Image, ImageOps

from services.application.service.ports import Inspected, PictureRefused

FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG"}
MOST_PIXELS: Final = 40_000_000
LEAST_SIDE_PIXELS: Final = 300
"""A card that is smaller than this cannot be read."""

LONGEST_KEPT_SIDE_PIXELS: Final = 3000
"""Larger pictures are scaled down: letters of a family card are sharp far below this."""

LONGEST_SHAPE: Final = 4.0
"""A picture longer than this many times its width shows no whole document: an officer looks at it."""

JPEG_QUALITY: Final = 88
SNIFFED_BYTES: Final = 512
TYPE_LIES: Final = "type_is_not_as_declared"
NOT_A_PICTURE: Final = "not_a_picture"
TOO_MANY_PIXELS: Final = "too_many_pixels"
TOO_SMALL: Final = "too_small"
BROKEN: Final = "broken_picture"
ODD_SHAPE: Final = "odd_shape"

# Pillow refuses only beyond twice its limit and warns below; `_written_anew` refuses all that is over the limit itself,
# from the header, before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


@dataclass(frozen=True)
class PictureInspector:
    """The `Inspector` that decodes with Pillow; the caller limits how many run at once."""

    least_side_pixels: int = LEAST_SIDE_PIXELS

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        """The picture; refuses with `PictureRefused`."""
        return await asyncio.to_thread(self.look_at, content, media_type)

    def look_at(self, content: bytes, media_type: str) -> Inspected:
        """As `inspect`, in the calling thread."""
        refuse_lie(content, media_type)
        try:
            with Image.open(io.BytesIO(content), formats=(FORMATS[media_type],)) as opened:
                return self._written_anew(opened)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise PictureRefused(TOO_MANY_PIXELS) from None
        except (OSError, SyntaxError, ValueError, ZeroDivisionError, EOFError):
            raise PictureRefused(BROKEN) from None

    def _written_anew(self, opened: Image.Image) -> Inspected:
        if opened.width * opened.height > MOST_PIXELS:
            raise PictureRefused(TOO_MANY_PIXELS)
        if min(opened.size) < self.least_side_pixels:
            raise PictureRefused(TOO_SMALL)
        opened.draft("RGB", (LONGEST_KEPT_SIDE_PIXELS, LONGEST_KEPT_SIDE_PIXELS))
        opened.load()
        upright = ImageOps.exif_transpose(opened)
        upright.thumbnail((LONGEST_KEPT_SIDE_PIXELS, LONGEST_KEPT_SIDE_PIXELS))
        plain = upright.convert("RGB")
        written = io.BytesIO()
        plain.save(written, "JPEG", quality=JPEG_QUALITY)
        odd = max(plain.size) > LONGEST_SHAPE * min(plain.size)
        return Inspected(written.getvalue(), "image/jpeg", plain.width, plain.height, flags=(ODD_SHAPE,) if odd else ())


def refuse_lie(content: bytes, media_type: str) -> None:
    """Nothing if the first bytes are of the declared type; else `PictureRefused`."""
    found = filetype.guess_mime(content[:SNIFFED_BYTES])
    if found not in FORMATS:
        raise PictureRefused(NOT_A_PICTURE)
    if found != media_type:
        raise PictureRefused(TYPE_LIES)
