"""Priority seats: who may hold one, what the officer does when the ground is not so (F69)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.priority import (
    AgeBand,
    Denial,
    Need,
    Priority,
    PriorityProblem,
    Proof,
    band_of,
    priority_of,
)
from services.scheduling.booking.appointments.priority_errors import (
    NoPriorityToDeny,
    NotInPriorityGroup,
    PriorityNeedMissing,
)
from services.scheduling.errors import NotYourOffice
from services.scheduling.offices.facts import PriorityLimits
from services.scheduling.terms import Pool
from services.scheduling.visit.counter import queue as counter
from services.scheduling.visit.counter.check_in import VisitorLookup
from services.scheduling.visit.counter.queue import CounterCommand, CounterDay, Lane, Visitor, VisitorState
from shared.events import billing
from shared.events.scheduling import AppointmentRescheduled
from shared.store.port import VersionConflict
from tests.unit.scheduling.faulty_stores import Counting
from tests.unit.scheduling.world import FRONT, NORTH, START, TUESDAY, Actor, World, make_world, plan, weekly

LIMITS = PriorityLimits(date(2022, 1, 26), child_below_years=12, elderly_above_years=60)


async def made(regular: int = 1, **changes: object) -> World:
    world = make_world(templates=weekly(plan(regular, priority=2)), **changes)  # type: ignore[arg-type]
    await world.parts.start()  # type: ignore[misc]
    return world


@pytest.mark.parametrize(
    ("need", "band", "found"),
    [
        (None, "5-11", Priority(Need.CHILD, Proof.PROVEN)),
        (None, "61+", Priority(Need.ELDERLY, Proof.PROVEN)),
        (None, "12-16", PriorityProblem.NEED_MISSING),
        (None, "17-60", PriorityProblem.NEED_MISSING),
        (None, None, PriorityProblem.NEED_MISSING),
        (Need.CHILD, "0-4", Priority(Need.CHILD, Proof.PROVEN)),
        (Need.CHILD, "12-16", PriorityProblem.NOT_IN_GROUP),
        (Need.ELDERLY, "17-60", PriorityProblem.NOT_IN_GROUP),
        (Need.ELDERLY, "61+", Priority(Need.ELDERLY, Proof.PROVEN)),
        (Need.ELDERLY, None, Priority(Need.ELDERLY, Proof.TO_BE_SHOWN)),
        (Need.CHILD, "0-20", Priority(Need.CHILD, Proof.TO_BE_SHOWN)),
        (Need.ELDERLY, "50-70", Priority(Need.ELDERLY, Proof.TO_BE_SHOWN)),
        (Need.DISABILITY, "17-60", Priority(Need.DISABILITY, Proof.TO_BE_SHOWN)),
        (Need.PREGNANT, None, Priority(Need.PREGNANT, Proof.TO_BE_SHOWN)),
    ],
)
def test_age_proves_itself_and_what_it_cannot_tell_is_shown(
    need: Need | None, band: str | None, found: Priority | PriorityProblem
) -> None:
    assert priority_of(need, band_of(band), LIMITS) == found


def test_before_the_first_limits_everybody_is_looked_at() -> None:
    assert priority_of(Need.CHILD, AgeBand(17, 60), None) == Priority(Need.CHILD, Proof.TO_BE_SHOWN)


@pytest.mark.parametrize(
    ("text", "band"),
    [("5-11", AgeBand(5, 11)), ("61+", AgeBand(61, None)), ("", None), (None, None), ("old", None), ("5-old", None)],
)
def test_a_band_is_read_as_it_is_said(text: str | None, band: AgeBand | None) -> None:
    assert band_of(text) == band


@pytest.mark.acceptance("F69.priority_quota")
async def test_a_priority_seat_is_for_whom_it_is() -> None:
    world = await made()
    await world.submitted("ani", age="17-60")
    with pytest.raises(PriorityNeedMissing) as missing:
        await world.service.booking.hold(world.wish(pool=Pool.PRIORITY))
    assert (missing.value.code, missing.value.field) == ("priority_need_missing", "/priority_need")
    with pytest.raises(NotInPriorityGroup) as refused:
        await world.service.booking.hold(world.wish(pool=Pool.PRIORITY, need=Need.ELDERLY))
    assert dict(refused.value.facts) == {"child_below_years": 12, "elderly_above_years": 60}
    assert refused.value.next_action and refused.value.title_id
    assert await world.of("application-ani") == []
    await world.submitted("kakek", age="61+")
    held = await world.service.booking.hold(world.wish("kakek", pool=Pool.PRIORITY))
    assert held.state.priority == Priority(Need.ELDERLY, Proof.PROVEN)
    declared = await world.service.booking.hold(world.wish(pool=Pool.PRIORITY, need=Need.PREGNANT))
    assert declared.state.priority == Priority(Need.PREGNANT, Proof.TO_BE_SHOWN)


@pytest.mark.acceptance("F69.priority_quota")
async def test_an_officer_is_under_the_same_rule_and_a_regular_seat_needs_none() -> None:
    world = await made()
    await world.submitted("ani", age="17-60")
    with pytest.raises(NotInPriorityGroup):
        await world.service.booking.hold(world.wish(pool=Pool.PRIORITY, actor=FRONT, need=Need.CHILD))
    assert (await world.service.booking.hold(world.wish())).state.priority is None


async def test_the_ground_is_asked_without_reading() -> None:
    world = await made(wrap=Counting)
    await world.hold("siti")
    await world.submitted("kakek", age="61+")
    seen = world.store.seen  # type: ignore[attr-defined]
    seen.clear()
    await world.service.booking.hold(world.wish("kakek", pool=Pool.PRIORITY))
    assert set(seen) == {("get", "application_copy"), ("claim_one", "seat"), ("insert", "appointment")}


async def pregnant(world: World) -> str:
    await world.submitted("ani")
    held = await world.service.booking.hold(world.wish(pool=Pool.PRIORITY, need=Need.PREGNANT))
    await world.hear(world.bill(billing.BillPaid, held, amount=350_000, paid_at=world.clock.now()))
    return held.id


async def arrive(world: World) -> None:
    """Tuesday, 08:00 in Jakarta: the booking of the session has closed."""
    world.clock.advance((START + timedelta(hours=23) - world.clock.now()).total_seconds())


async def test_who_shows_nothing_gets_a_regular_seat_of_the_session_and_the_priority_seat_goes_back() -> None:
    world = await made()
    visit = await pregnant(world)
    await arrive(world)
    denied = await world.service.priority.deny(visit, Denial.NOTHING_SHOWN, FRONT, "deny")
    ground = denied.state.priority
    assert ground is not None
    assert (ground.proof, ground.denied_by, ground.denied_for) == (Proof.DENIED, FRONT.account_id, "nothing_shown")
    assert (denied.state.status, denied.state.seat.pool) == (Status.CONFIRMED, "regular")
    assert len(await world.said(AppointmentRescheduled)) == 1
    again = await world.service.priority.deny(visit, Denial.NOTHING_SHOWN, FRONT, "deny")
    assert again.state.seat == denied.state.seat
    with pytest.raises(NoPriorityToDeny):
        await world.service.priority.deny(visit, Denial.NOTHING_SHOWN, FRONT, "once more")
    await world.pass_time(301)
    pools = {each.pool: each.status.value for each in await world.seats() if each.claimed_by == visit}
    assert list(pools) == ["regular"]
    await world.rules_hold()


async def test_where_no_regular_seat_is_free_the_visit_queues_with_the_bookings() -> None:
    world = await made(regular=1)
    visit = await pregnant(world)
    await world.hold("budi")
    await arrive(world)
    denied = await world.service.priority.deny(visit, Denial.NOT_IN_GROUP, FRONT, "deny")
    assert (denied.state.status, denied.state.seat.pool) == (Status.CONFIRMED, "priority")
    await world.service.visits.check_in(VisitorLookup(appointment_id=visit), FRONT, "in")
    hall = await world.service.counter.find_queue(FRONT.office_id or "")
    assert hall.day.visitors[visit].lane is Lane.BOOKED


async def test_who_is_in_the_queue_already_changes_lanes() -> None:
    world = await made()
    visit = await pregnant(world)
    await arrive(world)
    await world.service.visits.check_in(VisitorLookup(appointment_id=visit), FRONT, "in")
    office = FRONT.office_id or ""
    assert (await world.service.counter.find_queue(office)).day.visitors[visit].lane is Lane.PRIORITY
    denied = await world.service.priority.deny(visit, Denial.NOTHING_SHOWN, FRONT, "deny")
    assert denied.state.seat.pool == "priority"
    assert (await world.service.counter.find_queue(office)).day.visitors[visit].lane is Lane.BOOKED


async def test_who_is_called_already_stays_where_they_are() -> None:
    visitor = Visitor("v", "P-001", Lane.PRIORITY, VisitorState.WAITING, START, START)
    day = CounterDay("office", TUESDAY, {"v": visitor})
    assert counter.in_lane(day, "v", Lane.BOOKED, TUESDAY_START).visitors["v"].order == TUESDAY_START
    called = counter.called_next(day, "1", START)
    assert called is not None
    assert counter.in_lane(called[0], "v", Lane.BOOKED, START) == called[0]
    parked = counter.changed(called[0], "v", CounterCommand.PARK, START)
    assert counter.in_lane(parked, "v", Lane.BOOKED, START).visitors["v"].lane is Lane.BOOKED


TUESDAY_START = START + timedelta(hours=23)


async def test_only_a_declared_need_is_denied_and_only_by_its_office() -> None:
    world = await made()
    visit = await pregnant(world)
    with pytest.raises(NotYourOffice):
        await world.service.priority.deny(visit, Denial.NOTHING_SHOWN, Actor("x", NORTH.office_id, is_staff=True), "d")
    await world.submitted("kakek", age="61+")
    held = await world.service.booking.hold(world.wish("kakek", pool=Pool.PRIORITY))
    with pytest.raises(NoPriorityToDeny) as refused:
        await world.service.priority.deny(held.id, Denial.NOTHING_SHOWN, FRONT, "d")
    assert refused.value.facts["state"] == "proven"
    plain = await world.hold("budi")
    with pytest.raises(NoPriorityToDeny):
        await world.service.priority.deny(plain.id, Denial.NOTHING_SHOWN, FRONT, "d")


async def test_a_denial_before_the_payment_keeps_the_seat() -> None:
    world = await made()
    await world.submitted("ani")
    held = await world.service.booking.hold(world.wish(pool=Pool.PRIORITY, need=Need.DISABILITY))
    denied = await world.service.priority.deny(held.id, Denial.NOTHING_SHOWN, FRONT, "d")
    assert (denied.state.status, denied.state.seat.pool) == (Status.HELD, "priority")


async def test_a_move_that_meets_another_writer_leaves_the_visit_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await made()
    visit = await pregnant(world)

    async def conflict(*_given: object, **_named: object) -> None:
        raise VersionConflict

    monkeypatch.setattr(world.service.priority._relocation, "reach", conflict)
    denied = await world.service.priority.deny(visit, Denial.NOTHING_SHOWN, FRONT, "deny")
    assert denied.state.priority is not None and denied.state.priority.proof is Proof.DENIED
