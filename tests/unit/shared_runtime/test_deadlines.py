"""Deadlines run when they are due, once, by whoever holds the lease, and again when a handler changed nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from shared import context, deadlines
from shared.clock import ManualClock
from shared.deadlines import (
    CLOCK_SKEW_SECONDS,
    LEASE_SECONDS,
    POLL_SECONDS,
    TRIES_BEFORE_PARKING,
    DeadlineWorker,
)
from shared.errors import UpstreamDown
from shared.service import NotYet
from shared.store.kinds import Due, Record
from shared.store.memory import MemoryStore
from shared.store.port import StoreUnavailable, VersionConflict
from tests.unit.shared_runtime.things import BARE, START, THINGS, Thing

LEASE = LEASE_SECONDS + CLOCK_SKEW_SECONDS


class Desk:
    """Handles deadlines by taking them off, unless it is told to say something else first."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.store = MemoryStore("scheduling")
        self.ran: list[tuple[str, str]] = []
        self.says: list[Exception] = []
        self.causes: list[str | None] = []

    def worker(self, owner: str = "one", names: tuple[str, ...] = ("first", "second")) -> DeadlineWorker:
        handlers = {("things", name): self.handle for name in names}
        return DeadlineWorker(self.store, [THINGS, BARE], handlers, self.clock, owner)

    async def handle(self, record: Record[Thing], name: str) -> None:
        self.ran.append((record.id, name))
        self.causes.append(context.current().causation_id)
        if self.says:
            raise self.says.pop(0)
        state = replace(record.state, **{f"{name}_at": None})
        await self.store.save(THINGS, record, state, now=self.clock.now())

    async def add(self, name: str, first: float | None = None, second: float | None = None) -> None:
        times = [START + timedelta(seconds=each) if each is not None else None for each in (first, second)]
        await self.store.insert(THINGS, name, Thing(*times), now=START)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not come")


async def test_nothing_runs_before_its_time_and_all_at_it(desk: Desk) -> None:
    await desk.add("t", first=10)
    desk.clock.advance(9.999)
    assert await desk.worker().run_due() == 0
    desk.clock.advance(0.001)
    assert await desk.worker().run_due() == 1
    assert desk.ran == [("t", "first")]
    assert await desk.worker().run_due() == 0


async def test_two_deadlines_of_one_aggregate_run_one_after_the_other(desk: Desk) -> None:
    await desk.add("t", first=10, second=10)
    desk.clock.advance(10)
    assert await desk.worker().run_due() == 2
    assert desk.ran == [("t", "first"), ("t", "second")]


async def test_a_deadline_that_fails_does_not_starve_the_other_of_its_aggregate(desk: Desk) -> None:
    await desk.add("t", first=0, second=0)

    async def fail_first(record: Record[Thing], name: str) -> None:
        if name == "first":
            raise NotYet("not known")
        await desk.handle(record, name)

    handlers = {("things", name): fail_first for name in ("first", "second")}
    await DeadlineWorker(desk.store, [THINGS], handlers, desk.clock, "one").run_due()
    assert desk.ran == [("t", "second")]
    stored = await desk.store.get(THINGS, "t")
    assert stored is not None
    assert stored.state == Thing(first_at=START)


async def test_a_handler_knows_what_caused_it(desk: Desk) -> None:
    await desk.add("t", first=0)
    await desk.worker().run_due()
    assert desk.causes == ["deadline:things:first"]


@pytest.mark.parametrize(
    "trouble",
    [VersionConflict("faster"), NotYet("not known"), ValueError("a mistake")],
    ids=lambda trouble: type(trouble).__name__,
)
async def test_a_handler_that_changed_nothing_is_tried_again_after_the_lease(desk: Desk, trouble: Exception) -> None:
    await desk.add("t", first=0)
    desk.says = [trouble]
    assert await desk.worker().run_due() == 1
    desk.clock.advance(LEASE - 0.001)
    assert await desk.worker().run_due() == 0
    desk.clock.advance(0.001)
    assert await desk.worker().run_due() == 1
    assert len(desk.ran) == 2


async def fail_often(desk: Desk, times: int, trouble: type[Exception] = ValueError) -> None:
    for _ in range(times):
        desk.says = [trouble("a mistake")]
        await desk.worker().run_due()
        desk.clock.advance(LEASE)


async def test_what_fails_again_and_again_is_parked_and_operators_are_told(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    await desk.add("t", first=0)
    await fail_often(desk, TRIES_BEFORE_PARKING - 1)
    assert await desk.store.parked(THINGS) == []
    await fail_often(desk, 1)
    [parked] = await desk.store.parked(THINGS)
    assert (parked.record_id, parked.name, parked.failures, parked.error) == (
        "t",
        "first",
        TRIES_BEFORE_PARKING,
        "ValueError",
    )
    desk.clock.advance(7 * 86400)
    assert await desk.worker().run_due() == 0
    assert len(desk.ran) == TRIES_BEFORE_PARKING
    assert capsys.readouterr().out.count(deadlines.PARKED) == 1


async def test_twin_without_parking_it_is_tried_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "TRIES_BEFORE_PARKING", 10**9)
    await desk.add("t", first=0)
    await fail_often(desk, 2 * TRIES_BEFORE_PARKING)
    assert len(desk.ran) == 2 * TRIES_BEFORE_PARKING


@pytest.mark.parametrize("trouble", [UpstreamDown("dpri", "timeout"), ConnectionResetError(), TimeoutError()], ids=repr)
async def test_who_does_not_answer_is_waited_for_without_end(desk: Desk, trouble: Exception) -> None:
    await desk.add("t", first=0)
    for _ in range(3 * TRIES_BEFORE_PARKING):
        desk.says = [trouble]
        assert await desk.worker().run_due() == 1
        desk.clock.advance(LEASE)
    assert await desk.worker().run_due() == 1
    assert await desk.store.parked(THINGS) == []


async def test_a_parked_deadline_keeps_no_other_of_its_aggregate(desk: Desk) -> None:
    await desk.add("t", first=0, second=10**6)
    await fail_often(desk, TRIES_BEFORE_PARKING)
    desk.clock.set(START + timedelta(seconds=10**6))
    await desk.worker().run_due()
    assert desk.ran[TRIES_BEFORE_PARKING] == ("t", "second")


async def test_what_is_released_runs_at_once_and_has_all_its_tries_again(desk: Desk) -> None:
    await desk.add("t", first=0)
    await fail_often(desk, TRIES_BEFORE_PARKING)
    assert not await desk.store.release_parked(THINGS, "t", "second", now=desk.clock.now())
    assert await desk.store.release_parked(THINGS, "t", "first", now=desk.clock.now())
    assert not await desk.store.release_parked(THINGS, "t", "first", now=desk.clock.now())
    await fail_often(desk, 1)
    assert await desk.store.parked(THINGS) == []
    assert await desk.worker().run_due() == 1
    stored = await desk.store.get(THINGS, "t")
    assert stored is not None and stored.state == Thing()


async def test_a_change_of_the_aggregate_gives_a_parked_deadline_one_more_try(desk: Desk) -> None:
    await desk.add("t", first=0)
    await fail_often(desk, TRIES_BEFORE_PARKING)
    stored = await desk.store.get(THINGS, "t")
    assert stored is not None
    await desk.store.save(THINGS, stored, stored.state, now=desk.clock.now())
    await fail_often(desk, 3)
    assert len(desk.ran) == TRIES_BEFORE_PARKING + 1
    assert len(await desk.store.parked(THINGS)) == 1


async def test_a_success_forgets_earlier_failures(desk: Desk) -> None:
    await desk.add("t", first=0)
    await fail_often(desk, TRIES_BEFORE_PARKING - 1)
    assert await desk.worker().run_due() == 1
    stored = await desk.store.get(THINGS, "t")
    assert stored is not None
    await desk.store.save(THINGS, stored, Thing(first_at=desk.clock.now()), now=desk.clock.now())
    await fail_often(desk, TRIES_BEFORE_PARKING - 1)
    assert await desk.store.parked(THINGS) == []


async def test_what_is_parked_is_counted(desk: Desk) -> None:
    await desk.add("t", first=0)
    await fail_often(desk, TRIES_BEFORE_PARKING)
    figures = deadlines.DeadlineFigures("scheduling")
    registry = CollectorRegistry()
    for each in figures.collectors:
        registry.register(each)
    worker = DeadlineWorker(desk.store, [THINGS], {("things", "first"): desk.handle}, desk.clock, "one", figures)
    await worker.count_parked()
    labels = {"service": "scheduling", "kind": "things"}
    assert registry.get_sample_value("paspor_deadlines_parked", labels) == 1


async def test_a_store_that_is_away_stops_the_round(desk: Desk) -> None:
    await desk.add("t", first=0)
    desk.says = [StoreUnavailable("away")]
    with pytest.raises(StoreUnavailable):
        await desk.worker().run_due()


async def test_a_deadline_without_a_handler_is_told_and_left(desk: Desk) -> None:
    await desk.add("t", second=0)
    assert await desk.worker(names=("first",)).run_due() == 1
    assert desk.ran == []


async def test_who_lost_the_lease_cannot_save(desk: Desk) -> None:
    await desk.add("t", first=0)
    slow = await desk.store.claim_due(THINGS, now=desk.clock.now(), owner="slow", lease_seconds=LEASE)
    assert slow is not None
    desk.clock.advance(LEASE)
    assert await desk.worker("fast").run_due() == 1
    with pytest.raises(VersionConflict):
        await desk.store.save(THINGS, slow.record, Thing(), now=desk.clock.now())


async def test_a_nudge_runs_it_on_time_and_not_at_the_next_poll(desk: Desk) -> None:
    worker = desk.worker()
    desk.store.on_written = lambda _kind, _envelopes, due_at: worker.nudge(due_at)
    task = asyncio.create_task(worker.run())
    await until(lambda: desk.clock.next_wake() is not None)
    await desk.add("t", first=0.2)
    await until(lambda: desk.clock.next_wake() == START + timedelta(seconds=0.2))
    desk.clock.advance(0.2)
    await until(lambda: desk.ran == [("t", "first")])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_poll_finds_what_an_earlier_process_left(desk: Desk) -> None:
    task = asyncio.create_task(desk.worker().run())
    await until(lambda: desk.clock.next_wake() is not None)
    for number in range(20):
        await desk.add(f"t{number}", first=0)  # by a process that did not nudge
    desk.clock.advance(POLL_SECONDS)
    await until(lambda: len(desk.ran) == 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("trouble", [StoreUnavailable("away"), ValueError("a mistake")])
async def test_trouble_with_the_store_is_outlived(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    await desk.add("t", first=0)
    claim, troubles = desk.store.claim_due, [trouble]

    async def claim_due(*args: object, **named: object) -> object:
        if troubles:
            raise troubles.pop()
        return await claim(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.store, "claim_due", claim_due)
    task = asyncio.create_task(desk.worker().run())
    await until(lambda: not troubles and desk.clock.next_wake() is not None)
    desk.clock.advance(POLL_SECONDS)
    await until(lambda: desk.ran == [("t", "first")])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_each_nudge_is_kept_until_its_time(desk: Desk) -> None:
    worker = desk.worker()
    desk.store.on_written = lambda _kind, _envelopes, due_at: worker.nudge(due_at)
    task = asyncio.create_task(worker.run())
    await until(lambda: desk.clock.next_wake() is not None)
    for number, second in enumerate((0.3, 0.1, 0.2)):
        await desk.add(f"t{number}", first=second)
    for ran, second in enumerate((0.1, 0.2, 0.3), start=1):
        await until(lambda second=second: desk.clock.next_wake() == START + timedelta(seconds=second))  # type: ignore[misc]
        desk.clock.advance(0.1)
        await until(lambda ran=ran: len(desk.ran) == ran)  # type: ignore[misc]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_agenda_that_is_full_leaves_the_rest_to_the_poll(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "LARGEST_AGENDA", 1)
    worker = desk.worker()
    desk.store.on_written = lambda _kind, _envelopes, due_at: worker.nudge(due_at)
    await desk.add("t1", first=0.5)
    await desk.add("t2", first=0.2)
    worker.nudge(None)
    task = asyncio.create_task(worker.run())
    await until(lambda: desk.clock.next_wake() == START + timedelta(seconds=0.5))
    desk.clock.advance(0.5)
    await until(lambda: len(desk.ran) == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_slow_handler_keeps_neither_the_others_nor_newcomers_waiting(desk: Desk) -> None:
    slow, running, most = asyncio.Event(), 0, 0

    async def handle(record: Record[Thing], name: str) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if record.id == "slow":
            await slow.wait()
        running -= 1
        await desk.handle(record, name)

    worker = DeadlineWorker(desk.store, [THINGS], {("things", "first"): handle}, desk.clock, "one")
    desk.store.on_written = lambda kind, _envelopes, due_at: worker.nudge(due_at, kind)
    await desk.add("slow", first=0)
    task = asyncio.create_task(worker.run())
    await until(lambda: running == 1)
    for number in range(3 * THINGS.at_once):
        await desk.add(f"t{number}", first=0)
    await until(lambda: len(desk.ran) == 3 * THINGS.at_once)
    assert ("slow", "first") not in desk.ran
    assert 1 < most <= THINGS.at_once
    slow.set()
    await until(lambda: ("slow", "first") in desk.ran)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_crowd_is_claimed_together_and_places_are_refilled_by_the_dozen(desk: Desk) -> None:
    kind = replace(THINGS, at_once=32)
    claims: list[int] = []
    claim_all = desk.store.claim_all_due

    async def claim_all_due(*args: object, **named: object) -> object:
        claimed: list[Due[Thing]] = await claim_all(*args, **named)  # type: ignore[arg-type]
        claims.append(len(claimed))
        return claimed

    desk.store.claim_all_due = claim_all_due  # type: ignore[method-assign,assignment]
    for number in range(100):
        await desk.add(f"t{number}", first=0)
    worker = DeadlineWorker(desk.store, [kind], {("things", "first"): desk.handle}, desk.clock, "one")
    task = asyncio.create_task(worker.run())
    await until(lambda: len(desk.ran) == 100)
    assert len({name for name, _ in desk.ran}) == 100
    assert len(claims) <= 1 + 100 // (32 // deadlines.REFILL_SHARE)
    assert max(claims) == 31
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_one_that_is_leased_runs_although_the_crowd_behind_it_cannot_be(desk: Desk) -> None:
    troubles = [StoreUnavailable("away")]
    claim_all = desk.store.claim_all_due

    async def claim_all_due(*args: object, **named: object) -> object:
        if troubles:
            raise troubles.pop()
        return await claim_all(*args, **named)  # type: ignore[arg-type]

    desk.store.claim_all_due = claim_all_due  # type: ignore[method-assign,assignment]
    for number in range(3):
        await desk.add(f"t{number}", first=0)
    task = asyncio.create_task(desk.worker().run())
    await until(lambda: len(desk.ran) == 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("waits", [True, False])
async def test_a_worker_that_stops_lets_its_handlers_end_and_claims_nothing_more(desk: Desk, waits: bool) -> None:
    """With its twin: cancelled at once, what the handler did (a mail that was taken) is not written down."""
    goes_on, begun = asyncio.Event(), asyncio.Event()

    async def handle(record: Record[Thing], name: str) -> None:
        begun.set()
        await goes_on.wait()
        await desk.handle(record, name)

    worker = DeadlineWorker(desk.store, [THINGS], {("things", "first"): handle}, desk.clock, "one")
    await desk.add("under way", first=0)
    task = asyncio.create_task(worker.run())
    await begun.wait()
    stopping = asyncio.create_task(worker.stop(60.0 if waits else 0.0))
    await asyncio.sleep(0)
    await desk.add("new", first=0)
    worker.nudge(START)
    if waits:
        goes_on.set()
    await stopping
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert desk.ran == ([("under way", "first")] if waits else [])
