"""Same-day downgrade: an unpaid same-day seat becomes a hold of the nearest regular seat."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment, Command, can
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.same_day import downgrade_transitions
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, slot_of
from services.scheduling.context import UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.terms import Pool
from shared.store.kinds import Record

SESSIONS_TRIED: Final = 10
"""Sessions tried for a regular seat."""


class SameDayDowngrade:
    """Downgrades unpaid same-day seats to regular ones."""

    def __init__(
        self,
        context: UseCaseContext,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        inventory: SeatInventory,
        bookable_sessions: BookableSessions,
        availability: ProductAvailability,
    ) -> None:
        self._context = context
        self._seats = seats
        self._appointments = appointments
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions
        self._availability = availability

    async def to_regular(self, record: Record[Appointment], bill_id: str, message_id: str) -> None:
        """Move the appointment to the nearest regular seat of its office, or end it where there is none.

        Goes on where an earlier try was left: with the seat that it had won, or from the start.
        """
        if record.state.move is not None:
            rest = await self.roll(record, message_id)
            if rest is None:
                return
            record = rest
        days, office_id = self._context.rules.late_offer_days, record.state.seat.office_id
        found = await self._bookable_sessions.soonest([office_id], Pool.REGULAR, days, SESSIONS_TRIED)
        for each in await self._availability.that_fit(record.state.application_id, found):
            token, now, rules = self._context.ids.new(), self._context.now(), self._context.rules
            wanted = downgrade_transitions.reach_for(
                record.state, each.session_id, token, bill_id, now=now, rules=rules
            )
            record = await self._appointments.save(record, wanted, now)
            seat = await self._inventory.claim_any(each.session_id, Pool.REGULAR, record.id, token=token)
            if seat is not None:
                await self._finish(record, seat, message_id)
                return
            record = await self._appointments.save(
                record, downgrade_transitions.stand(record.state), self._context.now()
            )
        now, rules = self._context.now(), self._context.rules
        ended = downgrade_transitions.end_without_seat(record.id, record.state, bill_id, now=now, rules=rules)
        await self._inventory.give_back_left_now(await self._appointments.save(record, ended, now, message_id))

    async def roll(self, record: Record[Appointment], message_id: str | None = None) -> Record[Appointment] | None:
        """It was left half done: on if a seat carries the token, else back; gives it where it went back.

        What is left then, the end of the bill does when it is heard again.
        """
        move = record.state.move
        if move is None or not can(record.state, Command.FALL_BACK):
            return record
        seat = await self._seats.seat_with_token(move.session_id, move.token)
        if seat is None:
            return await self._appointments.save(record, downgrade_transitions.stand(record.state), self._context.now())
        await self._finish(record, seat, message_id)
        return None

    async def _finish(self, record: Record[Appointment], seat: Record[Seat], message_id: str | None) -> None:
        move, slot = record.state.move, slot_of(seat.id, seat.state)
        moved = downgrade_transitions.fall_back(
            record.id,
            record.state,
            slot,
            move.command_id if move is not None else "",
            office=self._context.offices[slot.office_id],
            now=self._context.now(),
            rules=self._context.rules,
        )
        saved = await self._appointments.save(record, moved, self._context.now(), message_id)
        await self._inventory.give_back_left_now(saved)
