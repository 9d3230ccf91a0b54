"""Several parts as one string of bytes that can be split in one way only."""

from __future__ import annotations


def framed(*parts: str | bytes) -> bytes:
    """Each part with its length before it, so that ("ab", "c") and ("a", "bc") differ."""
    pieces = []
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        pieces.append(len(raw).to_bytes(8, "big"))
        pieces.append(raw)
    return b"".join(pieces)
