"""Work on many visits at once: a session that is cut is moved, an office day that broke down is interrupted."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.appointment import Appointment, Command, Status, can
from services.scheduling.booking.appointments.move import Relocation
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.appointments.visit_transitions import Ruling
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.context import Actor, UseCaseContext, refuse_unless_own_office, refuse_unless_sees_office
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import SessionNotFound
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.offices.repository import SessionRepository
from services.scheduling.store_part import replacing
from services.scheduling.terms import Pool
from services.scheduling.visit.bulk_jobs import job as bulk
from services.scheduling.visit.bulk_jobs.job import BulkJob, BulkKind, BulkState, Outcome
from services.scheduling.visit.bulk_jobs.repository import BulkJobRepository
from shared.audit import Audit
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events.codes import MoveCause, SpecialCause
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.retry import again

SESSIONS_TRIED: Final = 10
"""Later sessions in which a seat is sought for one visit."""


@dataclass(frozen=True)
class DayInterruption:
    """A request to interrupt an office day on which the systems failed."""

    office_id: str
    day: date
    reason: str
    actor: Actor
    command_id: str


class BulkMoves:
    """Jobs over many visits; each visit is touched once, also after crashes."""

    def __init__(
        self,
        context: UseCaseContext,
        sessions: SessionRepository,
        appointments: AppointmentRepository,
        bulk_jobs: BulkJobRepository,
        inventory: SeatInventory,
        relocation: Relocation,
        bookable_sessions: BookableSessions,
        availability: ProductAvailability,
        audit: Audit,
    ) -> None:
        self._availability = availability
        self._context = context
        self._audit = audit
        self._sessions = sessions
        self._appointments = appointments
        self._bulk_jobs = bulk_jobs
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions
        self._relocation = relocation

    async def begin(
        self, session_id: str, reason: str, actor: Actor, to: str | None = None, *, command_id: str | None = None
    ) -> Record[BulkJob]:
        """Move every booked visit of a session to later free seats of its pool at the same office, the nearest first.

        A visit without a free seat within `Rules.late_offer_days` gets a special reschedule. Visits that are still
        being paid for are moved once they are paid. The caller decides about free seats of the session. A
        repeat with the same ``command_id`` (default: session and reason) meets the first job. Refuses with
        ``SessionNotFound`` and ``NotYourOffice``.
        """
        source = await self._sessions.session(session_id)
        if source is None:
            raise SessionNotFound
        refuse_unless_own_office(actor, source.state.office_id)
        now = self._context.now()
        job = BulkJob(
            kind=BulkKind.MOVE,
            office_id=source.state.office_id,
            day=source.state.date,
            reason=reason,
            by=actor.account_id,
            begun_at=now,
            session_id=session_id,
            to_session_id=to,
            ends_at=source.state.starts_at,
            run_at=now,
        )
        return await self._begin(derived_id("bulk_job", command_id or f"{session_id}:{reason}"), job)

    async def interrupt_day(self, asked: DayInterruption) -> Record[BulkJob]:
        """Open a special reschedule for every visit of an office day on which the systems failed.

        Refuses with ``OfficeNotFound``, ``NotYourOffice`` and ``OverrideNeedsReason``. A repeat of the command, or a
        second one for the same day, meets the first job.
        """
        office = self._context.own_office(asked.office_id, asked.actor)
        now, subject = self._context.now(), f"{office.office_id}:{asked.day.isoformat()}"
        await self._audit.note(
            asked.actor,
            "office_day.interrupted",
            subject=subject,
            reason=asked.reason,
            override=True,
            command_id=asked.command_id,
        )
        job = BulkJob(
            kind=BulkKind.INTERRUPTION,
            office_id=office.office_id,
            day=asked.day,
            reason=asked.reason,
            by=asked.actor.account_id,
            begun_at=now,
            ends_at=now + timedelta(hours=1),
            run_at=now,
        )
        return await self._begin(derived_id("bulk_job", subject), job)

    async def find_job(self, office_id: str, job_id: str, actor: Actor) -> Record[BulkJob]:
        """Return the office's job and how far it is; refuses with ``NotYourOffice`` and ``NotFound``."""
        refuse_unless_sees_office(actor, office_id)
        record = await self._bulk_jobs.bulk_job(job_id)
        if record is None or record.state.office_id != office_id:
            raise NotFound
        return record

    async def list_jobs(self, office_id: str, actor: Actor) -> list[Record[BulkJob]]:
        """Return the newest jobs of an office; refuses with ``OfficeNotFound`` and ``NotYourOffice``."""
        refuse_unless_sees_office(actor, self._context.offices[office_id].office_id)
        return await self._bulk_jobs.bulk_jobs_of(office_id)

    async def run(self, record: Record[BulkJob]) -> Record[BulkJob]:
        """Do one batch: name the next visits, touch them, count them; wait or finish when no visit is left."""
        if record.state.state is BulkState.DONE:
            return record
        now = self._context.now()
        if not record.state.pending:
            visits = await self._appointments.visits_of_day(record.state.office_id, record.state.day)
            known = [(visit.id, visit.state) for visit in visits]
            ids = bulk.to_touch(record.state, known)
            if not ids:
                idle = bulk.must_wait(record.state, known, now)
                return await self._save(record, bulk.waiting(record.state, now) if idle else bulk.done(record.state))
            record = await self._save(record, bulk.named(record.state, ids, now))
        tried = {visit_id: await again(partial(self._touch, record, visit_id)) for visit_id in record.state.pending}
        outcomes = {visit_id: outcome for visit_id, outcome in tried.items() if outcome is not None}
        return await self._save(record, bulk.counted(record.state, outcomes, now))

    async def _save(self, record: Record[BulkJob], after: BulkJob) -> Record[BulkJob]:
        """Write a step of the job. Raises SomeoneElseChangedIt if another process goes on with it."""
        decide = replacing(record.state, Decision(after))
        return await self._bulk_jobs.change_bulk_job(record, decide, self._context.clock)

    async def _begin(self, job_id: str, job: BulkJob) -> Record[BulkJob]:
        with contextlib.suppress(AlreadyExists):
            await self._bulk_jobs.begin_bulk_job(job_id, job, self._context.now())
        record = await self._bulk_jobs.bulk_job(job_id)
        if record is None:
            raise SomeoneElseChangedIt
        return record

    async def _touch(self, job: Record[BulkJob], appointment_id: str) -> Outcome | None:
        """Apply the job to one visit and return the outcome; None if it is being moved and must be tried again."""
        record = await self._appointments.appointment(appointment_id)
        if record is None:
            return Outcome.LEFT_ALONE
        command_id = derived_id("bulk", job.id, appointment_id)
        if record.has_received(command_id):
            return _outcome_of(job.state, record.state)
        if record.state.status in (Status.MOVING, Status.SPECIAL_MOVING):
            return None
        if not bulk.concerns(job.state, record.state):
            return Outcome.LEFT_ALONE
        if job.state.kind is BulkKind.INTERRUPTION:
            return await self._interrupt(job.state, record, command_id)
        return await self._move(job.state, record, command_id)

    async def _interrupt(self, job: BulkJob, record: Record[Appointment], command_id: str) -> Outcome | None:
        if not can(record.state, Command.INTERRUPT):
            return Outcome.LEFT_ALONE
        try:
            return await self._open_new_date(job, record, SpecialCause.SYSTEM_FAULT, command_id)
        except AlreadyExists:
            # taken for missed, and the person has another visit by now
            return Outcome.LEFT_ALONE

    async def _move(self, job: BulkJob, record: Record[Appointment], command_id: str) -> Outcome | None:
        if not can(record.state, Command.BEGIN_MOVE):
            return Outcome.LEFT_ALONE
        for session_id in await self._targets(job, record.state):
            if await self._relocation.reach(record, session_id, MoveCause.MOVED_BY_OFFICE, command_id) is not None:
                return Outcome.MOVED
            known = await self._appointments.appointment(record.id)
            if known is None or not can(known.state, Command.BEGIN_MOVE):
                return Outcome.LEFT_ALONE
            record = known
        return await self._open_new_date(job, record, SpecialCause.OFFICE_CLOSED, command_id)

    async def _open_new_date(
        self, job: BulkJob, record: Record[Appointment], cause: SpecialCause, command_id: str
    ) -> Outcome | None:
        """Open a new date for a visit; None if it was changed meanwhile and must be looked at again."""
        timezone = self._context.offices[job.office_id].timezone
        ruling = Ruling(cause, job.by, self._context.now(), timezone, job.reason)
        opened = visit_transitions.interrupt if _is_here(job, record.state) else visit_transitions.open_special
        decision = opened(record.id, record.state, ruling, self._context.rules)
        try:
            saved = await self._appointments.change(
                record.id, replacing(record.state, decision), self._context.clock, received=command_id, first=record
            )
        except SomeoneElseChangedIt:
            return None
        await self._inventory.give_back_left_now(saved)
        return _outcome_of(job, saved.state)

    async def _targets(self, job: BulkJob, state: Appointment) -> list[str]:
        if job.to_session_id is not None:
            return [job.to_session_id]
        slot, days = state.seat, self._context.rules.late_offer_days
        found = await self._bookable_sessions.soonest([slot.office_id], Pool(slot.pool), days, SESSIONS_TRIED * 2)
        fitting = await self._availability.that_fit(state.application_id, found)
        later = [bookable for bookable in fitting if bookable.session.starts_at > slot.starts_at]
        return [bookable.session_id for bookable in later][:SESSIONS_TRIED]


def _is_here(job: BulkJob, state: Appointment) -> bool:
    return job.kind is BulkKind.INTERRUPTION and state.status is Status.CHECKED_IN


def _outcome_of(job: BulkJob, state: Appointment) -> Outcome:
    """Return the outcome that an earlier try of the same job had for the visit."""
    if job.kind is BulkKind.INTERRUPTION:
        return Outcome.INTERRUPTED if state.checked_in_at is not None else Outcome.SPECIAL_OPENED
    return Outcome.SPECIAL_OPENED if state.status is Status.SPECIAL_OPEN else Outcome.MOVED
