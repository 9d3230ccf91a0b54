"""Decoding one picture in little memory: what it needs is told from its header before a pixel is decoded.

Runs in a worker process (`services.application.documents.picture_worker`), so it imports nothing of the service but
the list of formats.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final

import filetype
from PIL import Image

from services.application.picture_formats import PICTURE_FORMATS

MOST_PIXELS: Final = 40_000_000
LEAST_SIDE_PIXELS: Final = 300
"""A card that is smaller than this cannot be read."""

LONGEST_KEPT_SIDE_PIXELS: Final = 3000
"""Larger pictures are scaled down: letters of a family card are sharp far below this."""

LONGEST_SHAPE: Final = 4.0
"""A picture longer than this many times its width shows no whole document: an officer looks at it."""

SHORTEST_SCALED_SIDE_PIXELS: Final = 1500
"""Down to this longest side a JPEG is divided further where it would need too much memory otherwise."""

WHOLE_PIXELS: Final = 12_500_000
"""Larger ones are halved before they are scaled: what phones call 12 megapixels (4,000 x 3,000) stays whole."""

LARGEST_DECODED_BYTES: Final = 100 * 1024 * 1024
"""Of the decoded pixels and what the decoder itself holds: a colour PNG of 20 megapixels, a progressive JPEG of 32; a
usual JPEG of 40 needs less than half of it, as it is decoded at a reduced scale. The process that decodes has 130 MiB
at most with it, as measured."""

JPEG_SCALES: Final = (1, 2, 4, 8)
"""By which a JPEG can be divided while it is decoded."""

JPEG_QUALITY: Final = 88
SNIFFED_BYTES: Final = 512
TYPE_LIES: Final = "type_is_not_as_declared"
NOT_A_PICTURE: Final = "not_a_picture"
TOO_MANY_PIXELS: Final = "too_many_pixels"
TOO_MUCH_MEMORY: Final = "too_much_memory"
TOO_SMALL: Final = "too_small"
BROKEN: Final = "broken_picture"
ODD_SHAPE: Final = "odd_shape"

_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PIXEL_BYTES: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2}
_LARGEST_PIXEL_BYTES: Final = 4
"""Pillow keeps a pixel of any mode with more than one channel in four bytes."""

_COEFFICIENT_BYTES: Final = 2

# Pillow refuses only beyond twice its limit and warns below; `decode` refuses all that is over the limit itself.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class Unusable(Exception):
    """The upload is no usable picture, for the coded reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Decoded:
    """The picture as JPEG, upright, at most `LONGEST_KEPT_SIDE_PIXELS` long and without metadata."""

    content: bytes = field(repr=False)
    width: int
    height: int
    flags: tuple[str, ...] = ()


def decode(content: bytes, media_type: str, least_side_pixels: int = LEAST_SIDE_PIXELS) -> Decoded:
    """Return the picture, decoded and re-encoded.

    Raises:
        Unusable: it lies about its type, is broken, too small or too large, or needs more memory than is allowed.
    """
    refuse_lie(content, media_type)
    try:
        with Image.open(io.BytesIO(content), formats=(PICTURE_FORMATS[media_type],)) as opened:
            return _written_anew(opened, content, least_side_pixels)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unusable(TOO_MANY_PIXELS) from None
    except MemoryError:
        raise Unusable(TOO_MUCH_MEMORY) from None
    except (OSError, SyntaxError, ValueError, ZeroDivisionError, EOFError):
        raise Unusable(BROKEN) from None


def refuse_lie(content: bytes, media_type: str) -> None:
    """Nothing if the first bytes are of the declared type; else `Unusable`."""
    found = filetype.guess_mime(content[:SNIFFED_BYTES])
    if found not in PICTURE_FORMATS:
        raise Unusable(NOT_A_PICTURE)
    if found != media_type:
        raise Unusable(TYPE_LIES)


def jpeg_scale(width: int, height: int) -> int:
    """By how much a JPEG is divided while decoding: as much as leaves the longest side that is kept, and enough to
    leave `WHOLE_PIXELS` at most."""
    longest = max(width, height)
    fitting = [scale for scale in JPEG_SCALES if longest // scale >= LONGEST_KEPT_SIDE_PIXELS] or [1]
    small = [scale for scale in JPEG_SCALES if (width // scale) * (height // scale) <= WHOLE_PIXELS]
    return max(fitting[-1], small[0] if small else JPEG_SCALES[-1])


def memory_needed(picture: Image.Image, content: bytes, scale: int) -> int:
    """Bytes that decoding takes: the pixels at the reduced scale, the half-sized copy of a picture that is halved, and
    all coefficients of a JPEG with several scans."""
    pixels = -(-picture.width // scale) * -(-picture.height // scale)
    needed = pixels * _PIXEL_BYTES.get(picture.mode, _LARGEST_PIXEL_BYTES)
    if pixels > WHOLE_PIXELS:
        needed += needed // 4
    if picture.format == "JPEG" and has_several_scans(content):
        needed += _coefficients(picture) * _COEFFICIENT_BYTES
    return needed


def has_several_scans(content: bytes) -> bool:
    """Whether a JPEG is progressive, or its first scan leaves components to later ones: then the decoder holds the
    coefficients of the whole picture at once."""
    at, components = 2, 0
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == 0xDA:
            return at + 4 < len(content) and content[at + 4] < components
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if marker not in (0xC0, 0xC1):
                return True
            components = content[at + 9] if at + 9 < len(content) else 0
        at += 2 + length
    return False


def _coefficients(picture: Image.Image) -> int:
    layers = getattr(picture, "layer", None) or []
    widest, highest = max((layer[1] for layer in layers), default=1), max((layer[2] for layer in layers), default=1)
    shares: list[float] = [layer[1] * layer[2] / (widest * highest) for layer in layers]
    return round(picture.width * picture.height * (sum(shares) if shares else _LARGEST_PIXEL_BYTES))


def _written_anew(opened: Image.Image, content: bytes, least_side_pixels: int) -> Decoded:
    if opened.width * opened.height > MOST_PIXELS:
        raise Unusable(TOO_MANY_PIXELS)
    if min(opened.size) < least_side_pixels:
        raise Unusable(TOO_SMALL)
    scale = _affordable_scale(opened, content)
    turn = _TURNS.get(_orientation(opened))
    if scale > 1:
        # in the picture's own proportions: Pillow takes the smaller of the two quotients
        opened.draft(None, (opened.width // scale, opened.height // scale))
    opened.load()
    plain = _small(opened)
    if turn is not None:
        plain = plain.transpose(turn)
    written = io.BytesIO()
    plain.save(written, "JPEG", quality=JPEG_QUALITY)
    odd = max(plain.size) > LONGEST_SHAPE * min(plain.size)
    return Decoded(written.getvalue(), plain.width, plain.height, flags=(ODD_SHAPE,) if odd else ())


def _affordable_scale(opened: Image.Image, content: bytes) -> int:
    """By how much the picture is divided while decoding; refuses with `Unusable` what needs too much memory anyhow."""
    scale = jpeg_scale(opened.width, opened.height) if opened.format == "JPEG" else 1
    while memory_needed(opened, content, scale) > LARGEST_DECODED_BYTES:
        scale *= 2
        can_be_divided = opened.format == "JPEG" and scale <= JPEG_SCALES[-1]
        if not can_be_divided or max(opened.size) // scale < SHORTEST_SCALED_SIDE_PIXELS:
            raise Unusable(TOO_MUCH_MEMORY)
    return scale


def _small(picture: Image.Image) -> Image.Image:
    """The picture in RGB, scaled down. It is emptied: what it held would lie beside each step's result."""
    longest = (LONGEST_KEPT_SIDE_PIXELS, LONGEST_KEPT_SIDE_PIXELS)
    small = picture
    if picture.width * picture.height > WHOLE_PIXELS and picture.mode not in ("1", "P"):
        small = picture.reduce(2)
        picture.im = small.im
    small.thumbnail(longest)
    return small if small.mode == "RGB" else small.convert("RGB")


def _orientation(opened: Image.Image) -> int:
    """How the picture lies, 1 for upright; other entries of its metadata are never looked at."""
    try:
        found = opened.getexif().get(_ORIENTATION, 1)
    except Exception:  # broken metadata: Pillow lets struct.error, TypeError, SyntaxError and others through
        return 1
    return found if isinstance(found, int) else 1
