"""A visit that was stopped or missed: what the applicant is told to do, and until when (F31, F70 to F72)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.application import errors
from services.application.applications.next_step import Step
from services.application.applications.visit import SeatState
from shared.events import scheduling
from tests.unit.application import make
from tests.unit.application.world import FRONT, World

UNTIL = make.VISIT + timedelta(days=30)


async def visited(world: World) -> str:
    application_id = await world.submitted()
    await world.tell(make.confirmed(application_id=application_id), 3)
    return application_id


async def test_who_was_stopped_by_the_systems_is_told_to_choose_a_date_and_until_when(world: World) -> None:
    application_id = await visited(world)
    await world.tell(make.checked_in(application_id=application_id), 4)
    stopped = scheduling.VisitInterrupted(
        **make.untimed(application_id=application_id),
        session_id="s1",
        until=UNTIL,
        office_timezone="Asia/Jakarta",
    )
    await world.tell(stopped, 5)
    seen = await world.look(application_id)
    assert seen.progress.current_step == Step.CHOOSE_SEAT
    assert seen.progress.next_action.deadline == UNTIL
    assert "do not pay again" in seen.progress.next_action.en
    assert Step.PAY not in seen.progress.remaining
    moved = make.rescheduled(application_id=application_id, cause="special")
    await world.tell(moved, 7)
    seen = await world.look(application_id)
    assert (seen.progress.current_step, seen.progress.next_action.deadline) == (Step.COME, moved.starts_at)
    lines = [(entry.what, entry.detail) for entry in seen.application.timeline]
    assert ("visit_interrupted", None) in lines
    assert ("appointment_rescheduled", "special") in lines


@pytest.mark.acceptance("F72.causes_shown", "F72.until_when")
async def test_who_did_not_come_is_told_which_causes_count_and_until_when(world: World) -> None:
    application_id = await visited(world)
    await world.tell(make.missed(application_id=application_id, ask_until=UNTIL), 4)
    told = (await world.look(application_id)).progress.next_action
    assert told.deadline == UNTIL
    assert all(cause in told.en for cause in ("system fault", "illness", "force majeure"))
    assert all(cause in told.id for cause in ("Gangguan sistem", "sakit", "keadaan kahar"))


async def test_the_decision_and_the_end_of_a_special_reschedule_are_told(world: World) -> None:
    application_id = await visited(world)
    await world.tell(make.missed(application_id=application_id, ask_until=UNTIL), 4)
    ours = make.untimed(application_id=application_id)
    await world.tell(scheduling.SpecialRescheduleRefused(**ours, reason="evidence_missing"), 6)
    seen = await world.look(application_id)
    assert "refused" in seen.progress.next_action.en
    assert seen.application.visits.last_seat is not None
    assert seen.application.visits.last_seat.state is SeatState.MISSED
    await world.tell(scheduling.SpecialRescheduleOpened(**ours, cause="illness", until=UNTIL), 8)
    seen = await world.look(application_id)
    assert (seen.progress.current_step, seen.progress.next_action.deadline) == (Step.CHOOSE_SEAT, UNTIL)
    await world.tell(scheduling.SpecialRescheduleEnded(**ours), 9)
    seen = await world.look(application_id)
    assert "not chosen in time" in seen.progress.next_action.en
    lines = [(entry.what, entry.detail) for entry in seen.application.timeline]
    assert ("special_reschedule_refused", "evidence_missing") in lines
    assert ("special_reschedule_opened", "illness") in lines
    assert ("special_reschedule_ended", None) in lines


async def test_a_visit_on_a_proof_that_is_not_valid_does_not_count(world: World) -> None:
    application_id = await visited(world)
    ours = make.untimed(application_id=application_id)
    await world.tell(scheduling.AppointmentReleased(**ours, session_id="s", reason="proof_refused"), 6)
    await world.tell(scheduling.VisitVoided(**ours), 6)
    seen = await world.look(application_id)
    assert (seen.progress.current_step, "not valid" in seen.progress.next_action.en) == (Step.CHOOSE_SEAT, True)
    assert ("visit_voided", "proof_refused") in [(entry.what, entry.detail) for entry in seen.application.timeline]


async def test_a_refusal_of_another_visit_changes_nothing(world: World) -> None:
    application_id = await visited(world)
    ours = make.untimed(application_id=application_id, appointment_id="another")
    await world.tell(scheduling.SpecialRescheduleRefused(**ours, reason="evidence_missing"), 6)
    assert (await world.look(application_id)).progress.current_step == Step.COME


async def test_a_move_that_was_asked_for_needs_no_cause(world: World) -> None:
    application_id = await visited(world)
    await world.tell(make.rescheduled(application_id=application_id), 5)
    lines = [(entry.what, entry.detail) for entry in (await world.look(application_id)).application.timeline]
    assert ("appointment_rescheduled", None) in lines


async def test_an_officer_finds_an_application_by_its_number_at_the_own_office_only(world: World) -> None:
    application_id = await visited(world)
    number = (await world.look(application_id)).application.number
    counter = world.service.counter
    assert [seen.application_id for seen in await counter.by_number(make.OFFICE, number, FRONT)] == [application_id]
    assert await counter.by_number(make.OFFICE, "2026000000000000", FRONT) == []
    elsewhere = replace(FRONT, office_id="merauke")
    assert await counter.by_number("merauke", number, elsewhere) == []
    with pytest.raises(errors.NotYourOffice):
        await counter.by_number(make.OFFICE, number, elsewhere)
