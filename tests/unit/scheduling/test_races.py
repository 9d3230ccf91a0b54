"""Many at once: the same histories with the guards on, and their twins that show the race with one guard off."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.appointment import Appointment, ClaimFate
from services.scheduling.booking.appointments.booking_path import appointment_id_of
from services.scheduling.booking.appointments.errors import PersonHasAppointment
from services.scheduling.booking.seats import inventory
from services.scheduling.booking.seats.seat import Seat
from services.scheduling.offices.errors import SessionSoldOut
from shared.errors import Refusal
from shared.events import billing
from shared.store import Record
from tests.unit.scheduling.faulty_stores import Counting, Shuffling, Stalling, UnguardedClaims
from tests.unit.scheduling.world import NORTH, SOUTH, World, make_world, plan, weekly

SEEDS = range(6)


async def started(**given: Any) -> World:
    world = make_world(**given)
    assert world.parts.start is not None
    await world.parts.start()
    return world


async def stampede(world: World, people: int) -> tuple[list[Record[Appointment]], list[BaseException]]:
    """All of them want the same session at the same moment."""
    names = [f"p{number}" for number in range(people)]
    for name in names:
        await world.submitted(name)
    results = await asyncio.gather(
        *(world.service.booking.hold(world.wish(name)) for name in names), return_exceptions=True
    )
    won = [result for result in results if isinstance(result, Record)]
    return won, [result for result in results if isinstance(result, BaseException)]


def oversold(won: list[Record[Appointment]]) -> int:
    """Seats that were given to more than one."""
    return sum(count > 1 for count in Counter(record.state.seat.seat_id for record in won).values())


@pytest.mark.parametrize("seed", SEEDS)
async def test_exactly_the_quota_wins(seed: int) -> None:
    world = await started(wrap=lambda base: Shuffling(base, seed), templates=weekly(plan(5)), offices=[SOUTH])
    won, lost = await stampede(world, 30)
    assert (len(won), oversold(won)) == (5, 0)
    assert all(isinstance(each, SessionSoldOut) for each in lost)
    await world.recover()
    await world.rules_hold()


@pytest.mark.parametrize("seed", [1])
async def test_twin_without_the_conditional_claim_it_oversells(seed: int) -> None:
    world = await started(
        wrap=lambda base: UnguardedClaims(Shuffling(base, seed)), templates=weekly(plan(5)), offices=[SOUTH]
    )
    won, _lost = await stampede(world, 30)
    assert oversold(won) > 0
    report = await world.parts.invariants["I1"]()
    assert not report.holds


async def test_a_thousand_want_the_last_seat() -> None:
    world = await started(wrap=lambda base: Shuffling(base, 7), templates=weekly(plan(1)), offices=[SOUTH])
    won, lost = await stampede(world, 1000)
    assert (len(won), len(lost)) == (1, 999)
    await world.rules_hold()


@pytest.mark.parametrize("seed", SEEDS)
async def test_one_person_at_many_doors_gets_one_seat(seed: int) -> None:
    world = await started(wrap=lambda base: Shuffling(base, seed), templates=weekly(plan(5)))
    await world.submitted()
    doors = [world.session_id(SOUTH), world.session_id(NORTH)] * 4
    results = await asyncio.gather(
        *(world.service.booking.hold(world.wish(key=f"-{n}", session_id=door)) for n, door in enumerate(doors)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Record) for result in results) == 1
    assert all(isinstance(result, Record | PersonHasAppointment) for result in results)
    await world.rules_hold()
    assert await world.buckets(doors[0]) | await world.buckets(doors[1]) != {}
    await world.recover()
    await world.rules_hold()


@pytest.mark.parametrize("seed", SEEDS)
async def test_one_command_sent_many_times_is_one_hold(seed: int) -> None:
    world = await started(wrap=lambda base: Shuffling(base, seed), templates=weekly(plan(5)), offices=[SOUTH])
    await world.submitted()
    results = await asyncio.gather(*(world.service.booking.hold(world.wish()) for _ in range(8)))
    assert len({record.id for record in results}) == 1
    assert await world.buckets() == {"held": 1, "free": 4}


def let_nobody_bury(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard is off: an overdue claim is freed without a tombstone."""
    real = appointments.fate_of_claim

    def careless(seat: Seat, appointment: Appointment | None) -> ClaimFate:
        fate = real(seat, appointment)
        return ClaimFate.FREE if fate is ClaimFate.TOMBSTONE else fate

    monkeypatch.setattr(inventory.appointments, "fate_of_claim", careless)


async def slow_holder(world: World, store: Stalling) -> list[Record[Appointment]]:
    """Ani reaches for the only seat and stalls; its claim runs out; Budi holds it; Ani wakes up and writes."""
    await world.submitted("ani")
    slow = asyncio.ensure_future(world.service.booking.hold(world.wish("ani")))
    await store.reached.wait()
    await world.pass_time(20)
    budi = await world.hold("budi")
    store.go_on.set()
    results = await asyncio.gather(slow, return_exceptions=True)
    return [budi, *(result for result in results if isinstance(result, Record))]


def stalling(made: list[Stalling]) -> Any:
    def wrap(base: Any) -> Stalling:
        made.append(Stalling(base, lambda record_id: record_id == appointment_id_of("hold-ani", 0)))
        return made[-1]

    return wrap


async def test_a_holder_that_wakes_up_too_late_is_refused() -> None:
    made: list[Stalling] = []
    world = await started(wrap=stalling(made), templates=weekly(plan(1)), offices=[SOUTH])
    won = await slow_holder(world, made[0])
    assert len(won) == 1
    await world.recover()
    await world.rules_hold()


async def test_twin_without_the_tombstone_it_oversells(monkeypatch: pytest.MonkeyPatch) -> None:
    let_nobody_bury(monkeypatch)
    made: list[Stalling] = []
    world = await started(wrap=stalling(made), templates=weekly(plan(1)), offices=[SOUTH])
    won = await slow_holder(world, made[0])
    assert len(won) == 2
    assert oversold(won) == 1
    assert not (await world.parts.invariants["I1"]()).holds


@pytest.mark.parametrize("seed", SEEDS)
async def test_two_visitors_want_each_others_office(seed: int) -> None:
    world = await started(wrap=lambda base: Shuffling(base, seed), templates=weekly(plan(1)), moves_max=9)
    ani = await world.paid("ani", session_id=world.session_id(SOUTH))
    budi = await world.paid("budi", session_id=world.session_id(NORTH))
    moves = world.service.moves
    results = await asyncio.gather(
        moves.reschedule(world.move(ani, world.session_id(NORTH), "ani")),
        moves.reschedule(world.move(budi, world.session_id(SOUTH), "budi")),
        return_exceptions=True,
    )
    assert all(isinstance(result, SessionSoldOut) for result in results)
    assert (await world.appointment(ani.id)).state.seat == ani.state.seat
    assert (await world.appointment(budi.id)).state.seat == budi.state.seat
    await world.rules_hold()


@pytest.mark.parametrize("seed", SEEDS)
async def test_everything_at_once_leaves_every_seat_accounted_for(seed: int) -> None:
    world = await started(wrap=lambda base: Shuffling(base, seed), templates=weekly(plan(3)), moves_max=9, seed=seed)
    people = [f"p{number}" for number in range(6)]
    paid = [
        await world.paid(person, session_id=world.session_id([SOUTH, NORTH][n % 2]))
        for n, person in enumerate(people[:4])
    ]
    held = await world.hold(people[4], session_id=world.session_id(SOUTH))
    for person in people[5:]:
        await world.submitted(person)
    service = world.service
    results = await asyncio.gather(
        service.moves.reschedule(world.move(paid[0], world.session_id(NORTH), "a")),
        service.moves.reschedule(world.move(paid[0], world.session_id(NORTH), "b")),
        service.moves.reschedule(world.move(paid[1], world.session_id(SOUTH), "c")),
        service.holds.cancel(paid[2].id, world.move(paid[2], "").actor, "d", fee_is_lost=True),
        service.moves.reschedule(world.move(paid[2], world.session_id(NORTH), "e")),
        service.holds.cancel(paid[3].id, world.move(paid[3], "").actor, "f", fee_is_lost=True),
        service.booking.hold(world.wish(people[5])),
        world.hear(world.bill(billing.BillExpired, held)),
        world.hear(world.bill(billing.BillPaid, held, amount=1, paid_at=world.clock.now())),
        world.worker.run_due(),
        return_exceptions=True,
    )
    troubles = [each for each in results if isinstance(each, BaseException) and not isinstance(each, Refusal)]
    assert [each for each in troubles if type(each).__name__ != "VersionConflict"] == []
    await world.rules_hold()
    await world.recover()
    await world.rules_hold()
    for office in (SOUTH, NORTH):
        assert sum((await world.buckets(world.session_id(office))).values()) == 3


async def test_the_hot_path_is_one_read_and_two_writes() -> None:
    made: list[Counting] = []

    def wrap(base: Any) -> Counting:
        made.append(Counting(base))
        return made[0]

    world = await started(wrap=wrap, templates=weekly(plan(50)), offices=[SOUTH])
    await world.hold("budi")  # the first hold of a process also learns whether the session is open
    await world.submitted()
    made[0].seen.clear()
    await world.service.booking.hold(world.wish())
    assert made[0].seen == [
        ("get", "application_copy"),
        ("claim_one", "seat"),
        ("insert", "appointment"),
    ]
