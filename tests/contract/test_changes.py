"""Changes of records, told by both stores: those of this process and of others, once the stream is open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from shared.clock import ManualClock, SystemClock
from shared.store import Kind, StoreUnavailable
from shared.store.changes import RETRY_SECONDS, Changed, RecordChanges, Watched
from shared.store.driver import AsyncDatabase
from shared.store.memory import MemoryStore
from shared.store.mongo import MongoStore
from tests.conftest import START

LONGEST_SECONDS = 20.0
"""Only a change that is never told reaches it."""


@dataclass(frozen=True)
class Parcel:
    place: str = "shelf"


PARCEL = Kind(name="parcel", state=Parcel, batched=True, deadlines=lambda _parcel: {"look": START})
CRATE = Kind(name="crate", state=Parcel)
AnyStore = MemoryStore | MongoStore


@pytest.fixture
async def mongo_stores(mongo_database: AsyncDatabase) -> list[AnyStore]:
    stores: list[AnyStore] = [MongoStore(mongo_database, "test") for _ in range(2)]
    await stores[0].prepare([PARCEL, CRATE])  # type: ignore[union-attr]
    return stores


@pytest.fixture(params=["memory", "mongo"])
def stores(request: pytest.FixtureRequest) -> list[AnyStore]:
    """The store of a process and that of another one; a store in memory is both."""
    if request.param == "memory":
        return [MemoryStore("test")] * 2
    found: list[AnyStore] = request.getfixturevalue("mongo_stores")
    return found


async def opened(store: AnyStore) -> AsyncGenerator[Collection[Changed], None]:
    """The store's changes, the stream open."""
    changes = store.changes([PARCEL.name])
    assert list(await anext(changes)) == []
    return changes


async def next_changes(changes: AsyncGenerator[Collection[Changed], None]) -> list[Changed]:
    async with asyncio.timeout(LONGEST_SECONDS):
        return list(await anext(changes))


async def test_a_change_by_another_process_is_told(stores: list[AnyStore]) -> None:
    here, there = stores
    async with aclosing(await opened(here)) as changes:
        record = await there.insert(PARCEL, "p1", Parcel(), now=START)
        assert await next_changes(changes) == [("parcel", "p1")]
        record = await there.save(PARCEL, record, Parcel("van"), now=START)
        assert await next_changes(changes) == [("parcel", "p1")]
        assert await there.remove(PARCEL, record)
        assert await next_changes(changes) == [("parcel", "p1")]


async def test_other_kinds_and_writes_that_leave_the_state_alone_are_not_told(stores: list[AnyStore]) -> None:
    here, there = stores
    await there.insert(PARCEL, "p1", Parcel(), now=START)
    async with aclosing(await opened(here)) as changes:
        await there.insert(CRATE, "c1", Parcel(), now=START)
        leased = await there.claim_due(PARCEL, now=START, owner="worker", lease_seconds=30)
        assert leased is not None
        await there.insert(PARCEL, "p2", Parcel(), now=START)
        assert await next_changes(changes) == [("parcel", "p2")]


async def test_saves_that_share_a_command_are_told_one_by_one(stores: list[AnyStore]) -> None:
    here, there = stores
    records = [await there.insert(PARCEL, f"p{number}", Parcel(), now=START) for number in range(5)]
    heard: set[Changed] = set()
    async with aclosing(await opened(here)) as changes:
        await asyncio.gather(*(there.save(PARCEL, record, Parcel("van"), now=START) for record in records))
        while len(heard) < 5:
            heard |= set(await next_changes(changes))
    assert heard == {("parcel", f"p{number}") for number in range(5)}


async def test_versions_are_those_of_what_exists(stores: list[AnyStore]) -> None:
    here, there = stores
    record = await there.insert(PARCEL, "p1", Parcel(), now=START)
    await there.save(PARCEL, record, replace(record.state, place="van"), now=START)
    await there.insert(PARCEL, "p2", Parcel(), now=START)
    assert await here.versions("parcel", ["p1", "p2", "p3"]) == {"p1": 2, "p2": 1}


async def happens(change: asyncio.Event) -> bool:
    async with asyncio.timeout(LONGEST_SECONDS):
        return await change.wait()


async def test_who_waits_is_woken_by_another_process_and_only_for_their_record(stores: list[AnyStore]) -> None:
    here, there = stores
    one = await there.insert(PARCEL, "p1", Parcel(), now=START)
    other = await there.insert(PARCEL, "p2", Parcel(), now=START)
    changes = RecordChanges(here, ["parcel"], SystemClock())
    try:
        with changes.watch("parcel", "p1") as first, changes.watch("parcel", "p2") as second:
            await settle_stream(changes, [first, second])
            before, unchanged = first.change, second.change
            one = await there.save(PARCEL, one, Parcel("van"), now=START)
            assert await happens(before)
            assert not unchanged.is_set()
            await there.save(PARCEL, other, Parcel("van"), now=START)
            assert await happens(unchanged)
    finally:
        await changes.close()


async def settle_stream(changes: RecordChanges, watched: list[Watched]) -> None:
    """Return once the stream is open: records that were never compared are woken by it."""
    for each in watched:
        await happens(each.change) if each.version is None else None


class Unreliable:
    """A store whose stream is away while told so; it counts the comparisons of versions."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.away = asyncio.Event()
        self.comparisons = 0

    async def changes(self, names: Collection[str]) -> AsyncGenerator[Collection[Changed], None]:
        if self.away.is_set():
            raise StoreUnavailable("away")
        stream = self.store.changes(names)
        while True:
            coming, gone = asyncio.ensure_future(anext(stream)), asyncio.ensure_future(self.away.wait())
            await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if not coming.done():
                coming.cancel()
                raise StoreUnavailable("gone")
            yield coming.result()

    async def versions(self, name: str, ids: Collection[str]) -> dict[str, int]:
        self.comparisons += 1
        return dict(await self.store.versions(name, ids))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST_SECONDS):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0)


async def test_while_the_stream_is_away_one_comparison_a_second_finds_what_changed() -> None:
    clock, store = ManualClock(START), MemoryStore("test")
    source = Unreliable(store)
    source.away.set()
    record = await store.insert(PARCEL, "p1", Parcel(), now=START)
    changes = RecordChanges(source, ["parcel"], clock)
    with changes.watch("parcel", "p1") as watched, changes.watch("parcel", "p1"):
        await until(lambda: source.comparisons == 1)
        before = watched.change
        clock.advance(RETRY_SECONDS)
        await until(lambda: source.comparisons == 2)
        assert not before.is_set(), "an unchanged version wakes no one"
        await store.save(PARCEL, record, Parcel("van"), now=START)
        clock.advance(RETRY_SECONDS)
        assert await happens(before)
    await changes.close()


async def test_a_change_between_two_streams_is_found_when_the_next_one_opens() -> None:
    clock, store = ManualClock(START), MemoryStore("test")
    source = Unreliable(store)
    record = await store.insert(PARCEL, "p1", Parcel(), now=START)
    changes = RecordChanges(source, ["parcel"], clock)
    with changes.watch("parcel", "p1") as watched:
        await until(lambda: source.comparisons == 1)
        source.away.set()
        await until(lambda: source.comparisons == 2)
        before = watched.change
        await store.save(PARCEL, record, Parcel("van"), now=START)
        source.away.clear()
        assert not before.is_set()
        clock.advance(RETRY_SECONDS)
        assert await happens(before)
    await changes.close()


async def test_what_was_removed_counts_as_changed_and_what_no_one_awaits_is_forgotten() -> None:
    clock, store = ManualClock(START), MemoryStore("test")
    record = await store.insert(PARCEL, "p1", Parcel(), now=START + timedelta(seconds=1))
    changes = RecordChanges(store, ["parcel"], clock)
    with changes.watch("parcel", "p1") as watched:
        await until(lambda: watched.version == 1)
        before = watched.change
        await store.remove(PARCEL, record)
        assert await happens(before)
    with changes.watch("parcel", "p1") as again:
        assert again is not watched
    await changes.close()


async def test_a_stream_that_broke_for_no_known_reason_is_opened_by_the_next_who_waits() -> None:
    class Broken(MemoryStore):
        streams = 0

        async def changes(self, names: Collection[str]) -> AsyncGenerator[Collection[Changed], None]:
            self.streams += 1
            if self.streams == 1:
                raise KeyError("ns")
            async for batch in super().changes(names):
                yield batch

    store = Broken("test")
    changes = RecordChanges(store, ["parcel"], ManualClock(START))
    with changes.watch("parcel", "p1"):
        await until(lambda: store.streams == 1)
        await asyncio.sleep(0)
    with changes.watch("parcel", "p1"):
        await until(lambda: store.streams == 2)
    await changes.close()


class Counted(MemoryStore):
    """Counts the streams that are open, and how many were opened in all."""

    open = opened = 0

    async def changes(self, names: Collection[str]) -> AsyncGenerator[Collection[Changed], None]:
        self.open += 1
        self.opened += 1
        try:
            async for batch in super().changes(names):
                yield batch
        finally:
            self.open -= 1


async def test_the_stream_is_closed_once_no_one_waits_and_opened_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.store.changes.IDLE_SECONDS", 0.0)
    store = Counted("test")
    changes = RecordChanges(store, ["parcel"], ManualClock(START))
    with changes.watch("parcel", "p1"):
        await until(lambda: store.open == 1)
    await until(lambda: store.open == 0)
    with changes.watch("parcel", "p1") as watched:
        await until(lambda: store.opened == 2)
        await settle_stream(changes, [watched])
        before = watched.change
        await store.insert(PARCEL, "p1", Parcel(), now=START)
        assert await happens(before)
    await changes.close()


async def test_the_stream_stays_open_while_callers_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.store.changes.IDLE_SECONDS", 0.0)
    store = Counted("test")
    changes = RecordChanges(store, ["parcel"], ManualClock(START))
    with changes.watch("parcel", "p1"):
        await until(lambda: store.open == 1)
    with changes.watch("parcel", "p2"):
        for _ in range(10):
            await asyncio.sleep(0)
        assert (store.open, store.opened) == (1, 1)
    await changes.close()


async def test_closing_what_was_never_opened_does_nothing() -> None:
    await RecordChanges(MemoryStore("test"), ["parcel"], ManualClock(START)).close()
