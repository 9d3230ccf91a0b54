"""From where a paid visit stands to a seat elsewhere: say where and under which token, win the seat, write the move.

The same three writes as a reschedule (see :mod:`services.scheduling.booking.appointments.reschedule`), for moves that
the applicant did not ask for and for the use of a special reschedule.
"""

from __future__ import annotations

import contextlib

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
    """Takes visits to other seats, atomically."""

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
        """The visit in that session, in a seat of its own pool; none if no seat could be won and it stands as before.

        ``pool`` is for a visit that goes to another one; ``late`` for what happens at the counter, after the booking
        of a session has closed.

        ``IllegalTransition`` where it cannot be moved; ``VersionConflict`` or ``SomeoneElseChangedIt`` where somebody was
        faster: load and decide again.
        """
        begun = self._begun(record.state, session_id, cause, command_id, pool)
        moving = await self._appointments.save(record, begun, self._context.now())
        move = moving.state.move
        if move is None:
            raise LookupError("a visit that moves says where")
        starts_from = record.state.seat.starts_at if late else None
        seat = await self._inventory.claim_any(
            session_id, move.pool, moving.id, token=move.token, starts_from=starts_from
        )
        if seat is None:
            with contextlib.suppress(VersionConflict):
                await self._appointments.save(moving, self._undone(moving.state), self._context.now())
            return None
        return await self._inventory.give_back_left_now(await self._commit(moving, seat, command_id))

    async def roll(self, record: Record[Appointment]) -> None:
        """The use of a special reschedule was left unfinished: on if a seat carries its token, else back."""
        move = record.state.move
        if record.state.status is not Status.SPECIAL_MOVING or move is None:
            return
        seats = await self._seats.seats_of(move.session_id)
        seat = next((each for each in seats if each.state.token == move.token), None)
        if seat is None:
            await self._appointments.save(record, visit_transitions.undo_special(record.state), self._context.now())
            return
        await self._inventory.give_back_left_now(await self._finish(record, seat, move.command_id))

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
            return await self._finish(moving, seat, command_id)
        except VersionConflict:
            # a deadline was faster: it rolled the move on to this very seat, or back
            now_there = await self._appointments.appointment(moving.id)
            if now_there is not None and now_there.state.seat.token == seat.state.token:
                return now_there
            await self._inventory.undo(seat)
            raise SomeoneElseChangedIt from None

    async def _finish(self, moving: Record[Appointment], seat: Record[Seat], command_id: str) -> Record[Appointment]:
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
