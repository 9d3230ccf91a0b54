"""A visit let in on a proof of payment that is not valid does not count; its seat is accounted for, its office told."""

from __future__ import annotations

from typing import Any

import pytest

from services.scheduling.booking.abuse.flag import FlagStatus
from services.scheduling.booking.abuse.limits import Pattern
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.visit.counter import queue as counter
from services.scheduling.visit.counter.check_in import VisitorLookup
from services.scheduling.visit.counter.queue import CounterCommand, CounterDay, Lane, Visitor, VisitorState
from shared.events import billing
from shared.events.application import InterviewRecorded
from shared.events.codes import ReleaseReason
from shared.events.scheduling import AppointmentReleased, VisitorCheckedIn, VisitVoided
from shared.store import Record
from tests.unit.scheduling.faulty_stores import Dying, Killed
from tests.unit.scheduling.world import FRONT, SOUTH, START, TUESDAY, World, make_world

NTPN = "0" * 16


async def let_in(world: World) -> Record[Appointment]:
    """Somebody whose payment does not show is let in on Tuesday morning."""
    held = await world.hold()
    await world.hear(world.requested(held))
    world.clock.set(held.state.seat.starts_at)
    return await world.service.visits.arrive_on_proof(VisitorLookup(appointment_id=held.id), NTPN, FRONT, "proof")


async def interviewed(world: World, record: Record[Appointment]) -> None:
    said = InterviewRecorded(
        application_id=record.state.application_id,
        account_id=record.state.account_id,
        appointment_id=record.id,
        office_id=SOUTH.office_id,
        outcome="approved",
    )
    await world.hear(said)


def closed(record: Record[Appointment], **changes: Any) -> billing.PaymentCaseClosed:
    given: dict[str, Any] = {
        "case_id": "case",
        "kind": "arrived_on_proof",
        "outcome": "not_paid",
        "appointment_id": record.id,
        "application_id": record.state.application_id,
        "account_id": record.state.account_id,
    }
    return billing.PaymentCaseClosed(**(given | changes))


async def flags_of(world: World) -> list[Any]:
    return await world.service.repositories.activity.flags_of(SOUTH.office_id, FlagStatus.OPEN)


async def test_who_is_still_at_the_counter_loses_seat_and_place_in_the_queue(world: World) -> None:
    record = await let_in(world)
    assert record.id in (await world.service.counter.find_queue(SOUTH.office_id)).day.visitors
    await world.hear(closed(record))
    after = await world.appointment(record.id)
    assert (after.state.status, after.state.released_for) == (Status.RELEASED, ReleaseReason.PROOF_REFUSED)
    assert record.id not in (await world.service.counter.find_queue(SOUTH.office_id)).day.visitors
    (released,) = await world.said(AppointmentReleased)
    assert (released.reason, released.was_confirmed) == ("proof_refused", False)  # type: ignore[attr-defined]
    (said,) = await world.said(VisitVoided)
    assert not said.took_place  # type: ignore[attr-defined]
    (flag,) = await flags_of(world)
    assert (flag.state.pattern, flag.state.subject_id) == (Pattern.PROOF_REFUSED, "account-ani")
    assert (await world.buckets()).get("cooling") == 1
    await world.rules_hold()


async def test_a_visit_that_took_place_does_not_count_and_keeps_the_seat_that_it_used(world: World) -> None:
    record = await let_in(world)
    await interviewed(world, record)
    await world.hear(closed(record, appointment_id=None))
    after = await world.appointment(record.id)
    assert (after.state.status, after.state.live) == (Status.VOID, False)
    (said,) = await world.said(VisitVoided)
    assert said.took_place  # type: ignore[attr-defined]
    assert await world.buckets() == {"used": 1, "free": 1}
    await world.rules_hold()
    # the bank finds the money after all
    await world.hear(world.bill(billing.BillPaid, record, amount=350_000, paid_at=world.clock.now()))
    assert (await world.appointment(record.id)).state.status is Status.USED
    assert len(await world.said(VisitorCheckedIn)) == 2


async def test_the_same_word_twice_is_one_effect(world: World) -> None:
    record = await let_in(world)
    for message in ("one", "one", "two"):
        await world.hear(closed(record), message)
    assert len(await world.said(VisitVoided)) == 1
    assert len(await flags_of(world)) == 1


@pytest.mark.parametrize("write", range(5))
async def test_a_repeat_finishes_what_a_crash_left(write: int) -> None:
    made: list[Dying] = []

    def wrap(base: Any) -> Any:
        made.append(Dying(base))
        return made[-1]

    world = make_world(wrap=wrap)
    await world.parts.start()  # type: ignore[misc]
    record = await let_in(world)
    made[0].arm(write, after=True)
    try:
        await world.hear(closed(record), "word")
    except Killed:
        await world.hear(closed(record), "word")
    made[0].disarm()
    assert (await world.appointment(record.id)).state.status is Status.RELEASED
    assert len(await world.said(VisitVoided)) == 1
    assert len(await flags_of(world)) == 1
    await world.recover()
    await world.rules_hold()


async def test_other_words_change_nothing(world: World) -> None:
    record = await let_in(world)
    for said in (
        closed(record, outcome="confirmed"),
        closed(record, kind="claim_unconfirmed"),
        closed(record, appointment_id="unknown"),
        closed(record, appointment_id=None, application_id="unknown"),
    ):
        await world.hear(said)
    assert (await world.appointment(record.id)).state.status is Status.ON_PROOF
    await world.hear(world.bill(billing.BillPaid, record, amount=350_000, paid_at=world.clock.now()))
    await world.hear(closed(record))
    assert (await world.appointment(record.id)).state.status is Status.CHECKED_IN
    assert await flags_of(world) == []


def test_who_is_called_stays_in_the_queue() -> None:
    visitor = Visitor("v", "A-001", Lane.BOOKED, VisitorState.WAITING, START, START)
    day = CounterDay("office", TUESDAY, {"v": visitor})
    assert counter.without(day, "other") is day
    called = counter.called_next(day, "1", START)
    assert called is not None and counter.without(called[0], "v") == called[0]
    parked = counter.changed(called[0], "v", CounterCommand.PARK, START)
    assert counter.without(parked, "v").visitors == {}
