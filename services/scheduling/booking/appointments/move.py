"""Move a visit to another seat in three writes: name the target and a token, claim a seat with it, write the move.

Reschedules, moves by the office and the use of a special reschedule all go this way.
"""

from __future__ import annotations

import contextlib
from datetime import datetime

from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.appointment import Appointment, MoveCause, Status
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, slot_of
from services.scheduling.context import UseCaseContext
from shared.errors import SomeoneElseChangedIt
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import VersionConflict


class Relocation:
    """Moves visits to other seats, atomically."""

    def __init__(
        self,
        context: UseCaseContext,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        codes: QueueCodes,
        inventory: SeatInventory,
    ) -> None:
        self._context = context
        self._codes = codes
        self._seats = seats
        self._appointments = appointments
        self._inventory = inventory

    async def reach(
        self,
        record: Record[Appointment],
        session_id: str,
        cause: MoveCause,
        command_id: str,
        *,
        pool: str | None = None,
        late: bool = False,
    ) -> Record[Appointment] | None:
        """Move the visit to a seat of its own pool in that session; return None if there is none and it stays.

        ``pool`` is for a visit that goes to another pool; ``late`` for what happens at the counter, after the booking
        of a session has closed.

        Raises:
            IllegalTransition: the visit cannot be moved.
            VersionConflict, SomeoneElseChangedIt: somebody was faster; load and decide again.
        """
        begun = self._begun(record.state, session_id, cause, command_id, pool)
        moving = await self._appointments.save(record, begun, self._context.now())
        moved = await self.finish(moving, command_id, starts_from=record.state.seat.starts_at if late else None)
        return await self._inventory.give_back_left_now(moved) if moved is not None else None

    async def finish(
        self, moving: Record[Appointment], command_id: str, *, starts_from: datetime | None = None
    ) -> Record[Appointment] | None:
        """Claim the seat of a move that was begun and write the move; undo it and return None if no seat is free.

        The seat that the visit leaves is not released yet.

        Raises:
            SomeoneElseChangedIt: a deadline undid the move meanwhile.
        """
        move = moving.state.move
        if move is None:
            raise LookupError("a visit that moves says where")
        seat = await self._inventory.claim_any(
            move.session_id, move.pool, moving.id, token=move.token, starts_from=starts_from
        )
        if seat is None:
            with contextlib.suppress(VersionConflict):
                await self._appointments.save(moving, self._undone(moving.state), self._context.now())
            return None
        return await self._commit(moving, seat, command_id)

    async def roll(self, record: Record[Appointment]) -> None:
        """Finish a move that was left unfinished if a seat carries its token, else undo it."""
        move = record.state.move
        if move is None:
            return
        seat = await self._seats.seat_with_token(move.session_id, move.token)
        if seat is None:
            await self._appointments.save(record, self._undone(record.state), self._context.now())
            return
        await self._inventory.give_back_left_now(await self._write(record, seat, move.command_id))

    def _begun(
        self, state: Appointment, session_id: str, cause: MoveCause, command_id: str, to_pool: str | None = None
    ) -> Decision[Appointment]:
        token, now, rules = self._context.ids.new(), self._context.now(), self._context.rules
        pool = to_pool or state.seat.pool
        if cause is MoveCause.SPECIAL:
            return visit_transitions.begin_special(
                state, session_id=session_id, pool=pool, token=token, command_id=command_id, now=now, rules=rules
            )
        return appointments.begin_move(
            state,
            session_id=session_id,
            pool=pool,
            token=token,
            command_id=command_id,
            now=now,
            rules=rules,
            cause=cause,
        )

    @staticmethod
    def _undone(state: Appointment) -> Decision[Appointment]:
        special = state.status is Status.SPECIAL_MOVING
        return visit_transitions.undo_special(state) if special else appointments.undo_move(state)

    async def _commit(self, moving: Record[Appointment], seat: Record[Seat], command_id: str) -> Record[Appointment]:
        try:
            return await self._write(moving, seat, command_id)
        except VersionConflict:
            # a deadline was faster: it rolled the move on to this very seat, or back
            now_there = await self._appointments.appointment(moving.id)
            if now_there is not None and now_there.state.seat.token == seat.state.token:
                return now_there
            await self._inventory.undo(seat)
            raise SomeoneElseChangedIt from None

    async def _write(self, moving: Record[Appointment], seat: Record[Seat], command_id: str) -> Record[Appointment]:
        state, slot = moving.state, slot_of(seat.id, seat.state)
        queue_code = self._codes.sign_visit(moving.id, slot, state.code_version + 1)
        old_office, office = self._context.offices[state.seat.office_id], self._context.offices[slot.office_id]
        if state.status is Status.SPECIAL_MOVING:
            decision = visit_transitions.finish_special(
                moving.id,
                state,
                slot,
                queue_code=queue_code,
                old_office=old_office,
                office=office,
                rules=self._context.rules,
            )
        else:
            decision = appointments.finish_move(
                moving.id,
                state,
                slot,
                queue_code=queue_code,
                old_office=old_office,
                office=office,
                now=self._context.now(),
                rules=self._context.rules,
            )
        return await self._appointments.save(moving, decision, self._context.now(), command_id)
