"""Same-day upgrade at the counter: reserves a place in the day's quota first, then has it billed.

The place is a seat of the same-day pool, claimed like any other: the quota is never oversold. Three writes, as in a
move: say which token is reached for, claim a seat with it, write that it is reserved, with the event that bills it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from services.scheduling.booking.appointments.access import find_visible
from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.errors import BeingMoved
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.appointments.same_day_place import SameDayPlaceState, no_place
from services.scheduling.booking.same_day import upgrade_transitions
from services.scheduling.booking.same_day.errors import CannotUpgradeToSameDay, SameDayFull
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, slot_of
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.office import Office
from services.scheduling.offices.repository import SessionRepository
from services.scheduling.offices.session import Session
from services.scheduling.terms import Pool
from shared.events import billing
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import VersionConflict
from shared.store.retry import again

log = structlog.get_logger()

SAME_DAY: Final = "same_day"
PLACE_GONE: Final = "place_gone"
"""Refusal reason: the same-day place was released before the surcharge bill arrived."""

SurchargeEnd = billing.BillExpired | billing.BillFailed | billing.BillCancelled
SurchargePaid = billing.BillPaid | billing.BillWaived


class SameDayUpgrades:
    """Same-day upgrades of visits that were booked as regular ones."""

    def __init__(
        self,
        context: UseCaseContext,
        sessions: SessionRepository,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        inventory: SeatInventory,
    ) -> None:
        self._context = context
        self._sessions = sessions
        self._seats = seats
        self._appointments = appointments
        self._inventory = inventory

    async def reserve(self, appointment_id: str, actor: Actor, command_id: str) -> Record[Appointment]:
        """Take a place in today's same-day quota for a paid visit; again meets the place that it has.

        Refuses with ``NotFound``, ``NotYourOffice``, ``CannotUpgradeToSameDay``, ``SameDayFull`` and ``BeingMoved``.
        """

        async def attempt() -> Record[Appointment]:
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
                reserved = await self._reach(record, session, actor, command_id)
                if reserved.state.hurry is not None:
                    return reserved
                record = reserved
            raise SameDayFull

        return await again(attempt)

    async def _sessions_of_day(self, visit: Appointment, office: Office, now: datetime) -> list[Record[Session]]:
        """Today's sessions with same-day seats that are not over: the visit's own first."""
        begins = datetime.combine(visit.seat.date, time(0), ZoneInfo(office.timezone))
        found = await self._sessions.sessions([office.office_id], begins, begins + timedelta(days=1))
        open_now = [each for each in found if each.state.pools.get(Pool.SAME_DAY, 0) and each.state.ends_at > now]
        return sorted(open_now, key=lambda each: (each.id != visit.seat.session_id, each.state.starts_at))

    async def _reach(
        self, record: Record[Appointment], session: Record[Session], actor: Actor, command_id: str
    ) -> Record[Appointment]:
        """The visit with its place; without one where the session has none left."""
        token, now, rules = self._context.ids.new(), self._context.now(), self._context.rules
        reservation_id = derived_id("same_day", record.id, command_id)
        wanted = upgrade_transitions.reach(
            record.state, reservation_id, session.id, token, by=actor.account_id, now=now, rules=rules
        )
        reaching = await self._appointments.save(record, wanted, now)
        seat = await self._inventory.claim_any(
            session.id, Pool.SAME_DAY, record.id, token=token, starts_from=session.state.starts_at
        )
        if seat is None:
            return await self._appointments.save(
                reaching, upgrade_transitions.stay(reaching.state), self._context.now()
            )
        try:
            return await self._reserved(reaching, seat)
        except VersionConflict:
            # a deadline was faster: it wrote the same, or gave the token up
            newest = await self._appointments.appointment(record.id)
            hurry = newest.state.hurry if newest is not None else None
            if newest is not None and hurry is not None and hurry.slot is not None and hurry.token == token:
                return newest
            await self._inventory.undo(seat)
            raise

    async def _reserved(self, record: Record[Appointment], seat: Record[Seat]) -> Record[Appointment]:
        slot = slot_of(seat.id, seat.state)
        office = self._context.offices[slot.office_id]
        decision = upgrade_transitions.reserve(record.id, record.state, slot, office, self._context.rules)
        return await self._appointments.save(record, decision, self._context.now())

    async def check_place(self, record: Record[Appointment]) -> None:
        """A place was left half taken, or its bill is silent since long after it could be paid."""
        hurry = record.state.hurry
        if hurry is None or hurry.state is SameDayPlaceState.PAID:
            return
        if hurry.state is SameDayPlaceState.RESERVED:
            silent = upgrade_transitions.give_up_waiting(
                record.state, now=self._context.now(), rules=self._context.rules
            )
            await self._inventory.give_back_left_now(await self._appointments.save(record, silent, self._context.now()))
            return
        seat = await self._seats.seat_with_token(hurry.session_id, hurry.token)
        if seat is None:
            await self._appointments.save(record, upgrade_transitions.stay(record.state), self._context.now())
        else:
            await self._reserved(record, seat)

    async def surcharge_billed(self, event: billing.BillRequested, message_id: str) -> None:
        """Which bill the place is for; one whose place has gone meanwhile is answered with a no."""
        await self._apply_bill_event(event, upgrade_transitions.billed, message_id)

    async def surcharge_paid(self, event: SurchargePaid, message_id: str) -> None:
        """The book is made today; money whose place has gone meanwhile is answered with a no."""
        await self._apply_bill_event(event, upgrade_transitions.paid, message_id)

    async def _apply_bill_event(
        self,
        event: billing.BillRequested | SurchargePaid,
        decide: Callable[[Appointment, str], Decision[Appointment]],
        message_id: str,
    ) -> None:
        known = await self._appointments.appointments_of(event.application_id)
        if event.reservation_id is None or any(each.has_received(message_id) for each in known):
            return
        record = _with_place(known, event.reservation_id)
        if record is not None:
            if record.state.hurry is not None and record.state.hurry.state is SameDayPlaceState.RESERVED:
                await self._appointments.save(
                    record, decide(record.state, event.bill_id), self._context.now(), message_id
                )
        elif known:
            holder = {"application_id": event.application_id, "account_id": event.account_id}
            answer = Decision(known[0].state, (no_place(event.bill_id, PLACE_GONE, **holder),))
            await self._appointments.save(known[0], answer, self._context.now(), message_id)

    async def surcharge_ended(self, event: SurchargeEnd, message_id: str) -> None:
        """The place goes back; the visit stays as it was booked."""
        if event.reservation_id is None:
            return
        record = _with_place(await self._appointments.appointments_of(event.application_id), event.reservation_id)
        if record is None or record.has_received(message_id):
            return
        if record.state.hurry is not None and record.state.hurry.state is SameDayPlaceState.RESERVED:
            ended = upgrade_transitions.end(record.state, now=self._context.now(), rules=self._context.rules)
            saved = await self._appointments.save(record, ended, self._context.now(), message_id)
            await self._inventory.give_back_left_now(saved)


def _with_place(visits: Iterable[Record[Appointment]], reservation_id: str) -> Record[Appointment] | None:
    """The visit that has the place; none if it is gone."""
    for record in visits:
        if record.state.hurry is not None and record.state.hurry.reservation_id == reservation_id:
            return record
    return None
