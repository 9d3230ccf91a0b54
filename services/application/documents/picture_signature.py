"""The format of a file by its first bytes, whatever its sender calls it. An own look: the library `filetype` 1.2.0 does
not know ten-bit HEIC (brand `heix`) nor `mif1` without `heic` among its brands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from services.application.documents.unusable import NOT_A_PICTURE, Unusable
from services.application.picture_formats import FileFormat

SNIFFED_BYTES: Final = 1024
"""So many first bytes decide: a PDF may have other bytes before its head, which readers look for that far."""

_STARTS: Final = (
    (b"\xff\xd8\xff", FileFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", FileFormat.PNG),
    (b"II*\x00", FileFormat.TIFF),
    (b"MM\x00*", FileFormat.TIFF),
    (b"II+\x00", FileFormat.TIFF),
    (b"MM\x00+", FileFormat.TIFF),
)
_PDF_HEAD: Final = b"%PDF-"
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"mif2"}
)
_BRAND_BYTES: Final = 4
_FIRST_BRAND: Final = 8


def sniff(first_bytes: bytes) -> FileFormat | None:
    """Return the format that a file begins as, or None; `SNIFFED_BYTES` of it are enough."""
    head = first_bytes[:SNIFFED_BYTES]
    for start, file_format in _STARTS:
        if head.startswith(start):
            return file_format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FileFormat.WEBP
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    return FileFormat.PDF if _PDF_HEAD in head else None


async def refusing_strangers(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a file from its first byte on; refuses with `Unusable` as soon as the first bytes are no
    format that is taken, before the others have come."""
    head = b""
    async for piece in pieces:
        if len(head) < SNIFFED_BYTES:
            head += piece[: SNIFFED_BYTES - len(head)]
            if len(head) == SNIFFED_BYTES and sniff(head) is None:
                raise Unusable(NOT_A_PICTURE)
        yield piece


def _by_brands(head: bytes) -> FileFormat | None:
    """The format by the brands of the box `ftyp` (ISO/IEC 14496-12, 4.3): the major one and the compatible ones."""
    ends = int.from_bytes(head[:4], "big")
    box = head[_FIRST_BRAND:ends]
    brands = {box[at : at + _BRAND_BYTES] for at in range(0, len(box), _BRAND_BYTES)}
    if brands & _AVIF_BRANDS:
        return FileFormat.AVIF
    return FileFormat.HEIF if brands & _HEIF_BRANDS else None
