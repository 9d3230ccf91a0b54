"""Same-day downgrade: an unpaid same-day seat becomes a hold of the nearest regular seat."""

from __future__ import annotations

from functools import partial
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment, Command, can
from services.scheduling.booking.appointments.move import MoveKind, Mover, Target
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.same_day import downgrade_transitions
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.seat import Slot
from services.scheduling.context import UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.terms import Pool
from shared.store.decision import Decision
from shared.store.kinds import Record

SESSIONS_TRIED: Final = 10
"""Sessions tried for a regular seat."""


class SameDayDowngrade:
    """Downgrades unpaid same-day seats to regular ones."""

    def __init__(
        self,
        context: UseCaseContext,
        appointments: AppointmentRepository,
        inventory: SeatInventory,
        bookable_sessions: BookableSessions,
        availability: ProductAvailability,
        mover: Mover,
    ) -> None:
        self._context = context
        self._appointments = appointments
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions
        self._availability = availability
        self._mover = mover
        self._kind = MoveKind(_target_of, self._finished, downgrade_transitions.stand)

    async def to_regular(self, record: Record[Appointment], bill_id: str, message_id: str) -> None:
        """Move the appointment to the nearest regular seat of its office, or end it where there is none.

        Goes on where an earlier try was left: with the seat that it had won, or from the start.

        Raises:
            VersionConflict: the appointment was changed meanwhile; load and decide again.
        """
        record = await self._mover.roll(record, self._kind, message_id)
        days, office_id = self._context.rules.late_offer_days, record.state.seat.office_id
        if downgrade_transitions.wants_regular(record.state):
            found = await self._bookable_sessions.soonest([office_id], Pool.REGULAR, days, SESSIONS_TRIED)
            for session in await self._availability.that_fit(record.state.application_id, found):
                record = await self._reach(record, session.session_id, bill_id, message_id)
                if not downgrade_transitions.wants_regular(record.state):
                    return
            end = partial(self._end, record.id, bill_id)
            ended = await self._appointments.change(
                record.id, end, self._context.clock, received=message_id, first=record
            )
            await self._inventory.give_back_left_now(ended)

    async def _reach(
        self, record: Record[Appointment], session_id: str, bill_id: str, message_id: str
    ) -> Record[Appointment]:
        target = Target(session_id, Pool.REGULAR.value, self._context.ids.new())
        now, rules = self._context.now(), self._context.rules
        begun = downgrade_transitions.reach_for(record.state, session_id, target.token, bill_id, now=now, rules=rules)
        return await self._mover.reach(record, begun, target, self._kind, received=message_id)

    def _end(self, appointment_id: str, bill_id: str, state: Appointment) -> Decision[Appointment] | None:
        if not can(state, Command.END_BILL) or not downgrade_transitions.wants_regular(state):
            return None
        now, rules = self._context.now(), self._context.rules
        return downgrade_transitions.end_without_seat(appointment_id, state, bill_id, now=now, rules=rules)

    async def roll(self, record: Record[Appointment]) -> None:
        """Finish a downgrade that was left half done if a seat carries its token, else undo it.

        The rest is done when the end of the bill is heard again.
        """
        await self._mover.roll(record, self._kind)

    def _finished(self, appointment_id: str, state: Appointment, slot: Slot) -> Decision[Appointment]:
        return downgrade_transitions.fall_back(
            appointment_id,
            state,
            slot,
            state.move.command_id if state.move is not None else "",
            office=self._context.offices[slot.office_id],
            now=self._context.now(),
            rules=self._context.rules,
        )


def _target_of(state: Appointment) -> Target | None:
    move = state.move if can(state, Command.FALL_BACK) else None
    return None if move is None else Target(move.session_id, move.pool, move.token)
