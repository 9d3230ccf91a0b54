"""A new date without paying again: asked for, decided, at once after an interruption, used in one step, or over."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.errors import BeingMoved, NotPossibleNow, PersonHasAppointment
from services.scheduling.booking.appointments.next_step import step_of
from services.scheduling.booking.appointments.special_reschedule_causes import SpecialRefusal
from services.scheduling.booking.appointments.special_reschedule_right import SpecialState
from services.scheduling.booking.appointments.views import appointment_view
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice
from services.scheduling.offices.bookable_sessions import OpenWish
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed, SessionNotFound, SessionSoldOut
from services.scheduling.visit.bulk_jobs.job import BATCH, BulkState, Outcome
from services.scheduling.visit.bulk_jobs.service import DayInterruption
from services.scheduling.visit.counter.check_in import VisitorLookup
from services.scheduling.visit.special_reschedule.errors import (
    NoSpecialAsked,
    NoSpecialLeft,
    SpecialAlreadyAsked,
    SpecialCauseNotPermitted,
    SpecialOver,
    TooLateForSpecial,
)
from services.scheduling.visit.special_reschedule.service import NewDate, SpecialDecision, SpecialWish
from shared.audit import AUDIT, OverrideNeedsReason
from shared.errors import NotFound
from shared.events import billing
from shared.events import scheduling as said
from shared.events.application import ApplicationWithdrawn
from shared.events.billing import SeatReleaseRequested
from shared.events.codes import MoveCause, SpecialCause
from shared.store import Record
from tests.unit.scheduling.faulty_stores import Dying, Killed
from tests.unit.scheduling.world import BOSS, EAST, FRONT, NORTH, SOUTH, TUESDAY, World, make_world, plan, weekly

WEDNESDAY = TUESDAY + timedelta(days=1)
THURSDAY = TUESDAY + timedelta(days=2)


async def started(world: World) -> World:
    assert world.parts.start is not None
    await world.parts.start()
    return world


async def missed(world: World, person: str = "ani") -> Record[Appointment]:
    """A paid visit whose session went by."""
    paid = await world.paid(person)
    world.clock.set(paid.state.seat.ends_at + timedelta(minutes=30))
    await world.worker.run_due()
    return await world.appointment(paid.id)


async def at_the_office(world: World, person: str = "ani") -> Record[Appointment]:
    """A paid visit that began with a check-in."""
    paid = await world.paid(person)
    world.clock.set(paid.state.seat.starts_at)
    return await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, f"check-in-{person}")


def asking(record: Record[Appointment], cause: SpecialCause = SpecialCause.ILLNESS, key: str = "ask") -> SpecialWish:
    return SpecialWish(record.id, cause, "letter of Dr Contoh, no. 12", Actor(record.state.account_id), key)


async def granted(world: World, record: Record[Appointment]) -> Record[Appointment]:
    await world.service.specials.ask(asking(record))
    return await world.service.specials.decide(SpecialDecision(record.id, None, FRONT, "decide"))


def new_date(record: Record[Appointment], session_id: str, key: str = "use") -> NewDate:
    return NewDate(record.id, session_id, Actor(record.state.account_id), key)


@pytest.mark.acceptance("F72.no_show", "F72.causes_shown", "F72.until_when")
async def test_who_missed_the_visit_sees_the_causes_and_until_when(world: World) -> None:
    record = await missed(world)
    assert record.state.status is Status.NO_SHOW
    view = appointment_view(record, world.service.context)
    assert view.special_causes == ["system_fault", "illness", "force_majeure"]
    until = record.state.seat.ends_at + timedelta(days=14)
    assert (view.special_ask_until, view.deadline) == (until, until)
    (event,) = await world.said(said.VisitorMissed)
    assert isinstance(event, said.VisitorMissed) and event.ask_until == until
    world.clock.set(until)
    assert appointment_view(record, world.service.context).special_causes != []
    world.clock.set(until + timedelta(milliseconds=1))
    view = appointment_view(record, world.service.context)
    assert (view.special_causes, view.deadline) == ([], None)


@pytest.mark.acceptance("F70.request", "F70.decision", "F70.new_date")
async def test_request_decision_new_date_without_paying_again(world: World) -> None:
    record = await missed(world)
    asked = await world.service.specials.ask(asking(record))
    assert asked.state.special is not None and asked.state.special.state is SpecialState.ASKED
    assert "Contoh" not in str(asked.state), "evidence is kept sealed"
    (waiting,) = await world.service.specials.list_requests(SOUTH.office_id, FRONT)
    assert await world.service.specials.evidence(waiting) == "letter of Dr Contoh, no. 12"
    opened = await world.service.specials.decide(SpecialDecision(record.id, None, FRONT, "decide"))
    assert opened.state.status is Status.SPECIAL_OPEN
    assert await world.service.specials.list_requests(SOUTH.office_id, FRONT) == []
    (told,) = await world.said(said.SpecialRescheduleOpened)
    assert isinstance(told, said.SpecialRescheduleOpened)
    assert (told.cause, told.until) == ("illness", world.clock.now() + timedelta(days=30))
    view = appointment_view(opened, world.service.context)
    assert (view.current_step, view.deadline) == ("choose_new_date", told.until)
    target = world.session_id(EAST, THURSDAY)
    moved = await world.service.specials.use(new_date(opened, target))
    assert (moved.state.status, moved.state.seat.session_id) == (Status.CONFIRMED, target)
    assert moved.state.special is not None and moved.state.special.state is SpecialState.USED
    (event,) = await world.said(said.AppointmentRescheduled)
    assert isinstance(event, said.AppointmentRescheduled) and event.cause == "special"
    assert moved.state.bill_id == record.state.bill_id
    assert len(await world.said(said.SeatHeld)) == 1, "no new hold, so no new bill"
    again = await world.service.specials.use(new_date(opened, target))
    assert again.version == moved.version
    await world.recover()
    await world.rules_hold()


@pytest.mark.acceptance("F70.decision")
async def test_the_office_refuses_with_a_reason_and_the_outcome_is_told(world: World) -> None:
    record = await missed(world)
    await world.service.specials.ask(asking(record))
    no = SpecialDecision(record.id, SpecialRefusal.EVIDENCE_NOT_SUFFICIENT, FRONT, "no")
    refused = await world.service.specials.decide(no)
    assert refused.state.status is Status.NO_SHOW
    (event,) = await world.said(said.SpecialRescheduleRefused)
    assert isinstance(event, said.SpecialRescheduleRefused) and event.reason == "evidence_not_sufficient"
    assert (await world.service.specials.decide(no)).version == refused.version
    with pytest.raises(NoSpecialAsked):
        await world.service.specials.decide(SpecialDecision(record.id, None, FRONT, "yes"))
    asked = await world.service.specials.ask(asking(record, key="ask again"))
    assert asked.state.special is not None and asked.state.special.state is SpecialState.ASKED


@pytest.mark.acceptance("F70.new_date")
async def test_one_new_date_by_request(world: World) -> None:
    opened = await granted(world, await missed(world))
    moved = await world.service.specials.use(new_date(opened, world.session_id(SOUTH, THURSDAY)))
    with pytest.raises(NoSpecialLeft):
        await world.service.specials.ask(asking(moved, key="second"))


async def test_what_cannot_be_asked(world: World) -> None:
    record = await missed(world)
    specials = world.service.specials
    with pytest.raises(SpecialCauseNotPermitted):
        await specials.ask(asking(record, SpecialCause.OFFICE_CLOSED))
    with pytest.raises(NotFound):
        await specials.ask(SpecialWish(record.id, SpecialCause.ILLNESS, "x", Actor("stranger"), "k"))
    first = await specials.ask(asking(record))
    assert (await specials.ask(asking(record))).version == first.version
    with pytest.raises(SpecialAlreadyAsked):
        await specials.ask(asking(record, key="another"))
    held = await world.hold("budi", session_id=world.session_id(NORTH, THURSDAY))
    with pytest.raises(NotPossibleNow):
        await specials.ask(asking(held))
    other = await world.paid("citra", session_id=world.session_id(NORTH, THURSDAY))
    world.clock.set(other.state.seat.ends_at + timedelta(days=14, milliseconds=1))
    with pytest.raises(TooLateForSpecial):
        await specials.ask(asking(other))
    north = Actor("front", NORTH.office_id, is_staff=True)
    with pytest.raises(NotYourOffice):
        await specials.decide(SpecialDecision(record.id, None, north, "d"))
    with pytest.raises(NotYourOffice):
        await specials.list_requests(SOUTH.office_id, north)


async def test_who_came_after_all_is_refused(world: World) -> None:
    paid = await world.paid()
    await world.service.specials.ask(asking(paid))
    world.clock.set(paid.state.seat.starts_at)
    await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "check-in")
    with pytest.raises(NotPossibleNow):
        await world.service.specials.decide(SpecialDecision(paid.id, None, FRONT, "yes"))
    no = SpecialDecision(paid.id, SpecialRefusal.CAME_TO_THE_VISIT, FRONT, "no")
    assert (await world.service.specials.decide(no)).state.status is Status.CHECKED_IN


@pytest.mark.acceptance("F71.at_once", "F21.logged")
async def test_an_interrupted_visit_has_its_new_date_at_once(world: World) -> None:
    record = await at_the_office(world)
    stopped = await world.service.specials.interrupt(record.id, "system_fault", FRONT, "stop")
    assert stopped.state.status is Status.SPECIAL_OPEN
    assert (await world.service.specials.interrupt(record.id, "system_fault", FRONT, "stop")).version == stopped.version
    (event,) = await world.said(said.VisitInterrupted)
    assert isinstance(event, said.VisitInterrupted)
    assert event.until == world.clock.now() + timedelta(days=30)
    (line,) = await world.base.find(AUDIT, "overrides", {"state.office_id": SOUTH.office_id, "state.override": True})
    assert (line.state.act, line.state.reason, line.state.subject) == ("visit.interrupted", "system_fault", record.id)
    moved = await world.service.specials.use(new_date(stopped, world.session_id(SOUTH, WEDNESDAY)))
    assert (moved.state.status, moved.state.checked_in_at) == (Status.CONFIRMED, None)
    # what the systems broke does not use up the one date that may be asked for
    assert (
        visit_transitions.ask_problem(
            moved.state, SpecialCause.ILLNESS, now=world.clock.now(), rules=world.service.context.rules
        )
        is None
    )
    await world.rules_hold()


@pytest.mark.acceptance("F21.reason_or_refused")
async def test_an_interruption_without_a_coded_reason_is_refused(world: World) -> None:
    record = await at_the_office(world)
    with pytest.raises(OverrideNeedsReason):
        await world.service.specials.interrupt(record.id, "The printer is broken", FRONT, "stop")
    assert (await world.appointment(record.id)).state.status is Status.CHECKED_IN
    with pytest.raises(OverrideNeedsReason):
        await world.service.bulk_moves.interrupt_day(DayInterruption(SOUTH.office_id, TUESDAY, "", BOSS, "day"))


async def test_a_right_that_is_not_used_ends_and_says_so(world: World) -> None:
    opened = await granted(world, await missed(world))
    assert opened.state.special is not None and opened.state.special.until is not None
    world.clock.set(opened.state.special.until)
    await world.worker.run_due()
    record = await world.appointment(opened.id)
    assert (record.state.status, record.state.live) == (Status.SPECIAL_ENDED, False)
    assert len(await world.said(said.SpecialRescheduleEnded)) == 1
    assert step_of(record.state).current_step == "closed"
    await world.parts.deadlines["appointment", "special"](record, "special")
    assert len(await world.said(said.SpecialRescheduleEnded)) == 1
    with pytest.raises(NotPossibleNow):
        await world.service.specials.use(new_date(record, world.session_id(SOUTH, THURSDAY)))


class TestUsing:
    async def test_what_is_refused_keeps_the_right(self, world: World) -> None:
        opened = await granted(world, await missed(world))
        use = world.service.specials.use
        full = world.session_id(NORTH, THURSDAY)
        await world.hold("budi", session_id=full)
        await world.hold("citra", session_id=full)
        cases: list[tuple[type[Exception], str]] = [
            (SessionSoldOut, full),
            (SessionNotFound, "unknown"),
            (SessionClosed, world.session_id(EAST, TUESDAY)),
        ]
        wish = OpenWish(SOUTH.office_id, THURSDAY, plan(0, time(13), priority=2), BOSS, "o")
        other = await world.service.bookable_sessions.open(wish)
        cases.append((PoolNotOpen, other.session_id))
        for refusal, session_id in cases:
            with pytest.raises(refusal):
                await use(new_date(opened, session_id, f"use {session_id}"))
            assert (await world.appointment(opened.id)).state.status is Status.SPECIAL_OPEN
        with pytest.raises(NotFound):
            await use(NewDate(opened.id, full, Actor("stranger"), "k"))
        moved = await use(new_date(opened, world.session_id(SOUTH, THURSDAY)))
        assert moved.state.status is Status.CONFIRMED

    async def test_the_last_moment_counts(self) -> None:
        world = await started(make_world(special_seconds=3600))
        opened = await granted(world, await missed(world))
        assert opened.state.special is not None and opened.state.special.until is not None
        world.clock.set(opened.state.special.until + timedelta(milliseconds=1))
        with pytest.raises(SpecialOver):
            await world.service.specials.use(new_date(opened, world.session_id(SOUTH, THURSDAY)))
        world.clock.set(opened.state.special.until)
        await world.service.specials.use(new_date(opened, world.session_id(SOUTH, THURSDAY)))

    async def half(self, world: World) -> tuple[Record[Appointment], Record[Appointment]]:
        opened = await granted(world, await missed(world))
        return opened, await world.begin_move(opened, world.session_id(SOUTH, THURSDAY), MoveCause.SPECIAL, "use")

    async def test_half_done_without_a_seat_the_right_stays(self, world: World) -> None:
        opened, _ = await self.half(world)
        with pytest.raises(BeingMoved):
            await world.service.specials.use(new_date(opened, world.session_id(SOUTH, THURSDAY), "other"))
        await world.pass_time(15)
        record = await world.appointment(opened.id)
        assert (record.state.status, record.state.special) == (Status.SPECIAL_OPEN, opened.state.special)
        await world.parts.deadlines["appointment", "special_move"](record, "special_move")
        assert (await world.appointment(opened.id)).version == record.version

    async def test_half_done_with_a_seat_it_is_finished(self, world: World) -> None:
        opened, moving = await self.half(world)
        assert moving.state.move is not None
        target = world.session_id(SOUTH, THURSDAY)
        await world.service.inventory.claim_any(target, "regular", opened.id, token=moving.state.move.token)
        await world.pass_time(20)
        record = await world.appointment(opened.id)
        assert (record.state.status, record.state.seat.session_id) == (Status.CONFIRMED, target)
        await world.recover()
        await world.rules_hold()

    async def test_killed_at_any_write_the_right_or_the_date_is_there(self) -> None:
        for write in range(1, 8):
            for after in (False, True):
                made: list[Dying] = []
                world = await started(make_world(wrap=lambda base, made=made: made.append(Dying(base)) or made[0]))
                opened = await granted(world, await missed(world))
                made[0].arm(write, after=after)
                with contextlib.suppress(Killed):
                    await world.service.specials.use(new_date(opened, world.session_id(NORTH, THURSDAY)))
                made[0].disarm()
                await world.rules_hold()
                await world.recover()
                record = await world.appointment(opened.id)
                assert record.state.status in (Status.SPECIAL_OPEN, Status.CONFIRMED)
                moved = await world.service.specials.use(new_date(opened, world.session_id(NORTH, THURSDAY)))
                assert moved.state.status is Status.CONFIRMED
                assert len(await world.said(said.AppointmentRescheduled)) == 1
                await world.recover()
                await world.rules_hold()


class TestBulk:
    async def booked(self, world: World, people: int) -> list[Record[Appointment]]:
        return [await world.paid(f"p{number}") for number in range(people)]

    async def finish(self, world: World, job_id: str, actor: Actor = BOSS) -> Any:
        for _ in range(20):
            await world.pass_time(61)
            record = await world.service.bulk_moves.find_job(SOUTH.office_id, job_id, actor)
            if record.state.state is BulkState.DONE:
                return record.state
        raise AssertionError("the job does not end")

    async def test_a_session_moves_to_later_seats_and_the_rest_gets_a_new_date(self) -> None:
        world = await started(make_world(templates=weekly(plan(3)), horizon_days=3, late_offer_days=2))
        visits = await self.booked(world, 3)
        await world.paid("other", session_id=world.session_id(SOUTH, WEDNESDAY))
        job = await world.service.bulk_moves.begin(world.session_id(), "staff_missing", BOSS)
        assert (await world.service.bulk_moves.begin(world.session_id(), "staff_missing", BOSS)).id == job.id
        state = await self.finish(world, job.id)
        assert (state.count(Outcome.MOVED), state.count(Outcome.SPECIAL_OPENED), state.found) == (2, 1, 3)
        records = [await world.appointment(each.id) for each in visits]
        statuses = sorted(each.state.status for each in records)
        assert statuses == [Status.CONFIRMED, Status.CONFIRMED, Status.SPECIAL_OPEN]
        causes = {event.cause for event in await world.said(said.AppointmentRescheduled)}  # type: ignore[attr-defined]
        assert causes == {"moved_by_office"}
        assert all(each.state.moves_made == 0 for each in records)
        (opened,) = await world.said(said.SpecialRescheduleOpened)
        assert isinstance(opened, said.SpecialRescheduleOpened) and opened.cause == "office_closed"
        await world.rules_hold()

    async def test_who_still_pays_is_moved_once_it_is_paid(self, world: World) -> None:
        held = await world.hold()
        await world.hear(world.requested(held))
        job = await world.service.bulk_moves.begin(
            world.session_id(), "closed", BOSS, to=world.session_id(SOUTH, WEDNESDAY)
        )
        await world.pass_time(1)
        assert (await world.service.bulk_moves.find_job(SOUTH.office_id, job.id, BOSS)).state.state is BulkState.RUNNING
        await world.hear(world.bill(billing.BillPaid, held, amount=1, paid_at=world.clock.now()))
        state = await self.finish(world, job.id)
        assert state.count(Outcome.MOVED) == 1
        assert (await world.appointment(held.id)).state.seat.session_id == world.session_id(SOUTH, WEDNESDAY)

    async def test_who_still_pays_when_the_session_begins_is_not_waited_for(self, world: World) -> None:
        held = await world.hold()
        await world.hear(world.requested(held))
        job = await world.service.bulk_moves.begin(world.session_id(), "closed", BOSS)
        world.clock.set(held.state.seat.starts_at)
        state = await self.finish(world, job.id)
        assert state.found == 0

    @pytest.mark.acceptance("F71.outage_day")
    async def test_an_outage_day_opens_a_new_date_for_each_visit_once(self) -> None:
        people = BATCH + 2
        world = await started(make_world(templates=weekly(plan(people + 1))))
        visits = await self.booked(world, people)
        world.clock.set(visits[0].state.seat.starts_at)
        await world.service.visits.check_in(VisitorLookup(appointment_id=visits[0].id), FRONT, "in")
        asked = DayInterruption(SOUTH.office_id, TUESDAY, "system_fault", BOSS, "day")
        job = await world.service.bulk_moves.interrupt_day(asked)
        assert (await world.service.bulk_moves.interrupt_day(asked)).id == job.id
        state = await self.finish(world, job.id)
        assert (state.count(Outcome.INTERRUPTED), state.count(Outcome.SPECIAL_OPENED)) == (1, people - 1)
        assert len(await world.said(said.VisitInterrupted)) == 1
        assert len(await world.said(said.SpecialRescheduleOpened)) == people - 1
        assert {(await world.appointment(each.id)).state.status for each in visits} == {Status.SPECIAL_OPEN}
        assert [each.id for each in await world.service.bulk_moves.list_jobs(SOUTH.office_id, BOSS)] == [job.id]
        await world.rules_hold()

    @pytest.mark.acceptance("F71.outage_day")
    async def test_killed_at_any_write_each_visit_is_touched_and_counted_once(self) -> None:
        for write in range(1, 14):
            for after in (False, True):
                made: list[Dying] = []
                world = await started(make_world(wrap=lambda base, made=made: made.append(Dying(base)) or made[0]))
                visits = [await world.paid("ani"), await world.paid("budi")]
                asked = DayInterruption(SOUTH.office_id, TUESDAY, "system_fault", BOSS, "day")
                made[0].arm(write, after=after)
                with contextlib.suppress(Killed):
                    job = await world.service.bulk_moves.interrupt_day(asked)
                    await world.service.bulk_moves.run(job)
                made[0].disarm()
                job = await world.service.bulk_moves.interrupt_day(asked)
                state = await self.finish(world, job.id)
                assert state.count(Outcome.SPECIAL_OPENED) == 2 == state.found
                assert len(await world.said(said.SpecialRescheduleOpened)) == 2
                assert {(await world.appointment(each.id)).state.status for each in visits} == {Status.SPECIAL_OPEN}
                await world.rules_hold()

    async def test_who_is_being_moved_is_looked_at_again(self, world: World) -> None:
        paid = await world.paid()
        await world.begin_move(paid, world.session_id(NORTH, TUESDAY))
        asked = DayInterruption(SOUTH.office_id, TUESDAY, "system_fault", BOSS, "day")
        job = await world.service.bulk_moves.interrupt_day(asked)
        named = replace(job.state, pending=(paid.id, "unknown"))
        job = await world.service.bulk_moves._save(job, named)
        job = await world.service.bulk_moves.run(job)
        assert dict(job.state.outcomes) == {"unknown": Outcome.LEFT_ALONE}
        state = await self.finish(world, job.id)
        assert state.outcomes[paid.id] is Outcome.SPECIAL_OPENED
        done = await world.service.bulk_moves.find_job(SOUTH.office_id, job.id, BOSS)
        assert (await world.service.bulk_moves.run(done)).version == done.version

    async def test_who_was_cancelled_moved_or_has_another_visit_is_left_alone(self) -> None:
        world = await started(make_world(templates=weekly(plan(4))))
        gone, away = await world.paid("gone"), await world.paid("away")
        await world.service.holds.cancel(gone.id, Actor("account-gone"), "cancel", fee_is_lost=True)
        await world.service.moves.reschedule(world.move(away, world.session_id(NORTH, TUESDAY)))
        again = await missed(world)
        await world.submitted("ani", application_id="another")
        await world.service.booking.hold(
            world.wish("ani", "2", application_id="another", session_id=world.session_id(SOUTH, THURSDAY))
        )
        with pytest.raises(PersonHasAppointment):
            await world.service.specials.interrupt(again.id, "system_fault", FRONT, "stop")
        for begin in ("day", "session"):
            if begin == "day":
                asked = DayInterruption(SOUTH.office_id, TUESDAY, "system_fault", BOSS, "day")
                job = await world.service.bulk_moves.interrupt_day(asked)
            else:
                job = await world.service.bulk_moves.begin(world.session_id(), "closed", BOSS)
            named = replace(job.state, pending=(gone.id, away.id, again.id))
            job = await world.service.bulk_moves._save(job, named)
            job = await world.service.bulk_moves.run(job)
            assert set(job.state.outcomes.values()) == {Outcome.LEFT_ALONE}
        await world.rules_hold()

    async def test_a_bulk_move_that_was_done_before_is_counted_as_it_was(self) -> None:
        world = await started(make_world(templates=weekly(plan(2)), horizon_days=3, late_offer_days=2))
        visits = await self.booked(world, 2)
        await world.paid("other", session_id=world.session_id(SOUTH, WEDNESDAY))
        job = await world.service.bulk_moves.begin(world.session_id(), "closed", BOSS)
        ran = await world.service.bulk_moves.run(job)
        assert ran.state.count(Outcome.MOVED) == 1
        lost = replace(ran.state, pending=tuple(each.id for each in visits), outcomes={})
        ran = await world.service.bulk_moves._save(ran, lost)
        ran = await world.service.bulk_moves.run(ran)
        assert (ran.state.count(Outcome.MOVED), ran.state.count(Outcome.SPECIAL_OPENED)) == (1, 1)
        assert len(await world.said(said.AppointmentRescheduled)) == 1

    async def test_who_may(self, world: World) -> None:
        north = Actor("boss", NORTH.office_id, is_staff=True)
        bulk = world.service.bulk_moves
        with pytest.raises(SessionNotFound):
            await bulk.begin("unknown", "closed", BOSS)
        with pytest.raises(NotYourOffice):
            await bulk.begin(world.session_id(), "closed", north)
        with pytest.raises(NotYourOffice):
            await bulk.interrupt_day(DayInterruption(SOUTH.office_id, TUESDAY, "closed", north, "day"))
        job = await bulk.begin(world.session_id(), "closed", BOSS)
        with pytest.raises(NotYourOffice):
            await bulk.find_job(SOUTH.office_id, job.id, north)
        with pytest.raises(NotFound):
            await bulk.find_job(NORTH.office_id, job.id, north)
        with pytest.raises(NotYourOffice):
            await bulk.list_jobs(SOUTH.office_id, north)
        with pytest.raises(NotFound):
            await bulk.find_job(SOUTH.office_id, "unknown", BOSS)


async def test_a_refund_takes_an_open_right_too(world: World) -> None:
    opened = await granted(world, await missed(world))
    await world.hear(SeatReleaseRequested(refund_id="r", appointment_id=opened.id, application_id="application-ani"))
    assert (await world.appointment(opened.id)).state.status is Status.RELEASED
    await world.rules_hold()


async def test_a_withdrawn_application_takes_an_open_right_with_it(world: World) -> None:
    opened = await granted(world, await missed(world))
    gone = ApplicationWithdrawn(application_id="application-ani", account_id="account-ani", person_id="person-ani")
    await world.hear(gone)
    assert (await world.appointment(opened.id)).state.status is Status.RELEASED


def test_a_visit_without_a_special_reschedule_has_none_to_end() -> None:
    with pytest.raises(LookupError):
        visit_transitions._special_of(Appointment(Status.CONFIRMED, True, "a", "b", "c", TUESDAY))  # type: ignore[arg-type]
