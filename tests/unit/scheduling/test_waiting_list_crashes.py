"""Offers of the waiting list: death at any write, and who is faster; each seat is somebody's once or nobody's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.waiting_list import entry as domain
from services.scheduling.booking.waiting_list.entry import Waiting, WaitingStatus
from services.scheduling.context import Actor
from services.scheduling.handlers import Handlers
from shared.errors import Refusal
from shared.store import Record
from tests.unit.scheduling.faulty_stores import Dying, Killed, Shuffling, Wrapper, kept
from tests.unit.scheduling.test_waiting_list import COOLED, accept, entry_of, full, give_up, started, waits
from tests.unit.scheduling.world import NORTH, SOUTH, World

MOST_WRITES = 14
BUDI = Actor("account-budi")


async def taken_and_waited_for(world: World) -> list[Record[Waiting]]:
    taken = await full(world)
    entries = [await waits(world, person) for person in ("budi", "citra")]
    await give_up(world, taken)
    return entries


async def with_offer(world: World) -> list[Record[Waiting]]:
    entries = await taken_and_waited_for(world)
    await world.pass_time(COOLED)
    return entries


async def pass_on(world: World, _entries: list[Record[Waiting]]) -> None:
    await world.pass_time(COOLED)


async def take(world: World, entries: list[Record[Waiting]]) -> None:
    await accept(world, "budi", entries[0])


async def decline(world: World, entries: list[Record[Waiting]]) -> None:
    await world.service.waiting_list.decline(entries[0].id, BUDI, "no")


async def leave(world: World, entries: list[Record[Waiting]]) -> None:
    await world.service.waiting_list.leave(entries[0].id, BUDI)


async def lapse(world: World, _entries: list[Record[Waiting]]) -> None:
    await world.pass_time(1800)


Act = Callable[[World, list[Record[Waiting]]], Awaitable[None]]
CASES: dict[str, tuple[Callable[[World], Awaitable[list[Record[Waiting]]]], Act]] = {
    "pass on": (taken_and_waited_for, pass_on),
    "take": (with_offer, take),
    "decline": (with_offer, decline),
    "leave": (with_offer, leave),
    "lapse": (with_offer, lapse),
}


async def restart(world: World) -> None:
    """Time enough for leases, claims and leaving, too short for a new offer to lapse."""
    for _ in range(6):
        await world.pass_time(101)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("twice", [None, 1])
@pytest.mark.parametrize("name", CASES)
async def test_no_offer_leaks_a_seat_wherever_it_dies(name: str, after: bool, twice: int | None) -> None:
    prepare, act = CASES[name]
    for write in range(MOST_WRITES):
        made: list[Dying] = []
        world = await started(wrap=lambda base, made=made: kept(made, Dying(base)), offices=[SOUTH], horizon_days=2)
        entries = await prepare(world)
        made[0].arm(write, after=after)
        with contextlib.suppress(Killed):
            await act(world, entries)
        unharmed = made[0].disarm()
        await world.rules_hold()
        if twice is not None:
            made[0].arm(twice, after=after)
            with contextlib.suppress(Killed):
                await restart(world)
            made[0].disarm()
            await world.rules_hold()
        await restart(world)
        await everything_is_somebodys(world)
        if name == "take" and twice is None:
            # said yes or not: if it counted, the seat is theirs, else it is asked for again and is
            held = await accept(world, "budi", entries[0])
            assert held.state.person_id == "person-budi"
        for entry in entries:
            await world.service.waiting_list.leave(entry.id, Actor(entry.state.account_id))
        for _ in range(3):
            await world.pass_time(COOLED)
        await everything_is_somebodys(world)
        assert (await world.buckets()) == {"confirmed": 1, "free": 1}, (name, write)
        if unharmed:
            return
    raise AssertionError(f"{name} writes more than {MOST_WRITES} times")


async def everything_is_somebodys(world: World) -> None:
    """Every kept seat has its entry, every offer its seat, every holder a seat; the quota adds up."""
    await world.rules_hold()
    assert sum((await world.buckets()).values()) == 2
    seats = {seat.token: seat for seat in await world.seats() if seat.token is not None}
    async for record in world.service.repositories.waiting_list.every_waiting():
        assert record.state.leaving == ()
        assert record.state.status is not WaitingStatus.TAKING
        if record.state.status is WaitingStatus.OFFERED:
            assert seats[record.state.kept.slot.token].kept_for == record.id
    for seat in seats.values():
        if (
            seat.kept_for is not None
            and await world.service.repositories.appointments.appointment(seat.claimed_by or "") is None
        ):
            entry = await world.service.repositories.waiting_list.waiting(seat.kept_for)
            assert entry is not None and domain.kept_until(entry.state, seat.token) is not None


@pytest.mark.parametrize("seed", range(6))
async def test_yes_and_the_end_of_the_offer_at_one_moment_have_one_outcome(seed: int) -> None:
    world = await started(wrap=lambda base: Shuffling(base, seed))
    (budi, citra) = await with_offer(world)
    record = await world.service.repositories.waiting_list.waiting(budi.id)
    assert record is not None
    results = await asyncio.gather(
        accept(world, "budi", budi, "a"),
        accept(world, "budi", budi, "b"),
        world.service.waiting_list.lapse(record),
        world.service.waiting_list.leave(budi.id, BUDI),
        return_exceptions=True,
    )
    held = {each.id for each in results[:2] if isinstance(each, Record)}
    await restart(world)
    await everything_is_somebodys(world)
    assert len(held) == (1 if (await entry_of(world, budi)).status is WaitingStatus.TAKEN else 0)
    assert all(isinstance(each, Record | Refusal | Exception) or each is None for each in results)
    assert ((await entry_of(world, citra)).status is WaitingStatus.OFFERED) == (not held)


class Sleepy(Wrapper):
    """One write of an entry with an offer waits until it is told to go on."""

    def __init__(self, base: Any) -> None:
        super().__init__(base)
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def save(self, kind: Any, record: Any, state: Any, **named: Any) -> Any:
        if kind.name == "waiting" and state.status is WaitingStatus.OFFERED and not self.reached.is_set():
            self.reached.set()
            await self.go_on.wait()
        return await self.base.save(kind, record, state, **named)


async def slow_offer(world: World, store: Sleepy) -> list[Record[Any]]:
    """The offer to Budi is begun and stalls; its claim runs out; the seat goes on; then the offer is written."""
    taken = await full(world)
    budi = await waits(world, "budi")
    await give_up(world, taken)
    world.clock.advance(COOLED)
    slow = asyncio.ensure_future(world.worker.run_due())
    await store.reached.wait()
    await world.pass_time(16)
    await world.pass_time(1)
    store.go_on.set()
    await slow
    entry = await world.service.repositories.waiting_list.waiting(budi.id)
    assert entry is not None
    offers = [entry] if entry.state.status is WaitingStatus.OFFERED else []
    seats = {seat.token for seat in await world.seats()}
    return [each for each in offers if each.state.kept.slot.token not in seats]


async def test_an_offer_that_comes_too_late_is_not_written() -> None:
    made: list[Sleepy] = []
    world = await started(wrap=lambda base: kept(made, Sleepy(base)))
    assert await slow_offer(world, made[0]) == []
    await restart(world)
    await everything_is_somebodys(world)


async def test_twin_without_touching_the_entry_a_late_offer_has_no_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard is off: the seat goes on although who reached for it may still write the offer."""
    made: list[Sleepy] = []
    world = await started(wrap=lambda base: kept(made, Sleepy(base)))
    monkeypatch.setattr(world.service.waiting_list, "judge_claim", world.service.inventory.judge_claim)
    untouched = world.service.waiting_list
    monkeypatch.setattr(type(untouched), "pass_on", pass_on_once(type(untouched).pass_on))
    rebind(world)
    assert len(await slow_offer(world, made[0])) == 1


def pass_on_once(real: Any) -> Any:
    """The line is looked at once only, so that the seat's second way shows."""
    seen: list[int] = []

    async def pass_on(self: Any, record: Any) -> bool:
        seen.append(1)
        return bool(await real(self, record)) if len(seen) == 1 else False

    return pass_on


def rebind(world: World) -> None:
    """The worker's handlers, made anew from what was changed."""
    world.worker._handlers = {**world.worker._handlers, **Handlers(world.service).deadlines()}


async def test_a_taken_offer_of_who_got_another_seat_meanwhile_goes_to_the_next() -> None:
    world = await started()
    (budi, citra) = await with_offer(world)
    repository = world.service.repositories
    record = await repository.waiting_list.waiting(budi.id)
    assert record is not None
    taking = domain.take(record.state, now=world.clock.now(), rules=world.service.context.rules)
    await repository.waiting_list.change_waiting(record, lambda _: taking, world.clock)
    await world.hold("budi", session_id=world.session_id(NORTH))
    await world.pass_time(15)
    entry = await entry_of(world, budi)
    assert (entry.status, entry.ended_for) == (WaitingStatus.ENDED, domain.WaitingEnd.HAS_APPOINTMENT)
    tombstone = await repository.appointments.appointment(record.state.kept.appointment_id)
    assert tombstone is not None and tombstone.state.status is Status.ABANDONED
    await world.pass_time(COOLED)
    assert (await entry_of(world, citra)).status is WaitingStatus.OFFERED
    await everything_is_somebodys(world)
