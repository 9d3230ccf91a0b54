"""Sealed streams: bytes of any length that only the holder of a private key opens, read and written piece by piece.

The first line is a sealed box (:mod:`shared.crypto.sealed`) with the key of this one stream. The rest are chunks of
`CHUNK_PLAIN_BYTES`, the last one shorter: 12 bytes nonce, ciphertext, 16 bytes tag, AES-256-GCM. Each chunk knows its
place and if it is the last (:mod:`shared.crypto.chunks`), so that none can be changed, moved, repeated or left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

from shared.crypto.chunks import CHUNK_OVERHEAD_BYTES, CHUNK_PLAIN_BYTES, ChunkCipher, new_data_key
from shared.crypto.errors import CannotDecrypt
from shared.crypto.sealed import CannotUnseal, SealedBox, Unsealer

LONGEST_BOX_BYTES: Final = 400
"""The first line: a box of 32 bytes is half as long."""

SEALED_CHUNK_BYTES: Final = CHUNK_PLAIN_BYTES + CHUNK_OVERHEAD_BYTES


class StreamSealer:
    """Seals streams to one recipient; never holds more than two chunks."""

    def __init__(self, recipient: SealedBox) -> None:
        self._recipient = recipient

    async def seal(self, pieces: AsyncIterable[bytes], bound_to: str) -> AsyncIterator[bytes]:
        """Yield the sealed stream of what ``pieces`` yield; it opens only with the same ``bound_to``."""
        data_key = new_data_key()
        yield self._recipient.seal(data_key, bound_to).encode() + b"\n"
        cipher, index = ChunkCipher(data_key, bound_to), 0
        async for chunk, is_last in _in_chunks(pieces, CHUNK_PLAIN_BYTES):
            yield cipher.seal(chunk, index=index, last=is_last)
            index += 1


class StreamOpener:
    """Opens streams with the private keys of an `Unsealer`; never holds more than two chunks."""

    def __init__(self, unsealer: Unsealer) -> None:
        self._unsealer = unsealer

    async def open(self, pieces: AsyncIterable[bytes], bound_to: str) -> AsyncIterator[bytes]:
        """Yield the plain bytes, each chunk once it is proven to be the sealer's.

        Raises:
            CannotUnseal: it was changed, cut off or moved, is for another key, or was sealed with another ``bound_to``.
        """
        rest = _Rest(pieces)
        box = await rest.first_line(LONGEST_BOX_BYTES)
        cipher, index = ChunkCipher(self._unsealer.open(box, bound_to), bound_to), 0
        async for chunk, is_last in _in_chunks(rest, SEALED_CHUNK_BYTES):
            try:
                yield cipher.open(chunk, index=index, last=is_last)
            except CannotDecrypt:
                raise CannotUnseal("a chunk was changed, moved or cut off") from None
            index += 1


class _Rest:
    """Pieces whose first line can be taken off."""

    def __init__(self, pieces: AsyncIterable[bytes]) -> None:
        self._pieces = aiter(pieces)
        self._kept = b""

    async def first_line(self, longest: int) -> str:
        while b"\n" not in self._kept and len(self._kept) <= longest:
            piece = await anext(self._pieces, None)
            if piece is None:
                break
            self._kept += piece
        line, end, self._kept = self._kept.partition(b"\n")
        if not end or len(line) > longest or not line.isascii():
            raise CannotUnseal("the stream does not begin with a box")
        return line.decode()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._kept
        async for piece in self._pieces:
            yield piece


async def _in_chunks(pieces: AsyncIterable[bytes], size: int) -> AsyncIterator[tuple[bytes, bool]]:
    """Yield chunks of one size, and the rest as the last one, which is empty only where everything is."""
    kept = bytearray()
    async for piece in pieces:
        kept += piece
        while len(kept) > size:
            yield bytes(kept[:size]), False
            del kept[:size]
    yield bytes(kept), True
