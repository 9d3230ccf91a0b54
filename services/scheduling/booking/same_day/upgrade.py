"""Same-day upgrade at the counter: reserves a place in the day's quota first, then has it billed.

The place is a seat of the same-day pool, claimed like any other: the quota is never oversold. It is won by a move whose
last write says that it is reserved, with the event that bills it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.booking.appointments.access import find_visible
from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.errors import BeingMoved
from services.scheduling.booking.appointments.move import MoveKind, Mover, Target
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.appointments.same_day_place import SameDayPlaceState, no_place
from services.scheduling.booking.same_day import upgrade_transitions
from services.scheduling.booking.same_day.errors import CannotUpgradeToSameDay, SameDayFull
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.seat import Slot
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.office import Office
from services.scheduling.offices.repository import SessionRepository
from services.scheduling.offices.session import Session
from services.scheduling.terms import Pool
from shared.events import billing
from shared.events.codes import NoSeatReason
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.retry import again

SurchargeEnd = billing.BillExpired | billing.BillFailed | billing.BillCancelled
SurchargePaid = billing.BillPaid | billing.BillWaived


class SameDayUpgrades:
    """Same-day upgrades of visits that were booked as regular ones."""

    def __init__(
        self,
        context: UseCaseContext,
        sessions: SessionRepository,
        appointments: AppointmentRepository,
        inventory: SeatInventory,
        mover: Mover,
    ) -> None:
        self._context = context
        self._sessions = sessions
        self._appointments = appointments
        self._inventory = inventory
        self._mover = mover
        self._kind = MoveKind(_target_of, self._reserved, upgrade_transitions.stay)

    async def reserve(self, appointment_id: str, actor: Actor, command_id: str) -> Record[Appointment]:
        """Take a place in today's same-day quota for a paid visit; again meets the place that it has.

        Refuses with ``NotFound``, ``NotYourOffice``, ``CannotUpgradeToSameDay``, ``SameDayFull`` and ``BeingMoved``.
        """
        return await again(lambda: self._reserve(appointment_id, actor, command_id))

    async def _reserve(self, appointment_id: str, actor: Actor, command_id: str) -> Record[Appointment]:
        record = await find_visible(self._appointments, appointment_id, actor)
        hurry = record.state.hurry
        if hurry is not None and hurry.state is SameDayPlaceState.REACHING:
            raise BeingMoved
        if hurry is not None:
            return record
        office, now = self._context.offices[record.state.seat.office_id], self._context.now()
        problem = upgrade_transitions.upgrade_problem(
            record.state, timezone=office.timezone, now=now, rules=self._context.rules
        )
        if problem is not None:
            raise CannotUpgradeToSameDay(problem=problem.value)
        for session in await self._sessions_of_day(record.state, office, now):
            record = await self._reach(record, session, actor, command_id)
            if record.state.hurry is not None:
                return record
        raise SameDayFull

    async def _sessions_of_day(self, visit: Appointment, office: Office, now: datetime) -> list[Record[Session]]:
        """Today's sessions with same-day seats that are not over: the visit's own first."""
        begins = datetime.combine(visit.seat.date, time(0), ZoneInfo(office.timezone))
        found = await self._sessions.sessions([office.office_id], begins, begins + timedelta(days=1))
        open_now = [
            session for session in found if session.state.pools.get(Pool.SAME_DAY, 0) and session.state.ends_at > now
        ]
        return sorted(open_now, key=lambda session: (session.id != visit.seat.session_id, session.state.starts_at))

    async def _reach(
        self, record: Record[Appointment], session: Record[Session], actor: Actor, command_id: str
    ) -> Record[Appointment]:
        """Return the visit with its place; without one where the session has none left."""
        target = Target(session.id, Pool.SAME_DAY, self._context.ids.new())
        reservation_id = derived_id("same_day", record.id, command_id)
        now, rules = self._context.now(), self._context.rules
        begun = upgrade_transitions.reach(
            record.state, reservation_id, session.id, target.token, by=actor.account_id, now=now, rules=rules
        )
        return await self._mover.reach(record, begun, target, self._kind, starts_from=session.state.starts_at)

    def _reserved(self, visit_id: str, visit: Appointment, slot: Slot) -> Decision[Appointment]:
        office = self._context.offices[slot.office_id]
        return upgrade_transitions.reserve(visit_id, visit, slot, office, self._context.rules)

    async def check_place(self, record: Record[Appointment]) -> None:
        """Finish or undo a place that was left half taken; give up one whose bill is silent long after its end."""
        due = record.state.hurry

        def decide(visit: Appointment) -> Decision[Appointment] | None:
            if visit.hurry != due or due is None or due.state is not SameDayPlaceState.RESERVED:
                return None
            return upgrade_transitions.give_up_waiting(visit, now=self._context.now(), rules=self._context.rules)

        rolled = await self._mover.roll(record, self._kind)
        silent = await self._appointments.change(record.id, decide, self._context.clock, first=rolled)
        await self._inventory.give_back_left_now(silent)

    async def surcharge_billed(self, event: billing.BillRequested, message_id: str) -> None:
        """Note which bill the place is for; answer with a no if the place has gone meanwhile."""
        await self._apply_bill_event(event, upgrade_transitions.billed, message_id)

    async def surcharge_paid(self, event: SurchargePaid, message_id: str) -> None:
        """Note that the book is made today; answer with a no if the place has gone meanwhile."""
        await self._apply_bill_event(event, upgrade_transitions.paid, message_id)

    async def _apply_bill_event(
        self,
        event: billing.BillRequested | SurchargePaid,
        apply: Callable[[Appointment, str], Decision[Appointment]],
        message_id: str,
    ) -> None:
        def decide(visit: Appointment) -> Decision[Appointment] | None:
            if not _has_place(visit, event.reservation_id):
                holder = {"application_id": event.application_id, "account_id": event.account_id}
                return Decision(visit, (no_place(event.bill_id, NoSeatReason.PLACE_GONE, **holder),))
            return apply(visit, event.bill_id) if _is_reserved(visit) else None

        known = await self._appointments.appointments_of(event.application_id)
        if event.reservation_id is None or any(record.has_received(message_id) for record in known):
            return
        with_place = [record for record in known if _has_place(record.state, event.reservation_id)]
        for record in (with_place or known)[:1]:
            await self._appointments.change(record.id, decide, self._context.clock, received=message_id, first=record)

    async def surcharge_ended(self, event: SurchargeEnd, message_id: str) -> None:
        """Release the place; the visit stays as it was booked."""

        def decide(visit: Appointment) -> Decision[Appointment] | None:
            if not _has_place(visit, event.reservation_id) or not _is_reserved(visit):
                return None
            return upgrade_transitions.end(visit, now=self._context.now(), rules=self._context.rules)

        for record in await self._appointments.appointments_of(event.application_id):
            if event.reservation_id is not None and _has_place(record.state, event.reservation_id):
                ended = await self._appointments.change(
                    record.id, decide, self._context.clock, received=message_id, first=record
                )
                await self._inventory.give_back_left_now(ended)


def _has_place(visit: Appointment, reservation_id: str | None) -> bool:
    return visit.hurry is not None and visit.hurry.reservation_id == reservation_id


def _is_reserved(visit: Appointment) -> bool:
    return visit.hurry is not None and visit.hurry.state is SameDayPlaceState.RESERVED


def _target_of(visit: Appointment) -> Target | None:
    place = visit.hurry
    reaching = place is not None and place.state is SameDayPlaceState.REACHING
    return Target(place.session_id, Pool.SAME_DAY, place.token) if place is not None and reaching else None
