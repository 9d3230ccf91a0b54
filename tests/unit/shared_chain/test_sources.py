"""A source by time reads pages of one size, however many documents are of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.chain import TimedSource
from shared.chain.feed import PAGE
from shared.store.kinds import Index, Kind, Record
from shared.store.memory import MemoryStore
from tests.unit.shared_chain.world import NOTE, T0, Note, World, facts_of

LATER = T0 + timedelta(hours=1)


class Counting(MemoryStore):
    """Remembers how many documents each find gave."""

    def __init__(self) -> None:
        super().__init__("test")
        self.given: list[int] = []

    async def find(self, *given: Any, **named: Any) -> list[Record[Any]]:
        found: list[Record[Any]] = await super().find(*given, **named)
        self.given.append(len(found))
        return found


async def filled(moments: Sequence[tuple[datetime, int]]) -> Counting:
    store, number = Counting(), 0
    for at, count in moments:
        for _ in range(count):
            number += 1
            await store.insert(NOTE, f"note-{number:05d}", Note(at, "author", number), now=at)
    return store


def source_of(store: MemoryStore) -> TimedSource[Note]:
    return TimedSource(store, NOTE, "order", "state.at", facts_of)


async def read_all(store: MemoryStore, limit: int, *, before: datetime = LATER) -> list[list[str]]:
    source, pages, after = source_of(store), [], None
    while True:
        page = await source.read(T0, before, after, limit)
        pages.append([fact.source for fact in page.facts])
        after = page.after
        if after is None:
            return pages


@pytest.mark.parametrize("ties", [1, 9, 10, 11, 20, 21, 35])
async def test_a_page_is_never_larger_than_asked_for_and_nothing_is_read_twice(ties: int) -> None:
    store = await filled([(T0, 3), (T0 + timedelta(seconds=1), ties), (T0 + timedelta(seconds=2), 4)])
    pages = await read_all(store, 10)
    assert [each for page in pages for each in page] == [f"note-{number:05d}" for number in range(1, ties + 8)]
    assert max(map(len, pages)) <= 10
    assert max(store.given) <= 10


async def test_the_end_of_the_stretch_is_kept_to_within_a_moments_ties() -> None:
    store = await filled([(T0, 25), (T0 + timedelta(milliseconds=1), 5), (T0 + timedelta(milliseconds=2), 5)])
    pages = await read_all(store, 10, before=T0 + timedelta(milliseconds=2))
    assert sum(map(len, pages)) == 30


async def test_a_mark_of_an_earlier_version_reads_its_moment_again() -> None:
    store = await filled([(T0, 12)])
    page = await source_of(store).read(T0, LATER, T0.isoformat(), 20)
    assert (len(page.facts), page.after) == (12, None)


async def test_a_whole_feed_links_many_pages_of_one_moment_once() -> None:
    world = World()
    world.base = await filled([(T0, 2 * PAGE + 1)])
    world.clock.advance(60)
    await world.feed().drain()
    numbers = await world.numbers()
    assert numbers == list(range(1, 2 * PAGE + 2))
    assert (await world.checks().only_grow_and_miss_nothing()).holds


def test_an_index_without_the_id_is_a_mistake() -> None:
    kind: Kind[Note] = Kind("note", Note, indexes=(Index("at", ("state.at",)),), bare=True)
    with pytest.raises(ValueError, match=r"must be on state\.at and _id"):
        TimedSource(MemoryStore("test"), kind, "at", "state.at", facts_of)


async def test_a_path_that_is_no_time_is_a_mistake() -> None:
    kind: Kind[Note] = Kind("note", Note, indexes=(Index("amount", ("state.amount", "_id")),), bare=True)
    store = await filled([(T0, 1)])
    source = TimedSource(store, kind, "amount", "state.amount", facts_of)
    with pytest.raises(TypeError, match="is no time"):
        source._moment((await store.find(NOTE, "order"))[0])
