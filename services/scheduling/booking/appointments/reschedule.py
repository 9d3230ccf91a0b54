"""Reschedule: the new seat is won before the old one goes, and one write of the appointment is the move."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Final

from services.scheduling.booking.abuse.activity_counters import NOWHERE, ActivityCounters, Origin
from services.scheduling.booking.abuse.limits import Act, Wish
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.access import find_visible, refuse_impossible
from services.scheduling.booking.appointments.appointment import Appointment, Command, Move, Status
from services.scheduling.booking.appointments.errors import NoMovesLeft, SameSession, TooFarToMove, TooLateToMove
from services.scheduling.booking.appointments.move_rules import MoveProblem, MoveTarget, move_problem
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, slot_of
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.offices.calendar import Calendar
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.offices.session import Session
from services.scheduling.openings.waiting_room import WaitingRoom
from services.scheduling.terms import Pool
from shared.errors import Refusal, SomeoneElseChangedIt
from shared.store.kinds import Record
from shared.store.port import VersionConflict
from shared.store.retry import again

_REFUSALS: Final[dict[MoveProblem, type[Refusal]]] = {
    MoveProblem.TOO_LATE: TooLateToMove,
    MoveProblem.NO_MOVES_LEFT: NoMovesLeft,
    MoveProblem.SAME_SESSION: SameSession,
    MoveProblem.SESSION_CLOSED: SessionClosed,
    MoveProblem.TOO_FAR: TooFarToMove,
}


@dataclass(frozen=True)
class MoveWish:
    """Which visit shall go where."""

    appointment_id: str
    session_id: str
    actor: Actor
    command_id: str
    origin: Origin = NOWHERE


class Moves:
    """From one seat to another, across sessions and offices."""

    def __init__(
        self,
        context: UseCaseContext,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        codes: QueueCodes,
        activity: ActivityCounters,
        inventory: SeatInventory,
        calendar: Calendar,
        waiting_room: WaitingRoom,
        availability: ProductAvailability,
    ) -> None:
        self._availability = availability
        self._context = context
        self._codes = codes
        self._activity = activity
        self._seats = seats
        self._appointments = appointments
        self._inventory = inventory
        self._calendar = calendar
        self._waiting_room = waiting_room

    async def reschedule(self, wish: MoveWish) -> Record[Appointment]:
        """Move a confirmed visit to a seat of the same pool in another session.

        Refuses with ``NotFound``, ``SessionNotFound``, ``NotOpenYet``, ``ProductNotOffered``, the reasons of
        :class:`~services.scheduling.booking.appointments.move_rules.MoveProblem`, ``SessionSoldOut``, ``BeingMoved`` or
        ``NotPossibleNow``; the visit then stays where it was. A repeat of the command meets the finished move.
        """
        target = await self._calendar.session(wish.session_id)
        await self._inventory.refuse_unopened(wish.session_id)
        moving = await again(lambda: self._begin(wish, target.state))
        if moving.state.move is None:
            return moving
        seat = await self._inventory.claim_any(
            wish.session_id, moving.state.move.pool, moving.id, token=moving.state.move.token
        )
        if seat is None:
            with contextlib.suppress(VersionConflict):
                await self._appointments.save(moving, appointments.undo_move(moving.state), self._context.now())
            products = await self._availability.products_of([moving.state.application_id])
            raise await self._calendar.sold_out(wish.session_id, target.state, Pool(moving.state.move.pool), products)
        moved = await self._commit(moving, seat, wish.command_id)
        self._activity.note(Act.MOVE, moved.state, wish.origin)
        return await self._inventory.give_back_left_now(moved)

    async def _begin(self, wish: MoveWish, target: Session) -> Record[Appointment]:
        """The appointment, moving; or as it stands if this command has moved it before."""
        record = await find_visible(self._appointments, wish.appointment_id, wish.actor)
        if record.has_received(wish.command_id):
            return record
        refuse_impossible(record.state, Command.BEGIN_MOVE)
        self._refuse_move(record.state, wish.session_id, target)
        await self._availability.refuse_moving(record.state.application_id, target.office_id, target.date)
        counted = Wish(record.state.person_id, wish.session_id)
        self._activity.check_limits(Act.MOVE, record.state.account_id, counted, wish.origin)
        await self._waiting_room.turn(wish.session_id, Pool(record.state.seat.pool), record.state.person_id)
        decision = appointments.begin_move(
            record.state,
            session_id=wish.session_id,
            pool=record.state.seat.pool,
            token=self._context.ids.new(),
            command_id=wish.command_id,
            now=self._context.now(),
            rules=self._context.rules,
        )
        return await self._appointments.save(record, decision, self._context.now())

    def _refuse_move(self, state: Appointment, session_id: str, target: Session) -> None:
        if not target.pools.get(Pool(state.seat.pool), 0):
            raise PoolNotOpen(pool=state.seat.pool)
        rules, offices = self._context.rules, self._context.offices
        problem = move_problem(
            state.seat,
            moves_made=state.moves_made,
            timezone=offices[state.seat.office_id].timezone,
            target=MoveTarget(session_id, target.starts_at, offices[target.office_id].timezone),
            now=self._context.now(),
            rules=rules,
        )
        if problem is not None:
            raise _REFUSALS[problem](moves_max=rules.moves_max, within_days=rules.move_within_days)

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
        offices = self._context.offices
        decision = appointments.finish_move(
            moving.id,
            state,
            slot,
            queue_code=self._codes.sign_visit(moving.id, slot, state.code_version + 1),
            old_office=offices[state.seat.office_id],
            office=offices[slot.office_id],
            now=self._context.now(),
            rules=self._context.rules,
        )
        return await self._appointments.save(moving, decision, self._context.now(), command_id)

    async def roll(self, record: Record[Appointment]) -> None:
        """A move was left unfinished: on to the new seat if one carries its token, else back."""
        move = record.state.move
        if record.state.status is not Status.MOVING or move is None:
            return
        seat = await self._seat_of(move)
        if seat is None:
            await self._appointments.save(record, appointments.undo_move(record.state), self._context.now())
            return
        await self._inventory.give_back_left_now(await self._finish(record, seat, move.command_id))

    async def _seat_of(self, move: Move) -> Record[Seat] | None:
        seats = await self._seats.seats_of(move.session_id)
        return next((seat for seat in seats if seat.state.token == move.token), None)
