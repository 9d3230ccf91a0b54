"""The chunks of a PNG (ISO/IEC 15948), read without decoding a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SIGNATURE_BYTES: Final = 8
_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"IDAT", b"IEND"})
"""The parts that decide how the picture looks; texts, times, camera data and later frames are left out."""

_DEPTH_AT: Final = 24
_TYPE_AT: Final = 25
_WITHOUT_PALETTE_OR_ALPHA: Final = (0, 2)
_USUAL_GAMMA: Final = 45_455
"""Of sRGB, in 1/100,000."""

_NEAR_USUAL: Final = 2_300


@dataclass(frozen=True)
class Chunk:
    """A chunk by its places in the file."""

    name: bytes
    start: int
    end: int


def read_chunks(content: bytes) -> Iterator[Chunk]:
    """Yield the chunks up to the last whole one."""
    at = _SIGNATURE_BYTES
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        yield Chunk(content[at + 4 : at + 8], at, end)
        at = end


def bare_png(content: bytes) -> bytes:
    """The same picture without texts, which Pillow refuses when they are long, and of an animation the first frame."""
    chunks = (content[chunk.start : chunk.end] for chunk in read_chunks(content) if chunk.name in _KEPT)
    return content[:_SIGNATURE_BYTES] + b"".join(chunks)


def value_depth(content: bytes) -> int:
    """Bits of a value of grey or of a colour; 8 with a palette or alpha, where it does not matter."""
    is_plain = len(content) > _TYPE_AT and content[_TYPE_AT] in _WITHOUT_PALETTE_OR_ALPHA
    return content[_DEPTH_AT] if is_plain else 8


def exif_of(content: bytes) -> bytes:
    """The camera's own notes, wherever it stands; nothing where it is not there."""
    found = [content[chunk.start + 8 : chunk.end - 4] for chunk in read_chunks(content) if chunk.name == b"eXIf"]
    return found[0] if found else b""


def gamma_to_apply(content: bytes) -> float | None:
    """The exponent of the file's values where it is another one than a screen's; None too where a profile or the chunk
    sRGB says how colours are meant."""
    found = {chunk.name: chunk for chunk in read_chunks(content) if chunk.name in (b"gAMA", b"sRGB", b"iCCP")}
    if set(found) != {b"gAMA"}:
        return None
    value = int.from_bytes(content[found[b"gAMA"].start + 8 : found[b"gAMA"].start + 12], "big")
    return None if value == 0 or abs(value - _USUAL_GAMMA) <= _NEAR_USUAL else value / 100_000
