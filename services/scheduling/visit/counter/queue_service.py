"""The queue at the counter: joining, calling, waiting times; and registration of visitors without a booking."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.appointment import Appointment, Command, Status, can
from services.scheduling.booking.appointments.booking_path import appointment_id_of
from services.scheduling.booking.appointments.evidence_files import walk_in_evidence_named
from services.scheduling.booking.appointments.priority import Proof
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.appointments.walk_in import OVERRIDES, POOL_OF_REASON, WalkIn, WalkInReason
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import Claim, SeatRepository
from services.scheduling.booking.seats.seat import PLACES, Seat, slot_of
from services.scheduling.context import Actor, UseCaseContext, refuse_unless_sees_office
from services.scheduling.office import Office
from services.scheduling.offices.repository import SessionRepository
from services.scheduling.offices.session import Session
from services.scheduling.store_part import Decide
from services.scheduling.terms import Pool, local_date
from services.scheduling.visit.counter import queue as counter
from services.scheduling.visit.counter.queue import CounterCommand, CounterDay, Lane, Visitor, VisitorState, Wait
from services.scheduling.visit.counter.queue_errors import (
    EvidenceNeeded,
    NobodyWaits,
    NotPossibleAtCounter,
    NoWalkInSeat,
)
from services.scheduling.visit.counter.repository import CounterDayRepository
from services.scheduling.visit.evidence import COUNTER_EVIDENCE, EvidenceVault
from shared.audit import Audit
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.events_stream import Watching
from shared.store.decision import Decision
from shared.store.kinds import Range, Record
from shared.store.port import AlreadyExists
from shared.store.transitions import IllegalTransition

MOST_REGISTRATIONS: Final = 20
"""Tries of one registration: each may find that its seat was lost, and its visit abandoned, before."""

USUAL_SERVICE_MINUTES: Final = 15
"""Where no session of the day says how long a service takes; the field reference's figure for an ordinary booth."""


_LANES: Final = {Pool.PRIORITY: Lane.PRIORITY, Pool.WALK_IN: Lane.WALK_IN}
_REGISTERED: Final = "walk-in"


def _lane_of(state: Appointment) -> Lane:
    """Return the lane of a visitor: by the pool of the seat, unless an officer denied the priority."""
    if state.priority is not None and state.priority.proof is Proof.DENIED:
        return Lane.BOOKED
    return _LANES.get(Pool(state.seat.pool), Lane.BOOKED)


@dataclass(frozen=True)
class Registration:
    """A request to register a visitor without a booking."""

    office_id: str
    reason: WalkInReason
    evidence: str | None
    actor: Actor
    command_id: str
    evidence_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class DayQueue:
    """The queue of a day with the office's booths and service time."""

    office: Office
    day: CounterDay
    booths: int
    service_minutes: int

    @property
    def waits(self) -> Mapping[str, Wait]:
        """Return the estimated wait of each visitor in the queue."""
        return counter.waits(self.day, booths=self.booths, service_minutes=self.service_minutes)

    @property
    def wait_now(self) -> Wait:
        """Return the estimated wait of a visitor who arrives now."""
        return counter.wait_of_office(self.day, booths=self.booths, service_minutes=self.service_minutes)


class CounterQueue:
    """Queue and walk-ins at the counter of an office."""

    def __init__(
        self,
        context: UseCaseContext,
        sessions: SessionRepository,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        counter_days: CounterDayRepository,
        codes: QueueCodes,
        inventory: SeatInventory,
        audit: Audit,
    ) -> None:
        self._context = context
        self._codes = codes
        self._sessions = sessions
        self._seats = seats
        self._appointments = appointments
        self._evidence = EvidenceVault(context.person_keys)
        self._counter_days = counter_days
        self._inventory = inventory
        self._audit = audit
        self.watching = Watching(context.clock)
        """The open display streams."""

    async def enqueue(self, record: Record[Appointment]) -> Record[Appointment]:
        """Add a visitor who checked in to the queue; a repeat changes nothing."""
        state = record.state
        if state.enqueue_at is None:
            return record
        if state.status in (Status.CHECKED_IN, Status.ON_PROOF):
            await self._join(record.id, state)

        def enqueue(newest: Appointment) -> Decision[Appointment] | None:
            return visit_transitions.enqueued(newest) if newest.enqueue_at == state.enqueue_at else None

        return await self._appointments.change(record.id, enqueue, self._context.clock, first=record)

    async def _join(self, visit_id: str, state: Appointment) -> None:
        slot, at = state.seat, state.checked_in_at or self._context.now()
        office = self._context.offices[slot.office_id]
        lane = _lane_of(state)
        order = slot.starts_at if lane is Lane.BOOKED else at
        visitor = Visitor(visit_id, slot.queue_number, lane, VisitorState.WAITING, arrived_at=at, order=order)

        def join(day: CounterDay) -> Decision[CounterDay]:
            return Decision(counter.joined(day, visitor))

        await self._change_day(office, at, join)

    async def to_booked_lane(self, record: Record[Appointment]) -> None:
        """Move a visitor whose priority was denied to the lane of bookings, unless called already or not queueing."""
        slot, at = record.state.seat, record.state.checked_in_at or self._context.now()

        def change_lane(day: CounterDay) -> Decision[CounterDay] | None:
            queues = record.id in day.visitors
            return Decision(counter.in_lane(day, record.id, Lane.BOOKED, slot.starts_at)) if queues else None

        await self._change_day(self._context.offices[slot.office_id], at, change_lane)

    async def leave_queue(self, record: Record[Appointment]) -> None:
        """Remove a visitor from the queue whose visit does not count."""
        office = self._context.offices[record.state.seat.office_id]

        def leave(day: CounterDay) -> Decision[CounterDay]:
            return Decision(counter.without(day, record.id))

        await self._change_day(office, record.state.checked_in_at or self._context.now(), leave)

    async def _change_day(self, office: Office, at: datetime, decide: Decide[CounterDay]) -> CounterDay:
        """Change the queue of the office's day that the moment falls on."""
        day = local_date(at, office.timezone)
        changed = await self._counter_days.change_counter_day(office.office_id, day, decide, self._context.clock)
        return changed.state

    async def call_next(self, office_id: str, booth: str, actor: Actor, command_id: str) -> Visitor:
        """Call the next number to a booth; a repeat of the command returns the number that was called.

        Refuses with ``OfficeNotFound``, ``NotYourOffice`` and ``NobodyWaits``.
        """
        office = self._context.own_office(office_id, actor)

        now = self._context.now()

        def call(day: CounterDay) -> Decision[CounterDay] | None:
            if counter.visit_of(day, command_id) is not None:
                return None
            found = counter.called_next(day, booth, now)
            if found is None:
                raise NobodyWaits
            state, visitor = found
            return Decision(counter.remembered(state, command_id, visitor.visit_id))

        day = await self._change_day(office, now, call)
        return day.visitors[dict(day.commands)[command_id]]

    async def change(
        self, office_id: str, visit_id: str, command: CounterCommand, actor: Actor, command_id: str
    ) -> Visitor:
        """Recall, park, resume, serve or miss a number.

        Refuses with ``OfficeNotFound``, ``NotYourOffice``, ``NotFound`` and ``NotPossibleAtCounter``.
        """
        office = self._context.own_office(office_id, actor)

        now = self._context.now()

        def decide(day: CounterDay) -> Decision[CounterDay] | None:
            if visit_id not in day.visitors:
                raise NotFound
            if counter.visit_of(day, command_id) is not None:
                return None
            try:
                state = counter.changed(day, visit_id, command, now)
            except IllegalTransition as problem:
                raise NotPossibleAtCounter(state=problem.state.value) from None
            return Decision(counter.remembered(state, command_id, visit_id))

        visitor = (await self._change_day(office, now, decide)).visitors[visit_id]
        if visitor.place is VisitorState.SERVED:
            await self._end_registered(visit_id)
        return visitor

    async def find_queue(self, office_id: str) -> DayQueue:
        """Return today's queue of the office; refuses with ``OfficeNotFound``."""
        office, now = self._context.offices[office_id], self._context.now()
        today = local_date(now, office.timezone)
        record = await self._counter_days.counter_day(office_id, today)
        session = await self._session_now(office, now)
        day = record.state if record is not None else CounterDay(office_id, today)
        booths = min(session.booths, session.staff) if session is not None else 1
        minutes = session.service_minutes if session is not None else USUAL_SERVICE_MINUTES
        return DayQueue(office, day, booths, minutes)

    async def find_own_queue(self, office_id: str, actor: Actor) -> DayQueue:
        """Return the queue, for officers of the office and of its region.

        Refuses with ``OfficeNotFound`` and ``NotYourOffice``.
        """
        refuse_unless_sees_office(actor, self._context.offices[office_id].office_id)
        return await self.find_queue(office_id)

    async def register(self, asked: Registration) -> Record[Appointment]:
        """Receive a visitor without a booking: takes a seat of the walk-in or priority pool of today's session.

        Refuses with ``OfficeNotFound``, ``NotYourOffice``, ``EvidenceNeeded`` (an override without evidence),
        ``NoWalkInSeat`` and ``SomeoneElseChangedIt``. A repeat of the command meets the first registration.
        """
        office = self._context.own_office(asked.office_id, asked.actor)
        if asked.reason in OVERRIDES and not asked.evidence:
            raise EvidenceNeeded(field="/evidence")
        for attempt in range(MOST_REGISTRATIONS):
            visit_id = appointment_id_of(asked.command_id, attempt)
            known = await self._appointments.appointment(visit_id)
            if known is None:
                known = await self._begin(visit_id, asked, office)
            if known is not None and known.state.status is not Status.ABANDONED:
                return await self.enqueue(known)
        raise SomeoneElseChangedIt

    async def _begin(self, visit_id: str, asked: Registration, office: Office) -> Record[Appointment] | None:
        seat = await self._claim(visit_id, office, POOL_OF_REASON[asked.reason])
        if seat is None:
            raise NoWalkInSeat(pool=POOL_OF_REASON[asked.reason].value)
        await self._audit.note(
            asked.actor,
            "walk_in.registered",
            subject=visit_id,
            reason=asked.reason.value,
            override=asked.reason in OVERRIDES,
            command_id=asked.command_id,
        )
        now, slot = self._context.now(), slot_of(seat.id, seat.state)
        sealed = None
        if asked.evidence:
            sealed = await self._evidence.seal(
                asked.evidence, subject_id=visit_id, owner_id=visit_id, field=COUNTER_EVIDENCE
            )
        named = tuple(dict.fromkeys(asked.evidence_ids))
        walk_in = WalkIn(asked.reason, asked.actor.account_id, now, sealed, named)
        state = visit_transitions.registered(
            f"{_REGISTERED}-{visit_id}",
            slot,
            walk_in,
            queue_code=self._codes.sign_visit(visit_id, slot, 1),
            now=now,
            rules=self._context.rules,
        )
        try:
            told = walk_in_evidence_named(visit_id, state)
            return await self._appointments.begin(visit_id, Decision(state, told), now)
        except AlreadyExists:
            await self._inventory.undo(seat)
            return await self._appointments.appointment(visit_id)

    async def _claim(self, visit_id: str, office: Office, pool: Pool) -> Record[Seat] | None:
        """Claim a seat of today's sessions that are not over, the soonest first; return None if none is free."""
        now = self._context.now()
        for session in await self._sessions_today(office, now):
            if session.state.ends_at <= now:
                continue
            until = now + timedelta(seconds=self._context.rules.claim_seconds)
            seat = await self._seats.claim_free_seat(
                session.id,
                pool.value,
                Claim(visit_id, self._context.ids.new(), until),
                places=Range(low=0, high=PLACES),
                starts_from=session.state.starts_at,
                now=now,
            )
            if seat is not None:
                return seat
        return None

    async def _end_registered(self, visit_id: str) -> None:
        """End the visit of a visitor registered at the counter: no interview is recorded, being served is its end."""

        def end(state: Appointment) -> Decision[Appointment] | None:
            ends = state.walk_in is not None and can(state, Command.USE)
            return appointments.use(state) if ends else None

        with contextlib.suppress(NotFound):
            await self._appointments.change(visit_id, end, self._context.clock)

    async def evidence(self, record: Record[Appointment]) -> str | None:
        """Return the evidence shown at the counter in clear, or None."""
        walk_in = record.state.walk_in
        if walk_in is None or walk_in.evidence is None:
            return None
        return await self._evidence.open(
            walk_in.evidence, subject_id=record.id, owner_id=record.id, field=COUNTER_EVIDENCE
        )

    async def _sessions_today(self, office: Office, now: datetime) -> list[Record[Session]]:
        today, zone = local_date(now, office.timezone), ZoneInfo(office.timezone)
        begins = datetime(today.year, today.month, today.day, tzinfo=zone)
        return await self._sessions.sessions([office.office_id], begins, begins + timedelta(days=1))

    async def _session_now(self, office: Office, now: datetime) -> Session | None:
        sessions = [record.state for record in await self._sessions_today(office, now)]
        later = [session for session in sessions if session.ends_at > now]
        return next(iter(later or sessions), None)
