"""The memory that decoding a picture takes, told from its head before a pixel is decoded. Measured on a worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PIL import Image

from services.application.documents.jpeg_structure import has_several_scans
from services.application.documents.unusable import TOO_MUCH_MEMORY, Unusable

LONGEST_KEPT_SIDE_PIXELS: Final = 3000
"""Larger pictures are scaled down: letters of a family card are sharp far below this."""

SHORTEST_SCALED_SIDE_PIXELS: Final = 1500
"""Down to this longest side a JPEG is divided further where it would need too much memory otherwise."""

WHOLE_PIXELS: Final = 12_500_000
"""Larger ones are halved before they are scaled: what phones call 12 megapixels (4,000 x 3,000) stays whole."""

LARGEST_DECODED_BYTES: Final = 100 * 1024 * 1024
"""Of the decoded pixels and what the decoder itself holds: a colour PNG of 20 megapixels, a progressive JPEG of 32; a
usual JPEG of 40 needs less than half of it, as it is decoded at a reduced scale."""

JPEG_SCALES: Final = (1, 2, 4, 8)
"""By which a JPEG can be divided while it is decoded."""

PIXEL_BYTES: Final[Mapping[str, int]] = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}
LARGEST_PIXEL_BYTES: Final = 4
"""Pillow keeps a pixel of any mode with more than one channel in four bytes."""

DECODER_BYTES: Final[Mapping[str, int]] = {"HEIF": 4, "AVIF": 6, "WEBP": 12}
"""For each pixel, what the decoders of these formats hold beside Pillow's own pixels."""

_COEFFICIENT_BYTES: Final = 2
_BITS_OF_VALUES, _ORIENTATION, _ROWS_OF_STRIP = 258, 274, 278
"""Tags of a TIFF."""

_FEW_FLAT_MODES: Final = ("1", "L", "I;16", "I;16B", "LA", "La")


def jpeg_scale(width: int, height: int) -> int:
    """By how much a JPEG is divided while decoding: as much as leaves the longest side that is kept, and enough to
    leave `WHOLE_PIXELS` at most."""
    longest = max(width, height)
    fitting = [scale for scale in JPEG_SCALES if longest // scale >= LONGEST_KEPT_SIDE_PIXELS] or [1]
    small = [scale for scale in JPEG_SCALES if (width // scale) * (height // scale) <= WHOLE_PIXELS]
    return max(fitting[-1], small[0] if small else JPEG_SCALES[-1])


def reduction(width: int, height: int) -> int:
    """By how much decoded pixels are divided at once, before they are scaled: enough to leave `WHOLE_PIXELS`."""
    by = 1
    while (width // by) * (height // by) > WHOLE_PIXELS:
        by += 1
    return by


def memory_needed(picture: Image.Image, content: bytes, scale: int = 1) -> int:
    """Bytes that decoding takes: the pixels at the reduced scale, what the decoder holds, the copy that is divided or
    laid on white, and all coefficients of a JPEG with several scans."""
    width, height = -(-picture.width // scale), -(-picture.height // scale)
    pixels = width * height
    needed = pixels * (PIXEL_BYTES.get(picture.mode, LARGEST_PIXEL_BYTES) + DECODER_BYTES.get(picture.format or "", 0))
    if picture.format == "TIFF":
        needed += _tiff_bytes(picture)
    by = reduction(width, height)
    if by > 1:
        flat = 1 if picture.mode in _FEW_FLAT_MODES else LARGEST_PIXEL_BYTES
        needed += pixels * flat // (by * by)
    if picture.format == "JPEG" and has_several_scans(content):
        needed += _coefficients(picture) * _COEFFICIENT_BYTES
    return needed


def affordable_scale(picture: Image.Image, content: bytes) -> int:
    """By how much the picture is divided while decoding; refuses with `Unusable` what needs too much memory anyhow."""
    is_jpeg = picture.format == "JPEG"
    scale = jpeg_scale(picture.width, picture.height) if is_jpeg else 1
    while memory_needed(picture, content, scale) > LARGEST_DECODED_BYTES:
        scale *= 2
        can_be_divided = is_jpeg and scale <= JPEG_SCALES[-1]
        if not can_be_divided or max(picture.size) // scale < SHORTEST_SCALED_SIDE_PIXELS:
            raise Unusable(TOO_MUCH_MEMORY)
    return scale


def webp_size(content: bytes) -> tuple[int, int] | None:
    """Width and height by the head of a WebP (RFC 9649, 2.5 to 2.7): its decoder takes the memory when it is opened."""
    kind, data = content[12:16], content[20:30]
    if len(data) < 10:
        return None
    if kind == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF
    return None


def refuse_large(width: int, height: int, pixel_bytes: int) -> None:
    """Refuse with `Unusable` what takes more than it may, where the memory is taken when a file is opened."""
    if width * height * pixel_bytes > LARGEST_DECODED_BYTES:
        raise Unusable(TOO_MUCH_MEMORY)


def _tiff_bytes(picture: Image.Image) -> int:
    """Of the strip that is unpacked at a time, maybe the whole picture, and of the copy that is turned upright."""
    tags = getattr(picture, "tag_v2", {})
    rows = tags.get(_ROWS_OF_STRIP, picture.height)
    pixels = picture.width * picture.height
    strip = pixels * min(rows, picture.height) // picture.height if isinstance(rows, int) else pixels
    turned = pixels * PIXEL_BYTES.get(picture.mode, LARGEST_PIXEL_BYTES) if tags.get(_ORIENTATION, 1) != 1 else 0
    return int(strip * sum(tags.get(_BITS_OF_VALUES, (1,))) // 8 + turned)


def _coefficients(picture: Image.Image) -> int:
    layers = getattr(picture, "layer", None) or []
    widest, highest = max((layer[1] for layer in layers), default=1), max((layer[2] for layer in layers), default=1)
    shares: list[float] = [layer[1] * layer[2] / (widest * highest) for layer in layers]
    return round(picture.width * picture.height * (sum(shares) if shares else LARGEST_PIXEL_BYTES))
