"""The one way to a hold: admit the wish, claim a seat, begin the appointment on it; undo the claim where that fails.

Ways to a hold differ in their guards and in the terms of the wish. Families and answers to bills have an order of their
own and share :meth:`BookingPath.begin`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from services.scheduling.applications import ApplicationCopy, ApplicationRepository
from services.scheduling.booking.abuse.activity_counters import NOWHERE, ActivityCounters, Origin
from services.scheduling.booking.abuse.hold_allowances import HoldAllowances
from services.scheduling.booking.abuse.limits import Act, Wish
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.errors import PersonHasAppointment
from services.scheduling.booking.appointments.priority import Need, Priority, Proof
from services.scheduling.booking.appointments.priority_check import PriorityGrounds
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.appointments.walk_in import is_at_counter
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, Slot, slot_of
from services.scheduling.context import Actor, UseCaseContext, refuse_unless_own_office
from services.scheduling.errors import ApplicationIsWithdrawn
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.openings.waiting_room import Turn, WaitingRoom
from services.scheduling.rules import POOLS_OF_CHANNEL, Channel, bookable_from
from services.scheduling.terms import Pool
from shared.errors import NotFound, Refusal, SomeoneElseChangedIt
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

TRIES: Final = 10
"""Seats reached for by one request before it is told to come again."""


@dataclass(frozen=True)
class HoldWish:
    """A request for a hold."""

    application_id: str
    session_id: str
    pool: Pool
    actor: Actor
    command_id: str
    origin: Origin = NOWHERE
    need: Need | None = None
    """Why a priority seat is asked for."""
    starts_from: datetime | None = None
    """At the counter, of today's session: the start that counts in place of the close of booking."""
    pay_until: datetime | None = None
    """At the counter and of the same-day service: before this its bill must be paid."""
    if_unpaid: str | None = None
    """The holder's choice for a same-day seat that is not paid in time."""


Guard = Callable[[HoldWish, ApplicationCopy], Awaitable[None]]
"""Refuses a wish with an error, or lets it pass."""

Write = Callable[[str, Decision[Appointment]], Awaitable[Record[Appointment]]]
"""Inserts an appointment under an id. Raises AlreadyExists, or the refusal of a limit."""


def appointment_id_of(command_id: str, attempt: int) -> str:
    """Return the id of a command's appointment; a later attempt is used only where a tombstone holds the earlier."""
    return derived_id("appointment", command_id, *([str(attempt)] if attempt else []))


def refuse_foreign_application(copy: ApplicationCopy, actor: Actor, **facts: Any) -> None:
    """Refuse with ``NotFound`` another account's application, unless staff ask; a withdrawn one with
    ``ApplicationIsWithdrawn``, which names ``facts``."""
    if not actor.is_staff and copy.account_id not in actor.account_ids:
        raise NotFound
    if copy.withdrawn:
        raise ApplicationIsWithdrawn(**facts)


class BookingPath:
    """Wins seats."""

    def __init__(
        self,
        context: UseCaseContext,
        applications: ApplicationRepository,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        activity: ActivityCounters,
        allowances: HoldAllowances,
        inventory: SeatInventory,
        bookable_sessions: BookableSessions,
        waiting_room: WaitingRoom,
        availability: ProductAvailability,
        grounds: PriorityGrounds,
    ) -> None:
        self._context = context
        self._applications = applications
        self._seats = seats
        self._appointments = appointments
        self._activity = activity
        self._allowances = allowances
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions
        self._waiting_room = waiting_room
        self._availability = availability
        self._grounds = grounds
        self._guards = (self.refuse_lacking, self.refuse_without_ground, self.refuse_over_limits)

    async def hold(self, wish: HoldWish) -> Record[Appointment]:
        """Hold a seat of the session for an application.

        Refuses with ``NotKnownYet``, ``NotFound`` (somebody else's application), ``ApplicationIsWithdrawn``,
        ``PoolNotOpen``, ``NotYourOffice``, ``ProductNotOffered``, ``PriorityNeedMissing``, ``NotInPriorityGroup``, the
        limits against hoarding, and as :meth:`win` does. A repeat of the command meets the appointment of
        the first time.
        """
        copy = await self._applications.wait_for_submitted(wish.application_id, self._context.clock)
        await self._refuse_unentitled(wish, copy)
        return await self.win(wish, copy, self._guards)

    async def hold_at_counter(self, wish: HoldWish) -> Record[Appointment]:
        """Hold for a person who stands at the counter: an officer's hold of today's walk-in or priority seats.

        It is a hold like any other, to be paid before the session ends, but the close of online booking does not count.

        Refuses as :meth:`hold` does; ``SessionClosed`` where the session of today is over.
        """
        session = (await self._bookable_sessions.session(wish.session_id)).state
        now, timezone = self._context.now(), self._context.offices[session.office_id].timezone
        refuse_unless_own_office(wish.actor, session.office_id)
        if not is_at_counter(wish.pool, session, timezone=timezone, now=now):
            return await self.hold(wish)
        copy = await self._applications.wait_for_submitted(wish.application_id, self._context.clock)
        late = replace(wish, starts_from=session.starts_at, pay_until=session.ends_at)
        return await self.win(late, copy, (self._refuse_ended, self._refuse_unentitled, *self._guards))

    async def win(self, wish: HoldWish, copy: ApplicationCopy, guards: Sequence[Guard]) -> Record[Appointment]:
        """Hold a seat of the session once every guard has let the wish pass: one conditional write and one insert.

        A repeat of the command meets the appointment that it won, also where a guard would refuse it now.

        Raises:
            NotYourTurn, TicketNeeded, TurnMissed: the session's opening has a line, and it is another's turn.
            SessionSoldOut: names alternatives.
            SessionClosed, SessionNotFound, PoolNotOpen: no seat of this session and pool can be held.
            TooManyHolds: a limit against hoarding has no number left.
            PersonHasAppointment: the person has another live appointment.
            SomeoneElseChangedIt: other requests were faster :data:`TRIES` times.
            Refusal: of a guard.
        """
        try:
            for guard in guards:
                await guard(wish, copy)
            turn = await self._find_turn(wish, copy)
        except Refusal:
            won = await self._appointments.appointment(appointment_id_of(wish.command_id, 0))
            if won is None or won.state.status is Status.ABANDONED:
                raise
            return won
        held = await self._claim_and_begin(wish, copy)
        if turn is not None:
            await self._waiting_room.took(turn, held.id)
        return held

    async def begin(
        self, appointment_id: str, seat: Record[Seat], decide: Callable[[Slot], Decision[Appointment]], write: Write
    ) -> Record[Appointment] | None:
        """Write the appointment on its claimed seat; else undo the claim and return what stands under that id.

        Returns None where nothing does: the person has another live appointment.

        Raises:
            Refusal: of ``write``, where nothing stands under that id.
        """
        try:
            return await write(appointment_id, decide(slot_of(seat.id, seat.state)))
        except (AlreadyExists, Refusal) as refused:
            await self._inventory.undo(seat)
            known = await self._appointments.appointment(appointment_id)
            if known is None and isinstance(refused, Refusal):
                raise
            return known

    async def refuse_lacking(self, wish: HoldWish, copy: ApplicationCopy) -> None:
        """Refuse with ``ProductNotOffered`` an office that does not issue what is applied for on that day."""
        place = await self._inventory.place(wish.session_id)
        if place is not None:
            self._availability.refuse_lacking(copy, place.office_id, place.date)

    async def refuse_without_ground(self, wish: HoldWish, copy: ApplicationCopy) -> None:
        """Refuse with ``PriorityNeedMissing`` or ``NotInPriorityGroup`` a priority seat that is not for this person."""
        await self._find_ground(wish, copy)

    async def refuse_over_limits(self, wish: HoldWish, copy: ApplicationCopy) -> None:
        """Refuse with ``TooManyHolds``, ``TooManySeatsGivenUp`` or ``TooManyPeopleOnDevice``; the office's own staff
        are under no limit."""
        if not wish.actor.is_staff:
            counted = Wish(copy.person_id, wish.session_id)
            await self._activity.check_joined(Act.HOLD, wish.actor.account_ids, counted)
            self._activity.check_limits(Act.HOLD, copy.account_id, counted, wish.origin)

    async def _refuse_ended(self, wish: HoldWish, _: ApplicationCopy) -> None:
        if wish.pay_until is not None and self._context.now() >= wish.pay_until:
            raise SessionClosed(starts_at=wish.starts_from)

    async def _refuse_unentitled(self, wish: HoldWish, copy: ApplicationCopy) -> None:
        refuse_foreign_application(copy, wish.actor)
        channel = Channel.OFFICE if wish.actor.is_staff else Channel.APPLICANT
        if wish.pool is not Pool.PRIORITY and wish.pool not in POOLS_OF_CHANNEL[channel]:
            raise PoolNotOpen(pool=wish.pool.value)
        if wish.actor.is_staff:
            session = await self._bookable_sessions.session(wish.session_id)
            refuse_unless_own_office(wish.actor, session.state.office_id)

    async def _find_ground(self, wish: HoldWish, copy: ApplicationCopy) -> Priority | None:
        place = await self._inventory.place(wish.session_id) if wish.pool is Pool.PRIORITY else None
        return None if place is None else self._ground(wish, copy, place.date)

    def _ground(self, wish: HoldWish, copy: ApplicationCopy, day: date) -> Priority | None:
        """Return the ground of a priority seat; None in other pools."""
        return self._grounds.ground(wish.pool, wish.need, copy, day) if wish.pool is Pool.PRIORITY else None

    async def _find_turn(self, wish: HoldWish, copy: ApplicationCopy) -> Turn | None:
        """Return the turn in the line of the session's opening; None where there is no line.

        A need that is only declared passes no one by: it stands in the line of the regular seats.
        """
        ground = await self._find_ground(wish, copy)
        declared = ground is not None and ground.proof is Proof.TO_BE_SHOWN and not wish.actor.is_staff
        pool = Pool.REGULAR if declared else wish.pool
        return await self._waiting_room.turn(wish.session_id, pool, copy.person_id)

    async def _claim_and_begin(self, wish: HoldWish, copy: ApplicationCopy) -> Record[Appointment]:
        """Return the hold of a seat of the session, or what the same command holds already."""
        attempt = 0
        for _ in range(TRIES):
            appointment_id = appointment_id_of(wish.command_id, attempt)
            seat = await self._inventory.claim_any(
                wish.session_id, wish.pool, appointment_id, starts_from=wish.starts_from
            )
            if seat is None:
                held = await self._appointments.appointment(appointment_id)
                if held is None:
                    await self._explain_no_seat(wish, copy)
                    continue
            else:
                decide = partial(self._decide, appointment_id, wish, copy)
                held = await self.begin(appointment_id, seat, decide, partial(self._write, wish))
                if held is None:
                    raise await self._person_has_appointment(copy, wish.actor)
            if held.state.status is not Status.ABANDONED:
                return held
            attempt += 1
        raise SomeoneElseChangedIt

    def _decide(self, appointment_id: str, wish: HoldWish, copy: ApplicationCopy, slot: Slot) -> Decision[Appointment]:
        return appointments.hold(
            appointment_id,
            copy.applying(wish.application_id),
            slot,
            office=self._context.offices[slot.office_id],
            now=self._context.now(),
            rules=self._context.rules,
            pay_until=wish.pay_until,
            if_unpaid=wish.if_unpaid,
            priority=self._ground(wish, copy, slot.date),
        )

    async def _write(self, wish: HoldWish, appointment_id: str, decision: Decision[Appointment]) -> Record[Appointment]:
        """Insert the hold and count it; a hold by the office's own staff is not counted."""
        if wish.actor.is_staff:
            return await self._appointments.begin(appointment_id, decision, self._context.now())
        held = await self._allowances.begin(appointment_id, decision, wish.origin)
        self._activity.note(Act.HOLD, held.state, wish.origin)
        return held

    async def _person_has_appointment(self, copy: ApplicationCopy, actor: Actor) -> PersonHasAppointment:
        live = await self._appointments.live_appointment_of(copy.person_id)
        own = live is not None and live.state.account_id in actor.account_ids
        facts: dict[str, Any] = {"appointment_id": live.id} if live is not None and own else {}
        return PersonHasAppointment(**facts)

    async def _explain_no_seat(self, wish: HoldWish, copy: ApplicationCopy) -> None:
        """Refuse with the reason why no seat could be had; return only if one is free after all."""
        session = (await self._bookable_sessions.session(wish.session_id)).state
        if session.starts_at < (wish.starts_from or bookable_from(self._context.now(), self._context.rules)):
            raise SessionClosed(starts_at=session.starts_at)
        if not session.pools.get(wish.pool, 0):
            raise PoolNotOpen(pool=wish.pool.value)
        free = await self._seats.free_seats([wish.session_id])
        if not free.get((wish.session_id, wish.pool.value)):
            raise await self._bookable_sessions.sold_out(wish.session_id, session, wish.pool, {copy.product})
