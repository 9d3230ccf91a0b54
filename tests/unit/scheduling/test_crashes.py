"""The process dies before or after any write of a use case; after the restart every seat is accounted for."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.context import Actor
from shared.events import billing
from shared.events import scheduling as said
from shared.store import Record
from tests.unit.scheduling.faulty_stores import Dying, Killed
from tests.unit.scheduling.world import NORTH, SOUTH, World, make_world, plan, weekly

ANI = Actor("account-ani")
MOST_WRITES = 12
Act = Callable[[World, Record[Appointment] | None], Awaitable[object]]
Prepare = Callable[[World], Awaitable[Record[Appointment] | None]]


async def nothing(world: World) -> None:
    await world.submitted()


async def held(world: World) -> Record[Appointment]:
    return await world.hold()


async def paid(world: World) -> Record[Appointment]:
    return await world.paid()


async def expired(world: World) -> Record[Appointment]:
    record = await world.hold()
    await world.hear(world.bill(billing.BillExpired, record))
    await world.recover()
    return record


async def expired_and_gone(world: World) -> Record[Appointment]:
    record = await expired(world)
    await world.paid("budi")
    await world.paid("citra")
    return record


async def hold(world: World, _record: Record[Appointment] | None) -> object:
    return await world.service.booking.hold(world.wish())


async def confirm(world: World, record: Any) -> object:
    return await world.hear(world.bill(billing.BillPaid, record, amount=1, paid_at=world.clock.now()), "paid")


async def release(world: World, record: Any) -> object:
    return await world.hear(world.bill(billing.BillExpired, record), "expired")


async def cancel(world: World, record: Any) -> object:
    return await world.service.holds.cancel(record.id, ANI, "cancel", fee_is_lost=True)


async def move(world: World, record: Any) -> object:
    return await world.service.moves.reschedule(world.move(record, world.session_id(NORTH)))


async def late(world: World, record: Any) -> object:
    return await world.hear(world.late(record), "late")


async def renew(world: World, record: Any) -> object:
    return await world.hear(world.bill(billing.BillRenewalRequested, record), "renewal")


def outcome_of(before: Record[Appointment] | None, now: list[Record[Appointment]]) -> list[str]:
    """Where the appointments of the person stand, the oldest first; tombstones do not count."""
    return [record.state.status.value for record in reversed(now) if record.state.slot is not None]


CASES: dict[str, tuple[Prepare, Act, set[tuple[str, ...]], tuple[str, ...]]] = {
    # name: before, what happens, what may be found after a crash, what must be found after it was asked for again
    "hold": (nothing, hold, {(), ("released",)}, ("held",)),
    "confirm": (held, confirm, {("released",), ("confirmed",)}, ("confirmed",)),
    "release": (held, release, {("released",)}, ("released",)),
    "cancel": (paid, cancel, {("confirmed",), ("released",)}, ("released",)),
    "move": (paid, move, {("confirmed",)}, ("confirmed",)),
    "late, same seat": (expired, late, {("released",), ("released", "confirmed")}, ("released", "confirmed")),
    "late, offer": (expired_and_gone, late, {("released",), ("released", "offered")}, ("released", "offered")),
    "renewal": (expired, renew, {("released",), ("released", "released")}, ("released", "held")),
}


async def crash(name: str, write: int, *, after: bool, twice: int | None) -> tuple[World, Any, bool]:
    """One life and death; tells whether the use case ended before death came."""
    made: list[Dying] = []

    def wrap(base: Any) -> Dying:
        made.append(Dying(base))
        return made[0]

    world = make_world(wrap=wrap, templates=weekly(plan(2)), offices=[SOUTH, NORTH])
    await world.parts.start()  # type: ignore[misc]
    prepare, act, _, _ = CASES[name]
    before = await prepare(world)
    made[0].arm(write, after=after)
    with contextlib.suppress(Killed):
        await act(world, before)
    unharmed = made[0].disarm()
    await world.rules_hold()
    if twice is not None:
        made[0].arm(twice, after=after)
        with contextlib.suppress(Killed):
            await world.recover()
        made[0].disarm()
        await world.rules_hold()
    await world.recover()
    return world, before, unharmed


@pytest.mark.parametrize("twice", [None, 0, 1, 2])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("name", CASES)
async def test_every_seat_is_accounted_for_wherever_it_dies(name: str, after: bool, twice: int | None) -> None:
    _, act, found_after, asked_again = CASES[name]
    for write in range(MOST_WRITES):
        world, before, unharmed = await crash(name, write, after=after, twice=twice)
        await world.rules_hold()
        await nothing_is_left_over(world)
        found = tuple(outcome_of(before, await world.of("application-ani")))
        assert found in found_after | {asked_again}, (write, found)
        if name not in ("hold", "confirm", "renewal") or found in ((), ("held",), ("confirmed",)):
            await act(world, before)
            assert tuple(outcome_of(before, await world.of("application-ani"))) == asked_again, write
        await world.rules_hold()
        if unharmed:
            return
    raise AssertionError(f"{name} writes more than {MOST_WRITES} times")


async def nothing_is_left_over(world: World) -> None:
    """After the recovery no claim, no move and no left seat is open, and each seat held is somebody's."""
    for office in (SOUTH, NORTH):
        session_id = world.session_id(office)
        for seat in await world.seats(session_id):
            assert seat.claim_until is None
            assert seat.status in ("free", "taken", "cooling")
        assert sum((await world.buckets(session_id)).values()) == 2
    async for record in world.service.repositories.appointments.every_appointment():
        assert record.state.leaving == ()
        assert record.state.status is not Status.MOVING


@pytest.mark.parametrize("after", [False, True])
async def test_a_move_that_died_halfway_is_asked_for_again(after: bool) -> None:
    for write in range(MOST_WRITES):
        world, before, unharmed = await crash("move", write, after=after, twice=None)
        moved = await world.service.moves.reschedule(world.move(before, world.session_id(NORTH)))
        assert moved.state.seat.session_id == world.session_id(NORTH)
        assert moved.state.moves_made == 1
        assert len(await world.said(said.AppointmentRescheduled)) == 1
        await world.recover()
        assert await world.buckets(world.session_id(SOUTH)) == {"free": 2}
        if unharmed:
            return
