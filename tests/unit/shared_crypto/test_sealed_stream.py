"""Streams that one recipient opens: whole, in order, to their end, or not at all."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from shared.crypto.chunks import CHUNK_PLAIN_BYTES
from shared.crypto.sealed import CannotUnseal, SealedBox, Unsealer, new_keypair
from shared.crypto.sealed_stream import LONGEST_BOX_BYTES, SEALED_CHUNK_BYTES, StreamOpener, StreamSealer

PAIR, OTHER = new_keypair(), new_keypair()
SEALER = StreamSealer(SealedBox.for_recipient(PAIR.public_key_b64))
OPENER = StreamOpener(Unsealer.parse(PAIR.private_key_b64))
WHERE = "2026000000000001/d-ktp"


async def pieces(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def sealed(content: bytes, bound_to: str = WHERE, sealer: StreamSealer = SEALER) -> bytes:
    return b"".join([piece async for piece in sealer.seal(pieces(content), bound_to)])


async def opened(stream: bytes, bound_to: str = WHERE, size: int = 100_000) -> bytes:
    return b"".join([piece async for piece in OPENER.open(pieces(stream, size), bound_to)])


@pytest.mark.parametrize(
    "length", [0, 1, CHUNK_PLAIN_BYTES - 1, CHUNK_PLAIN_BYTES, CHUNK_PLAIN_BYTES + 1, 2 * CHUNK_PLAIN_BYTES]
)
@pytest.mark.parametrize("size", [7_001, 1_000_000])
async def test_bytes_come_back_in_whatever_pieces_they_travel(length: int, size: int) -> None:
    content = os.urandom(length)
    assert await opened(await sealed(content), size=size) == content


async def test_a_stream_shows_nothing_of_its_content_and_two_are_never_alike() -> None:
    content = b"3174014502900001" * 100
    first, second = await sealed(content), await sealed(content)
    assert content[:16] not in first and first.partition(b"\n")[0] != second.partition(b"\n")[0]


async def test_what_is_bound_elsewhere_or_is_for_somebody_else_does_not_open() -> None:
    with pytest.raises(CannotUnseal):
        await opened(await sealed(b"picture"), "2026000000000001/d-family_card")
    others = StreamSealer(SealedBox.for_recipient(OTHER.public_key_b64))
    with pytest.raises(CannotUnseal):
        await opened(await sealed(b"picture", sealer=others))


async def test_a_stream_that_was_changed_cut_off_or_turned_round_does_not_open() -> None:
    stream = await sealed(os.urandom(2 * CHUNK_PLAIN_BYTES + 10))
    box, _, chunks = stream.partition(b"\n")
    head = box + b"\n"
    first, second = chunks[:SEALED_CHUNK_BYTES], chunks[SEALED_CHUNK_BYTES : 2 * SEALED_CHUNK_BYTES]
    last = chunks[2 * SEALED_CHUNK_BYTES :]
    flipped = bytes([first[20] ^ 1])
    for spoilt in (
        head + first[:20] + flipped + first[21:] + second + last,
        head + second + first + last,
        head + first + second,
        head + first + last,
        head + chunks[:-1],
        head,
    ):
        with pytest.raises(CannotUnseal):
            await opened(spoilt)


@pytest.mark.parametrize("stream", [b"", b"no line", b"x" * (LONGEST_BOX_BYTES + 1) + b"\n", b"\xff\n", b"a.b\n"])
async def test_what_does_not_begin_with_a_box_is_refused(stream: bytes) -> None:
    with pytest.raises(CannotUnseal):
        await opened(stream)
