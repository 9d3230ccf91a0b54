"""Out of the outbox: nudged at once, swept after a crash, never lost, taken out only when confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.bus import relay as relay_module
from shared.bus.relay import (
    BATCH,
    BUSY_BATCH,
    LINGER_SECONDS,
    MARK_SECONDS,
    SWEEP_AGE_SECONDS,
    SWEEP_SECONDS,
    Relay,
)
from shared.clock import ManualClock
from shared.events.envelope import Envelope
from shared.store.kinds import Kind
from shared.store.memory import MemoryStore
from shared.store.port import StoreUnavailable
from tests.unit.shared_runtime.things import BARE, START, THINGS, FakePublisher, Thing, checked_in

OLD = timedelta(seconds=SWEEP_AGE_SECONDS, milliseconds=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore("scheduling")


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def relay(store: MemoryStore, publisher: FakePublisher, clock: ManualClock) -> Relay:
    return Relay(store, [THINGS, BARE], publisher, clock)


@pytest.fixture
async def running(relay: Relay, store: MemoryStore) -> AsyncIterator[Relay]:
    """The relay at work, nudged by every write."""
    store.on_written = lambda kind, envelopes, _due: relay.nudge(kind, envelopes)
    task = asyncio.create_task(relay.run())
    yield relay
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not come")


async def write(store: MemoryStore, clock: ManualClock, name: str = "t", events: int = 1) -> None:
    said = [checked_in(number) for number in range(events)]
    await store.insert(THINGS, name, Thing(), now=clock.now(), events=said)


async def pass_by(clock: ManualClock, seconds: float) -> None:
    """So much time, and all that follows from it."""
    for _ in range(10):
        await asyncio.sleep(0)
    clock.advance(seconds)
    for _ in range(10):
        await asyncio.sleep(0)


async def waiting(store: MemoryStore) -> int:
    return len(await store.outbox_waiting(THINGS, before=START + timedelta(days=1), limit=1000))


async def archived(store: MemoryStore) -> int:
    return len(await store.archived(since=START, limit=1000))


async def test_a_nudge_publishes_archives_and_takes_out(
    running: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock
) -> None:
    await write(store, clock, events=3)
    await until(lambda: len(publisher.sent) == 3)
    assert running.backlog == 0
    assert (await waiting(store), await archived(store)) == (3, 0), "no write comes before the next message"
    await pass_by(clock, MARK_SECONDS)
    assert (await waiting(store), await archived(store)) == (0, 3)
    assert {each.subject for each in publisher.sent} == {"t"}


async def test_what_is_sent_one_by_one_is_taken_out_together(
    running: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks: list[int] = []
    mark = store.mark_published

    async def mark_published(kind: Kind[Any], published: Sequence[Envelope], *, now: datetime) -> None:
        marks.append(len(published))
        await mark(kind, published, now=now)

    monkeypatch.setattr(store, "mark_published", mark_published)
    for number in range(1, 4):
        await write(store, clock, name=f"t{number}")
        await until(lambda number=number: len(publisher.sent) == number)  # type: ignore[misc]
    await pass_by(clock, MARK_SECONDS)
    await write(store, clock, name="t4")
    await until(lambda: len(publisher.sent) == 4)
    await pass_by(clock, MARK_SECONDS)
    assert marks == [3, 1]
    assert (await waiting(store), await archived(store)) == (0, 4)


async def test_what_comes_in_heaps_is_taken_out_at_once(
    running: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock
) -> None:
    await write(store, clock, events=BATCH)
    await until(lambda: len(publisher.sent) == BATCH)
    assert (await waiting(store), await archived(store)) == (0, BATCH)


async def test_what_is_sent_while_others_are_taken_out_is_neither_lost_nor_taken_twice(
    running: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, marks = publisher.publish, list[str]()
    mark, slow = store.mark_published, asyncio.Event()

    async def publish_slowly(envelopes: Sequence[Envelope]) -> set[str]:
        confirmed = await publish(envelopes)
        if len(publisher.sent) == 2:
            await slow.wait()
        return confirmed

    async def mark_published(kind: Kind[Any], published: Sequence[Envelope], *, now: datetime) -> None:
        marks.extend(each.id for each in published)
        await mark(kind, published, now=now)

    monkeypatch.setattr(publisher, "publish", publish_slowly)
    monkeypatch.setattr(store, "mark_published", mark_published)
    await write(store, clock, name="t1")
    await until(lambda: len(publisher.sent) == 1)
    await write(store, clock, name="t2")
    await until(lambda: len(publisher.sent) == 2)
    await pass_by(clock, MARK_SECONDS)
    slow.set()
    await pass_by(clock, MARK_SECONDS)
    assert marks == [each.id for each in publisher.sent]
    assert (await waiting(store), await archived(store)) == (0, 2)


async def test_an_orderly_end_takes_out_what_was_sent(
    relay: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock
) -> None:
    store.on_written = lambda kind, envelopes, _due: relay.nudge(kind, envelopes)
    task = asyncio.create_task(relay.run())
    await write(store, clock)
    await until(lambda: len(publisher.sent) == 1)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await waiting(store), await archived(store)) == (0, 1)


async def test_many_nudges_go_out_in_batches(
    running: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock
) -> None:
    await write(store, clock, events=BATCH + 1)
    await until(lambda: len(publisher.sent) == BATCH)
    await asyncio.sleep(0)
    assert len(publisher.sent) == BATCH, "a busy relay lets the next batch fill"
    clock.advance(LINGER_SECONDS)
    await until(lambda: len(publisher.sent) == BATCH + 1)


async def test_an_idle_relay_does_not_linger(
    running: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock
) -> None:
    for number in range(1, 4):
        await write(store, clock, name=f"t{number}", events=BUSY_BATCH - 1)
        await until(lambda expected=number * (BUSY_BATCH - 1): len(publisher.sent) == expected)  # type: ignore[misc]


async def test_what_is_not_confirmed_stays_and_is_swept(
    running: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock
) -> None:
    publisher.unconfirmed = 1
    await write(store, clock)
    await until(lambda: len(publisher.sent) == 1)
    assert (await waiting(store), await archived(store)) == (1, 0)
    clock.advance(SWEEP_SECONDS + SWEEP_AGE_SECONDS)
    await until(lambda: len(publisher.sent) == 2)
    assert publisher.sent[0].id == publisher.sent[1].id
    await asyncio.sleep(0)
    assert (await waiting(store), await archived(store)) == (0, 1)


@pytest.mark.parametrize("trouble", [StoreUnavailable("away"), ValueError("a mistake")])
async def test_trouble_while_publishing_is_outlived(
    running: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock, trouble: Exception
) -> None:
    publisher.trouble = trouble
    await write(store, clock)
    await until(lambda: publisher.trouble is None)
    await write(store, clock, "another")
    await until(lambda: len(publisher.sent) == 1)


@pytest.mark.parametrize("trouble", [StoreUnavailable("away"), ValueError("a mistake")])
async def test_trouble_while_sweeping_is_outlived(
    store: MemoryStore, publisher: FakePublisher, clock: ManualClock, relay: Relay, trouble: Exception
) -> None:
    await write(store, clock)  # by a process that died before it nudged
    publisher.trouble = trouble
    clock.advance(OLD.total_seconds())
    task = asyncio.create_task(relay.run())
    await until(lambda: publisher.trouble is None)
    assert await waiting(store) == 1
    for _ in range(3):
        await asyncio.sleep(0)
    clock.advance(SWEEP_SECONDS)
    await until(lambda: len(publisher.sent) == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_sweep_leaves_the_young_to_their_nudge(
    relay: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock
) -> None:
    await write(store, clock)
    clock.advance(SWEEP_AGE_SECONDS)
    assert await relay.sweep() == 0
    clock.advance(0.001)
    assert await relay.sweep() == 1
    assert await relay.sweep() == 0


async def test_a_sweep_goes_on_until_nothing_is_left(
    relay: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock
) -> None:
    await write(store, clock, events=2 * BATCH + 1)
    clock.advance(OLD.total_seconds())
    assert await relay.sweep() == 2 * BATCH + 1


async def test_a_sweep_ends_when_the_broker_does_not_confirm(
    relay: Relay, store: MemoryStore, publisher: FakePublisher, clock: ManualClock
) -> None:
    await write(store, clock, events=2)
    clock.advance(OLD.total_seconds())
    publisher.unconfirmed = 2
    assert await relay.sweep() == 0
    assert await waiting(store) == 2


async def test_nudges_beyond_the_queue_are_left_to_the_sweep(
    store: MemoryStore, publisher: FakePublisher, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "LARGEST_QUEUE", 2)
    small = Relay(store, [THINGS], publisher, clock)
    store.on_written = lambda kind, envelopes, _due: small.nudge(kind, envelopes)
    await write(store, clock, events=5)
    assert small.backlog == 2
    clock.advance(OLD.total_seconds())
    assert await small.sweep() == 5
