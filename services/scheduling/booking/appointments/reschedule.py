"""Reschedule: the new seat is won before the old one goes, and one write of the appointment is the move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.scheduling.booking.abuse.activity_counters import NOWHERE, ActivityCounters, Origin
from services.scheduling.booking.abuse.limits import Act, Wish
from services.scheduling.booking.appointments.access import find_visible, refuse_impossible
from services.scheduling.booking.appointments.appointment import Appointment, Command, Status
from services.scheduling.booking.appointments.errors import NoMovesLeft, SameSession, TooFarToMove, TooLateToMove
from services.scheduling.booking.appointments.move import Relocation
from services.scheduling.booking.appointments.move_rules import MoveProblem, MoveTarget, move_problem
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.offices.session import Session
from services.scheduling.openings.waiting_room import WaitingRoom
from services.scheduling.terms import Pool
from shared.errors import Refusal
from shared.events.codes import MoveCause
from shared.store.kinds import Record
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
    """A request to reschedule."""

    appointment_id: str
    session_id: str
    actor: Actor
    command_id: str
    origin: Origin = NOWHERE


class Moves:
    """Reschedules visits, across sessions and offices."""

    def __init__(
        self,
        context: UseCaseContext,
        appointments: AppointmentRepository,
        relocation: Relocation,
        activity: ActivityCounters,
        inventory: SeatInventory,
        bookable_sessions: BookableSessions,
        waiting_room: WaitingRoom,
        availability: ProductAvailability,
    ) -> None:
        self._availability = availability
        self._context = context
        self._relocation = relocation
        self._activity = activity
        self._appointments = appointments
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions
        self._waiting_room = waiting_room

    async def reschedule(self, wish: MoveWish) -> Record[Appointment]:
        """Move a confirmed visit to a seat of the same pool in another session.

        Refuses with ``NotFound``, ``SessionNotFound``, ``NotOpenYet``, ``ProductNotOffered``, the reasons of
        :class:`~services.scheduling.booking.appointments.move_rules.MoveProblem`, ``SessionSoldOut``, ``BeingMoved`` or
        ``NotPossibleNow``; the visit then stays where it was. A repeat of the command meets the finished move.
        """
        target = await self._bookable_sessions.session(wish.session_id)
        await self._inventory.refuse_unopened(wish.session_id)
        return await again(lambda: self._move(wish, target.state))

    async def _move(self, wish: MoveWish, target: Session) -> Record[Appointment]:
        """Return the visit, moved; or as it stands if this command has moved it before."""
        record = await find_visible(self._appointments, wish.appointment_id, wish.actor)
        if record.has_received(wish.command_id):
            return record
        refuse_impossible(record.state, Command.BEGIN_MOVE)
        self._refuse_move(record.state, wish.session_id, target)
        await self._availability.refuse_moving(record.state.application_id, target.office_id, target.date)
        counted = Wish(record.state.person_id, wish.session_id)
        await self._activity.check_joined(Act.MOVE, wish.actor.account_ids, counted)
        self._activity.check_limits(Act.MOVE, record.state.account_id, counted, wish.origin)
        pool = Pool(record.state.seat.pool)
        await self._waiting_room.turn(wish.session_id, pool, record.state.person_id)
        moved = await self._relocation.reach(record, wish.session_id, MoveCause.ASKED, wish.command_id)
        if moved is None:
            products = await self._availability.products_of([record.state.application_id])
            raise await self._bookable_sessions.sold_out(wish.session_id, target, pool, products)
        self._activity.note(Act.MOVE, moved.state, wish.origin)
        return moved

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

    async def roll(self, record: Record[Appointment]) -> None:
        """Finish or undo a reschedule that was left unfinished."""
        if record.state.status is Status.MOVING:
            await self._relocation.roll(record)
