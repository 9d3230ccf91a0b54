"""Who stands at the counter with an application in the system gets a seat of today after online booking has closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.priority import Need
from services.scheduling.errors import NotYourOffice
from services.scheduling.offices.errors import SessionClosed, SessionSoldOut
from services.scheduling.terms import Pool
from services.scheduling.visit.counter.check_in import VisitorLookup
from shared.events import billing
from shared.events.scheduling import SeatHeld
from tests.unit.scheduling.test_http import Office, _loopback_allowed, office
from tests.unit.scheduling.world import EAST, FRONT, NORTH, TUESDAY, Actor, World, make_world, plan, weekly

__all__ = ["_loopback_allowed", "office"]


async def at_the_counter(minutes: float, **pools: int) -> World:
    """Tuesday, so many minutes after the session began; the application is known."""
    world = make_world(templates=weekly(plan(1, **(pools or {"walk_in": 1, "priority": 1}))))
    await world.parts.start()  # type: ignore[misc]
    await world.submitted()
    session = await world.service.bookable_sessions.session(world.session_id())
    world.clock.set(session.state.starts_at + timedelta(minutes=minutes))
    return world


async def hold(world: World, **changes: Any) -> Any:
    given: dict[str, Any] = {"actor": FRONT, "pool": Pool.WALK_IN}
    return await world.service.booking.hold_at_counter(world.wish(**(given | changes)))


@pytest.mark.parametrize("minutes", [-179, -1, 0, 119])
async def test_a_seat_of_today_is_had_until_the_session_ends_and_paid_before_that(minutes: float) -> None:
    world = await at_the_counter(minutes)
    held = await hold(world)
    assert (held.state.status, held.state.seat.pool) == (Status.HELD, "walk_in")
    assert held.state.pay_until == held.state.seat.ends_at
    assert held.state.hold_until == min(world.clock.now() + timedelta(minutes=5), held.state.seat.ends_at)
    (said,) = await world.said(SeatHeld)
    assert said.pay_until == held.state.seat.ends_at  # type: ignore[attr-defined]
    assert (await hold(world)).id == held.id
    await world.hear(world.bill(billing.BillPaid, held, amount=350_000, paid_at=world.clock.now()))
    world.clock.set(max(world.clock.now(), held.state.seat.starts_at))
    visit = await world.service.visits.check_in(VisitorLookup(appointment_id=held.id), FRONT, "in")
    assert visit.state.status is Status.CHECKED_IN
    await world.rules_hold()


async def test_a_session_of_today_that_is_over_is_closed_but_a_repeat_meets_its_hold() -> None:
    world = await at_the_counter(119)
    held = await hold(world)
    world.clock.advance(60)
    with pytest.raises(SessionClosed):
        await hold(world, command_id="another")
    assert (await hold(world)).id == held.id


@pytest.mark.acceptance("F69.priority_quota")
async def test_a_priority_seat_of_today_is_given_on_its_ground() -> None:
    world = await at_the_counter(10)
    assert (await hold(world, pool=Pool.PRIORITY, need=Need.PREGNANT)).state.priority is not None


async def test_regular_seats_and_other_days_keep_the_close_of_booking() -> None:
    world = await at_the_counter(-179)
    with pytest.raises(SessionClosed):
        await hold(world, pool=Pool.REGULAR)
    tomorrow = world.session_id(day=TUESDAY + timedelta(days=1))
    held = await hold(world, session_id=tomorrow)
    assert held.state.pay_until is None


async def test_never_more_than_the_pool_of_today_and_what_is_sold_out_says_so() -> None:
    world = await at_the_counter(10, walk_in=1)
    await hold(world)
    await world.submitted("budi")
    with pytest.raises(SessionSoldOut):
        await world.service.booking.hold_at_counter(world.wish("budi", actor=FRONT, pool=Pool.WALK_IN))


async def test_only_the_offices_own_officers() -> None:
    world = await at_the_counter(10)
    for elsewhere in (NORTH, EAST):
        with pytest.raises(NotYourOffice):
            await hold(world, actor=Actor("front", elsewhere.office_id, is_staff=True))


async def test_an_unpaid_one_goes_back_at_the_end_of_its_bill() -> None:
    world = await at_the_counter(10)
    held = await hold(world)
    await world.hear(world.requested(held))
    await world.hear(world.bill(billing.BillExpired, held))
    assert (await world.appointment(held.id)).state.released_for == "bill_expired"
    await world.rules_hold()


async def test_over_http_an_applicant_has_no_walk_in_seat(office: Office) -> None:
    assert (await office.hold(pool="walk_in"))[0] == 409
