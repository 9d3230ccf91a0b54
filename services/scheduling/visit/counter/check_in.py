"""Check-in at the counter, recorded interviews and missed visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from services.scheduling.applications import ApplicationRepository
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.access import find_visible, refuse_impossible, refuse_strangers
from services.scheduling.booking.appointments.appointment import Appointment, Command, Status, can
from services.scheduling.booking.appointments.errors import QueueCodeNotValid, QueueCodeReplaced
from services.scheduling.booking.appointments.queue_codes import QueueCodeInvalid, QueueCodes
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.store_part import replacing
from services.scheduling.terms import local_date
from services.scheduling.visit.counter.check_in_errors import (
    NotPaidYet,
    TooEarlyToCheckIn,
    VisitMissed,
    VisitOnAnotherDay,
)
from services.scheduling.visit.counter.check_in_rules import CheckInProblem, check_in_problem
from services.scheduling.visit.counter.queue_service import CounterQueue
from shared.audit import Audit
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events.application import InterviewRecorded
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import StoreUnavailable

log = structlog.get_logger()

DAYS_OF_TRIAL: Final = 31
"""From today on: in how many days a trial looks for a queue number; people book within a month."""


@dataclass(frozen=True)
class VisitorLookup:
    """The key to find a visitor by: exactly one field is given."""

    queue_code: str | None = None
    appointment_id: str | None = None
    application_id: str | None = None
    application_number: str | None = None
    """The number that is printed on the letter."""
    person_id: str | None = None
    number: str | None = None
    """The queue number of today, at the officer's own office."""


class Visits:
    """Check-in, interviews and missed visits."""

    def __init__(
        self,
        context: UseCaseContext,
        appointments: AppointmentRepository,
        applications: ApplicationRepository,
        codes: QueueCodes,
        counter: CounterQueue,
        audit: Audit,
    ) -> None:
        self._context = context
        self._codes = codes
        self._counter = counter
        self._audit = audit
        self._appointments = appointments
        self._applications = applications

    async def check_in(self, visitor: VisitorLookup, actor: Actor, command_id: str) -> Record[Appointment]:
        """Check a visitor in; a repeat returns the same visit.

        Refuses with ``NotFound``, ``QueueCodeNotValid``, ``QueueCodeReplaced``, ``NotYourOffice``, ``NotPaidYet``,
        ``VisitOnAnotherDay``, ``TooEarlyToCheckIn``, ``VisitMissed``, ``BeingMoved`` or ``NotPossibleNow``.
        """

        record = await self._find(visitor, actor)

        def check_in(state: Appointment) -> Decision[Appointment] | None:
            _refuse_changed(visitor, record.state, state, actor)
            if state.status in (Status.CHECKED_IN, Status.ON_PROOF):
                return None
            self._refuse(state)
            return appointments.check_in(record.id, state, self._context.now())

        changed = await self._appointments.change(
            record.id, check_in, self._context.clock, received=command_id, first=record
        )
        return await self._enqueue_now(changed)

    async def _enqueue_now(self, record: Record[Appointment]) -> Record[Appointment]:
        """Add the visitor to the queue at once; if that fails a deadline does it. Never raises."""
        try:
            return await self._counter.enqueue(record)
        except (StoreUnavailable, SomeoneElseChangedIt) as trouble:
            log.info("visitor_queued_later", appointment_id=record.id, reason=type(trouble).__name__)
            return record

    async def _find(self, visitor: VisitorLookup, actor: Actor) -> Record[Appointment]:
        if visitor.queue_code is not None:
            return await self._by_code(visitor.queue_code, actor)
        if visitor.appointment_id is not None:
            return await find_visible(self._appointments, visitor.appointment_id, actor)
        if visitor.number is not None:
            found = await self._by_number(visitor.number, actor)
        elif visitor.person_id is not None:
            found = await self._appointments.live_appointment_of(visitor.person_id)
        elif visitor.application_number is not None:
            found = await self._by_application_number(visitor.application_number)
        else:
            found = await self._newest_of(visitor.application_id or "")
        if found is None:
            raise NotFound
        return await find_visible(self._appointments, found.id, actor)

    async def _by_application_number(self, number: str) -> Record[Appointment] | None:
        """Return the newest visit of the application of that number, or None."""
        application = await self._applications.application_numbered(number)
        return await self._newest_of(application.id) if application is not None else None

    async def _by_number(self, number: str, actor: Actor) -> Record[Appointment] | None:
        """Return the live visit with this queue number today, or None; numbers are unique per office and day.

        In a trial in which visitors check in on any day, today's visit or else the next with this number.
        """
        if actor.office_id is None:
            return None
        office = self._context.offices[actor.office_id]
        today = local_date(self._context.now(), office.timezone)
        for days in range(DAYS_OF_TRIAL if self._context.rules.check_in_any_day else 1):
            found = await self._appointments.visits_of_day(office.office_id, today + timedelta(days=days))
            for visit in found:
                if visit.state.live and visit.state.seat.queue_number == number:
                    return visit
        return None

    async def arrive_on_proof(
        self, visitor: VisitorLookup, ntpn: str, actor: Actor, command_id: str
    ) -> Record[Appointment]:
        """Let a visitor in on the NTPN of a proof of payment that is not known yet; billing looks for the money.

        A visit that is paid for is checked in as usual. Refuses as :meth:`check_in` does, ``NotPaidYet`` excepted, and
        with ``NotPossibleNow`` where no seat is held any more.
        """

        record = await self._find(visitor, actor)

        def arrive(state: Appointment) -> Decision[Appointment] | None:
            _refuse_changed(visitor, record.state, state, actor)
            if state.status is Status.ON_PROOF or not can(state, Command.ARRIVE_ON_PROOF):
                return None
            self._refuse_day(state)
            return visit_transitions.arrive_on_proof(record.id, state, ntpn, self._context.now())

        if arrive(record.state) is not None:
            await self._audit.note(
                actor,
                "visit.let_in_on_proof",
                subject=record.id,
                reason="proof_of_payment",
                override=True,
                command_id=command_id,
            )
            record = await self._appointments.change(
                record.id, arrive, self._context.clock, received=command_id, first=record
            )
        if record.state.status is not Status.ON_PROOF:
            return await self.check_in(VisitorLookup(appointment_id=record.id), actor, command_id)
        return await self._enqueue_now(record)

    async def _newest_of(self, application_id: str) -> Record[Appointment] | None:
        known = [visit for visit in await self._appointments.appointments_of(application_id) if visit.state.slot]
        return next((visit for visit in known if visit.state.live), known[0] if known else None)

    async def _by_code(self, text: str, actor: Actor) -> Record[Appointment]:
        try:
            ticket = self._codes.verify(text)
        except QueueCodeInvalid:
            raise QueueCodeNotValid(field="/queue_code") from None
        record = await find_visible(self._appointments, ticket.appointment_id, actor)
        if record.state.code_version != ticket.version:
            raise QueueCodeReplaced(field="/queue_code")
        return record

    def _refuse(self, state: Appointment) -> None:
        if state.status in (Status.HELD, Status.AWAITING_PAYMENT, Status.OFFERED):
            raise NotPaidYet(state=state.status.value)
        if state.status is Status.NO_SHOW:
            raise VisitMissed
        refuse_impossible(state, Command.CHECK_IN)
        self._refuse_day(state)

    def _refuse_day(self, state: Appointment) -> None:
        rules, slot = self._context.rules, state.seat
        timezone = self._context.offices[slot.office_id].timezone
        problem = check_in_problem(slot, timezone=timezone, now=self._context.now(), rules=rules)
        if problem is CheckInProblem.WRONG_DAY:
            raise VisitOnAnotherDay(date=slot.date.isoformat(), starts_at=slot.starts_at.isoformat())
        if problem is CheckInProblem.TOO_EARLY:
            opens_at = slot.starts_at - timedelta(minutes=rules.check_in_early_minutes)
            raise TooEarlyToCheckIn(opens_at=opens_at.isoformat())

    async def interview_recorded(self, event: InterviewRecorded, message_id: str) -> None:
        """Mark the visit as used: its interview was recorded, whatever the outcome."""

        def use(state: Appointment) -> Decision[Appointment] | None:
            if state.status is Status.MOVING:
                raise NotYet(f"appointment {event.appointment_id} moves")
            return appointments.use(state) if can(state, Command.USE) else None

        try:
            await self._appointments.change(event.appointment_id, use, self._context.clock, received=message_id)
        except NotFound:
            raise NotYet(f"appointment {event.appointment_id} is not known") from None

    async def miss(self, record: Record[Appointment]) -> None:
        """Mark the visit as missed: the session is over and the visitor did not come."""
        if can(record.state, Command.MISS):
            office = self._context.offices[record.state.seat.office_id]
            missed = appointments.miss(record.id, record.state, office, self._context.rules)
            decide = replacing(record.state, missed)
            await self._appointments.change(record.id, decide, self._context.clock, first=record)


def _refuse_changed(visitor: VisitorLookup, found: Appointment, newest: Appointment, actor: Actor) -> None:
    """Refuse a visit that went to another office, or got another code than was shown, since it was found."""
    refuse_strangers(newest, actor)
    if visitor.queue_code is not None and newest.code_version != found.code_version:
        raise QueueCodeReplaced(field="/queue_code")
