"""Watching what changes: one look for all, nothing twice, and who comes back is not told what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from shared.clock import ManualClock
from shared.errors import NotFound
from shared.http import events_stream
from shared.http.events_stream import MOST_KEPT, Watching, event_id_of


class Number(BaseModel):
    called: int


class Board:
    """Something that changes and counts how often it is looked at."""

    def __init__(self) -> None:
        self.called = 1
        self.looks = 0

    async def look(self) -> Number:
        self.looks += 1
        await asyncio.sleep(0)
        return Number(called=self.called)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))


def watch(watching: Watching, board: Board, last: str | None = None, seconds: float = 5.0) -> AsyncIterator[bytes]:
    return watching.events("board", board.look, event="call", last_event_id=last, longest_seconds=seconds)


async def following(stream: AsyncIterator[bytes], clock: ManualClock) -> bytes | None:
    """The next event, while time goes by."""
    waiting = asyncio.ensure_future(anext(stream, None))
    while not waiting.done():
        for _ in range(5):
            await asyncio.sleep(0)
        if not waiting.done():
            clock.advance(1)
    return waiting.result()


async def test_the_present_state_comes_first_and_then_only_what_changed(clock: ManualClock) -> None:
    watching, board = Watching(clock), Board()
    stream = watch(watching, board)
    assert await following(stream, clock) == b"retry: 3000\n\n"
    first = await following(stream, clock)
    assert first is not None and b'"called":1' in first and b"event: call" in first
    board.called = 2
    second = await following(stream, clock)
    assert second is not None and b'"called":2' in second
    assert await following(stream, clock) is None


async def test_who_comes_back_is_told_what_is_new(clock: ManualClock) -> None:
    watching, board = Watching(clock), Board()
    stream = watch(watching, board, last=event_id_of(Number(called=1)))
    await following(stream, clock)
    board.called = 2
    told = await following(stream, clock)
    assert told is not None and b'"called":2' in told


async def test_one_look_serves_all_who_watch(clock: ManualClock) -> None:
    watching, board = Watching(clock), Board()
    seen = await asyncio.gather(*(watching.seen("board", board.look) for _ in range(50)))
    assert board.looks == 1 and len({each.event_id for each in seen}) == 1
    await watching.seen("board", board.look)
    assert board.looks == 1
    clock.advance(1)
    await watching.seen("board", board.look)
    assert board.looks == 2


async def test_a_refusal_is_not_kept(clock: ManualClock) -> None:
    async def gone() -> Number:
        raise NotFound

    watching, board = Watching(clock), Board()
    with pytest.raises(NotFound):
        await watching.seen("board", gone)
    assert (await watching.seen("board", board.look)).data == Number(called=1)


async def test_what_is_kept_is_bounded(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_KEPT == 1000
    monkeypatch.setattr(events_stream, "MOST_KEPT", 2)
    watching, board = Watching(clock), Board()
    for key in range(5):
        await watching.seen(key, board.look)
    assert len(watching._kept) <= 2
