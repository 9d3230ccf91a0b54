"""Formats of uploads that are taken, by the media types that callers declare, and the limits that are told before.

The declared type only says what a caller wants to send; the bytes say what a file is (`documents.picture_signature`).
A new format is a member here, a signature there, and a way to open it in `documents.file_pages`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class FileFormat(StrEnum):
    """Formats of pictures and scans."""

    JPEG = "JPEG"
    PNG = "PNG"
    HEIF = "HEIF"
    AVIF = "AVIF"
    WEBP = "WEBP"
    TIFF = "TIFF"
    PDF = "PDF"


MEDIA_TYPES: Final[Mapping[str, FileFormat]] = {
    "image/jpeg": FileFormat.JPEG,
    "image/png": FileFormat.PNG,
    "image/heic": FileFormat.HEIF,
    "image/heif": FileFormat.HEIF,
    "image/avif": FileFormat.AVIF,
    "image/webp": FileFormat.WEBP,
    "image/tiff": FileFormat.TIFF,
    "application/pdf": FileFormat.PDF,
}

ANY_BYTES: Final = "application/octet-stream"
"""Declared by programs that do not know what they send, such as browsers with a HEIC file: taken as well."""

MOST_PAGES: Final = 10
"""Of one file; the papers that are asked for have at most a few."""

LEAST_SIDE_PIXELS: Final = 300
"""A card that is smaller than this cannot be read."""

MOST_PIXELS: Final = 200_000_000
"""As the largest cameras of phones make them; a JPEG of that size is decoded at a reduced scale in a few seconds."""

PIXELS_TAKEN: Final[Mapping[FileFormat, int]] = {
    FileFormat.JPEG: MOST_PIXELS,
    FileFormat.PNG: 20_000_000,
    FileFormat.HEIF: 12_500_000,
    FileFormat.AVIF: 10_000_000,
    FileFormat.WEBP: 6_500_000,
    FileFormat.TIFF: 7_000_000,
    FileFormat.PDF: 20_000_000,
}
"""So many pixels fit into the memory of the process that decodes, whatever is in the picture; of a PDF, all pictures of
one page together. More are taken where a picture needs less, as grey and black-and-white scans do. Only a JPEG in
several scans (progressive) needs more than told here: 14 million are always taken."""


def is_taken(media_type: str) -> bool:
    """Whether a file may be announced under this media type."""
    return media_type in MEDIA_TYPES or media_type == ANY_BYTES
