"""Check-in at the counter, recorded interviews and missed visits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.errors import NotPossibleNow, QueueCodeNotValid, QueueCodeReplaced
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice
from services.scheduling.visit.counter.check_in import VisitorLookup
from services.scheduling.visit.counter.check_in_errors import (
    NotPaidYet,
    TooEarlyToCheckIn,
    VisitMissed,
    VisitOnAnotherDay,
)
from shared.errors import NotFound
from shared.events import application
from shared.events import scheduling as said
from shared.service import NotYet
from shared.store.decision import Decision
from tests.unit.scheduling.world import FRONT, NORTH, SOUTH, TUESDAY, World, make_world, number_of

OTHERS = Actor("front-north", NORTH.office_id, is_staff=True)


async def on_the_day(world: World, before: timedelta = timedelta(minutes=30)) -> None:
    world.clock.set((await world.seats())[0].starts_at - before)


@pytest.mark.acceptance("F73.qr_alone")
@pytest.mark.parametrize("by", ["queue_code", "appointment_id", "application_id", "application_number", "person_id"])
async def test_a_visitor_is_found_by_any_of_five(world: World, by: str) -> None:
    paid = await world.paid()
    await on_the_day(world)
    known = {
        "queue_code": paid.state.queue_code,
        "appointment_id": paid.id,
        "application_id": paid.state.application_id,
        "application_number": number_of("ani"),
        "person_id": paid.state.person_id,
    }
    visitor = VisitorLookup(**{by: known[by]})
    here = await world.service.visits.check_in(visitor, FRONT, "check-in")
    again = await world.service.visits.check_in(visitor, FRONT, "another")
    assert here.state.status is again.state.status is Status.CHECKED_IN
    assert here.version == again.version
    (event,) = await world.said(said.VisitorCheckedIn)
    assert event.checked_in_at == world.clock.now()  # type: ignore[attr-defined]
    with pytest.raises(NotYourOffice):
        await world.service.visits.check_in(visitor, OTHERS, "elsewhere")
    await world.rules_hold()


async def test_an_unknown_visitor(world: World) -> None:
    for key in ("appointment_id", "application_id", "application_number", "person_id"):
        visitor = VisitorLookup(**{key: "x"})
        with pytest.raises(NotFound):
            await world.service.visits.check_in(visitor, FRONT, "check-in")
    with pytest.raises(QueueCodeNotValid):
        await world.service.visits.check_in(VisitorLookup(queue_code="forged"), FRONT, "check-in")


async def test_a_code_from_before_the_move_is_refused(world: World) -> None:
    paid = await world.paid()
    wednesday = world.session_id(SOUTH, TUESDAY + timedelta(days=1))
    moved = await world.service.moves.reschedule(world.move(paid, wednesday))
    world.clock.set(moved.state.seat.starts_at)
    with pytest.raises(QueueCodeReplaced):
        await world.service.visits.check_in(VisitorLookup(queue_code=paid.state.queue_code), FRONT, "old")
    await world.service.visits.check_in(VisitorLookup(queue_code=moved.state.queue_code), FRONT, "new")


async def test_day_and_hour(world: World) -> None:
    paid = await world.paid()
    visitor = VisitorLookup(appointment_id=paid.id)
    with pytest.raises(VisitOnAnotherDay) as refused:
        await world.service.visits.check_in(visitor, FRONT, "today")
    assert refused.value.facts["date"] == "2026-11-24"
    await on_the_day(world, timedelta(minutes=60, milliseconds=1))
    with pytest.raises(TooEarlyToCheckIn):
        await world.service.visits.check_in(visitor, FRONT, "early")
    await on_the_day(world, timedelta(minutes=60))
    await world.service.visits.check_in(visitor, FRONT, "in time")


async def test_a_local_run_may_check_in_on_any_day() -> None:
    world = make_world(check_in_any_day=True)
    await world.parts.start()  # type: ignore[misc]
    paid = await world.paid()
    visitor = VisitorLookup(number=paid.state.seat.queue_number)
    here = await world.service.visits.check_in(visitor, FRONT, "early")
    assert (here.id, here.state.status) == (paid.id, Status.CHECKED_IN)
    with pytest.raises(NotFound):
        await world.service.visits.check_in(VisitorLookup(number="Z-999"), FRONT, "nobody")


async def test_a_queue_number_of_another_day_is_nobody(world: World) -> None:
    paid = await world.paid()
    with pytest.raises(NotFound):
        await world.service.visits.check_in(VisitorLookup(number=paid.state.seat.queue_number), FRONT, "early")


@pytest.mark.acceptance("F73.by_application_number")
async def test_the_number_on_the_letter_finds_the_newest_visit_and_no_draft(world: World) -> None:
    paid = await world.paid()
    moved = await world.service.moves.reschedule(world.move(paid, world.session_id(SOUTH, TUESDAY + timedelta(days=1))))
    world.clock.set(moved.state.seat.starts_at)
    here = await world.service.visits.check_in(VisitorLookup(application_number=number_of("ani")), FRONT, "newest")
    assert (here.id, here.state.status) == (moved.id, Status.CHECKED_IN)
    await world.submitted("budi")
    with pytest.raises(NotFound):
        await world.service.visits.check_in(VisitorLookup(application_number=number_of("budi")), FRONT, "no seat")


async def test_who_has_not_paid_or_has_given_up(world: World) -> None:
    held = await world.hold()
    await on_the_day(world)
    with pytest.raises(NotPaidYet):
        await world.service.visits.check_in(VisitorLookup(appointment_id=held.id), FRONT, "unpaid")
    await world.pass_time(0)
    with pytest.raises(NotPossibleNow):
        await world.service.visits.check_in(VisitorLookup(application_id="application-ani"), FRONT, "gone")


def interviewed(appointment_id: str) -> application.InterviewRecorded:
    return application.InterviewRecorded(
        application_id="application-ani",
        account_id="account-ani",
        appointment_id=appointment_id,
        office_id=SOUTH.office_id,
        outcome="approved",
    )


async def test_the_interview_ends_the_visit(world: World) -> None:
    paid = await world.paid()
    await on_the_day(world)
    await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "check-in")
    for message in ("interview", "interview", "again"):
        await world.hear(interviewed(paid.id), message)
    assert (await world.appointment(paid.id)).state.status is Status.USED
    assert await world.buckets() == {"used": 1, "free": 1}
    with pytest.raises(NotYet):
        await world.hear(interviewed("unknown"))
    with pytest.raises(NotPossibleNow):
        await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "late")
    await world.rules_hold()
    wednesday = world.session_id(SOUTH, TUESDAY + timedelta(days=1))
    assert (await world.hold("ani", "next passport", session_id=wednesday)).state.status is Status.HELD


async def test_the_interview_of_a_visit_that_moves_waits_for_the_end_of_the_move(world: World) -> None:
    paid = await world.paid()
    appointments = world.service.repositories.appointments
    for status in (Status.MOVING, Status.CONFIRMED):
        await appointments.change(paid.id, lambda state, now=status: Decision(replace(state, status=now)), world.clock)
        if status is Status.MOVING:
            with pytest.raises(NotYet, match="moves"):
                await world.hear(interviewed(paid.id), "interview")
    await world.hear(interviewed(paid.id), "interview")
    assert (await world.appointment(paid.id)).state.status is Status.USED


async def test_who_does_not_come_is_missed_after_the_session(world: World) -> None:
    paid = await world.paid()
    ends_at = paid.state.seat.ends_at
    world.clock.set(ends_at + timedelta(minutes=30, milliseconds=-1))
    await world.worker.run_due()
    assert (await world.appointment(paid.id)).state.status is Status.CONFIRMED
    await world.pass_time(0.001)
    assert (await world.appointment(paid.id)).state.status is Status.NO_SHOW
    (event,) = await world.said(said.VisitorMissed)
    assert event.session_id == world.session_id()  # type: ignore[attr-defined]
    assert await world.buckets() == {"no_show": 1, "free": 1}
    with pytest.raises(VisitMissed):
        await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "late")
    await world.rules_hold()
