"""Move a visit to another seat in three writes: name the target and a token, claim a seat with it, write the move.

Reschedules, moves by the office, special reschedules, and both the upgrade and the downgrade of the same-day service go
this way. They differ in what the first and the last write say, which is their :class:`MoveKind`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.appointment import Appointment, Move, Status, has_seat
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, Slot, slot_of
from services.scheduling.context import UseCaseContext
from shared.events.codes import MoveCause
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import VersionConflict


@dataclass(frozen=True)
class Target:
    """The pool of a session in which a visit reaches for a seat, and the fresh token of that seat."""

    session_id: str
    pool: str
    token: str


@dataclass(frozen=True)
class MoveKind:
    """The pure steps of one kind of move."""

    target_of: Callable[[Appointment], Target | None]
    """Return what the visit reaches for at present by this kind of move."""
    finish: Callable[[str, Appointment, Slot], Decision[Appointment]]
    """Write the move: the visit of this id has the seat."""
    undo: Callable[[Appointment], Decision[Appointment]]
    """No seat was won: the visit stays as it was."""


class Mover:
    """Takes moves to their end: the visit has the new seat, or stays as it was."""

    def __init__(
        self,
        context: UseCaseContext,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        inventory: SeatInventory,
    ) -> None:
        self._context = context
        self._seats = seats
        self._appointments = appointments
        self._inventory = inventory

    async def reach(
        self,
        record: Record[Appointment],
        begun: Decision[Appointment],
        target: Target,
        kind: MoveKind,
        *,
        received: str | None = None,
        starts_from: datetime | None = None,
    ) -> Record[Appointment]:
        """Write ``begun``, which names the target; return the visit with its new seat, or undone where none is free.

        Raises:
            VersionConflict: the visit was changed since it was read, or a deadline undid this move; decide again.
        """
        moving = await self._appointments.save(record, begun, self._context.now())
        seat = await self._inventory.claim_any(
            target.session_id, target.pool, record.id, token=target.token, starts_from=starts_from
        )
        return await self._end(moving, target, seat, kind, received)

    async def roll(
        self, record: Record[Appointment], kind: MoveKind, received: str | None = None
    ) -> Record[Appointment]:
        """Finish a move that was left unfinished if a seat carries its token, else undo it; other visits stay.

        Raises:
            VersionConflict: the move was undone meanwhile, or another was begun.
        """
        target = kind.target_of(record.state)
        if target is None:
            return record
        seat = await self._seats.seat_with_token(target.session_id, target.token)
        return await self._end(record, target, seat, kind, received)

    async def _end(
        self,
        record: Record[Appointment],
        target: Target,
        seat: Record[Seat] | None,
        kind: MoveKind,
        received: str | None,
    ) -> Record[Appointment]:
        def decide(state: Appointment) -> Decision[Appointment] | None:
            if kind.target_of(state) != target:
                return None  # a deadline was faster: it finished this very move, or undid it
            return kind.undo(state) if seat is None else kind.finish(record.id, state, slot_of(seat.id, seat.state))

        ended = await self._appointments.change(
            record.id, decide, self._context.clock, received=received if seat is not None else None, first=record
        )
        if seat is not None and not has_seat(ended.state, seat.state):
            await self._inventory.undo(seat)
            raise VersionConflict
        if kind.target_of(ended.state) is not None:
            raise VersionConflict  # the visit reaches for another seat by now
        return await self._inventory.give_back_left_now(ended)


class Relocation:
    """Moves paid visits to other seats."""

    def __init__(self, context: UseCaseContext, codes: QueueCodes, mover: Mover) -> None:
        self._context = context
        self._codes = codes
        self._mover = mover
        self._kind = MoveKind(_target_of, self._finished, appointments.undo_move)

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
            VersionConflict: somebody was faster; load and decide again.
        """
        target = Target(session_id, pool or record.state.seat.pool, self._context.ids.new())
        moved = await self._mover.reach(
            record,
            self.begun(record.state, target, cause, command_id),
            target,
            self._kind,
            received=command_id,
            starts_from=record.state.seat.starts_at if late else None,
        )
        return moved if moved.state.seat.token == target.token else None

    async def roll(self, record: Record[Appointment]) -> None:
        """Finish a move that was left unfinished if a seat carries its token, else undo it."""
        move = record.state.move
        await self._mover.roll(record, self._kind, received=move.command_id if move is not None else None)

    def begun(self, state: Appointment, target: Target, cause: MoveCause, command_id: str) -> Decision[Appointment]:
        """Return the visit, moving to the target.

        Raises:
            IllegalTransition: it cannot be moved.
        """
        until = self._context.now() + timedelta(seconds=self._context.rules.move_seconds)
        move = Move(target.session_id, target.pool, target.token, until, command_id, cause)
        return appointments.begin_move(state, move)

    def _finished(self, appointment_id: str, state: Appointment, slot: Slot) -> Decision[Appointment]:
        queue_code = self._codes.sign_visit(appointment_id, slot, state.code_version + 1)
        old_office, office = self._context.offices[state.seat.office_id], self._context.offices[slot.office_id]
        now, rules = self._context.now(), self._context.rules
        if state.status is Status.SPECIAL_MOVING:
            return visit_transitions.finish_special(
                appointment_id, state, slot, queue_code=queue_code, old_office=old_office, office=office, rules=rules
            )
        return appointments.finish_move(
            appointment_id,
            state,
            slot,
            queue_code=queue_code,
            old_office=old_office,
            office=office,
            now=now,
            rules=rules,
        )


def _target_of(state: Appointment) -> Target | None:
    move = state.move if state.status in (Status.MOVING, Status.SPECIAL_MOVING) else None
    return None if move is None else Target(move.session_id, move.pool, move.token)
