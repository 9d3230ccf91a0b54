"""Holds: winning a seat, letting it lapse, giving it up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog

from services.scheduling.applications import ApplicationCopy, ApplicationRepository, fresher
from services.scheduling.booking.abuse.activity_counters import NOWHERE, ActivityCounters, Origin
from services.scheduling.booking.abuse.hold_allowances import HoldAllowances
from services.scheduling.booking.abuse.limits import Act, Wish
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.access import find_visible, refuse_impossible
from services.scheduling.booking.appointments.appointment import (
    Appointment,
    Command,
    ReleaseReason,
    Status,
    can,
)
from services.scheduling.booking.appointments.errors import FeeWouldBeLost, PersonHasAppointment
from services.scheduling.booking.appointments.priority import Need, Priority, Proof
from services.scheduling.booking.appointments.priority_check import PriorityGrounds, may_hold
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, slot_of
from services.scheduling.context import Actor, UseCaseContext, refuse_unless_own_office
from services.scheduling.errors import ApplicationIsWithdrawn
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.openings.waiting_room import Turn, WaitingRoom
from services.scheduling.rules import bookable_from
from services.scheduling.terms import Pool
from shared.errors import NotFound, Refusal, SomeoneElseChangedIt
from shared.events.application import ApplicationSubmitted, ApplicationWithdrawn, KindCorrected
from shared.ids import derived_id
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.retry import again

log = structlog.get_logger()

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
    """At the counter: before this its bill must be paid."""


def appointment_id_of(command_id: str, attempt: int) -> str:
    """The id that a command's appointment gets; a later attempt only where a tombstone holds the earlier one."""
    return derived_id("appointment", command_id, *([str(attempt)] if attempt else []))


class Holds:
    """From a free seat to a hold, and back."""

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
        self._availability = availability
        self._grounds = grounds
        self._context = context
        self._activity = activity
        self._allowances = allowances
        self._applications = applications
        self._seats = seats
        self._appointments = appointments
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions
        self._waiting_room = waiting_room

    async def hold(self, wish: HoldWish) -> Record[Appointment]:
        """Hold a seat of the session for an application: one read, one conditional write, one insert.

        The limits against hoarding are counted in memory (``TooManyHolds``, ``TooManySeatsGivenUp``,
        ``TooManyPeopleOnDevice``). Refuses with ``NotKnownYet``, ``NotFound`` (somebody else's application),
        ``ApplicationIsWithdrawn``, ``PoolNotOpen``, ``PriorityNeedMissing``, ``NotInPriorityGroup``,
        ``ProductNotOffered``, ``SessionSoldOut`` (naming alternatives), ``SessionClosed``, ``SessionNotFound`` and
        ``PersonHasAppointment``. A repeat of the command meets the appointment of the first time.
        """
        copy = await self._applications.wait_for_submitted(wish.application_id, self._context.clock)
        await self._refuse_unentitled(wish, copy)
        ground = await self._fitting(wish, copy)
        await self._refuse_over(wish, copy)
        turn = await self._turn(wish, copy, ground)
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
                held = await self._begin(appointment_id, wish, copy, seat)
            if held is not None and held.state.status is not Status.ABANDONED:
                if turn is not None:
                    await self._waiting_room.took(turn, held.id)
                return held
            attempt += 1
        raise SomeoneElseChangedIt

    async def _fitting(self, wish: HoldWish, copy: ApplicationCopy) -> Priority | None:
        """The ground of a priority seat. Refuses an office that cannot make what is applied for (X10) and a priority
        seat for whom it is not (F69); a repeat of a won hold meets what was won."""
        place = await self._inventory.place(wish.session_id)
        if place is None:
            return None
        try:
            self._availability.refuse_lacking(copy, place.office_id, place.date)
            return self._grounds.ground(wish.pool, wish.need, copy, place.date)
        except Refusal:
            if await self.won_before(wish) is None:
                raise
            return None

    async def won_before(self, wish: HoldWish) -> Record[Appointment] | None:
        """Return the hold that the same command won before, or None."""
        earlier = await self._appointments.appointment(appointment_id_of(wish.command_id, 0))
        return None if earlier is None or earlier.state.status is Status.ABANDONED else earlier

    async def _refuse_over(self, wish: HoldWish, copy: ApplicationCopy) -> None:
        """The limits against hoarding; the office's own staff are under none, a repeat of a won hold neither."""
        if wish.actor.is_staff:
            return
        try:
            counted = Wish(copy.person_id, wish.session_id)
            self._activity.check_limits(Act.HOLD, copy.account_id, counted, wish.origin)
        except Refusal:
            if await self.won_before(wish) is None:
                raise

    async def _turn(self, wish: HoldWish, copy: ApplicationCopy, ground: Priority | None) -> Turn | None:
        """The turn in the line of an opening, if the session has one; a repeat of a hold that was won needs none.

        A need that is only declared passes nobody by: who names one from outside stands in line like all.
        """
        declared = ground is not None and ground.proof is Proof.TO_BE_SHOWN and not wish.actor.is_staff
        pool = Pool.REGULAR if declared else wish.pool
        try:
            return await self._waiting_room.turn(wish.session_id, pool, copy.person_id)
        except Refusal:
            if await self.won_before(wish) is None:
                raise
            return None

    async def _refuse_unentitled(self, wish: HoldWish, copy: ApplicationCopy) -> None:
        actor = wish.actor
        if not actor.is_staff and copy.account_id != actor.account_id:
            raise NotFound
        if copy.withdrawn:
            raise ApplicationIsWithdrawn
        if not may_hold(wish.pool, is_staff=actor.is_staff):
            raise PoolNotOpen(pool=wish.pool.value)
        if actor.is_staff:
            session = await self._bookable_sessions.session(wish.session_id)
            refuse_unless_own_office(actor, session.state.office_id)

    async def _write(self, appointment_id: str, decision: Decision[Appointment], wish: HoldWish) -> Record[Appointment]:
        """The office's own staff are under no limit."""
        if wish.actor.is_staff:
            return await self._appointments.begin(appointment_id, decision, self._context.now())
        return await self._allowances.begin(appointment_id, decision, wish.origin)

    async def _begin(
        self, appointment_id: str, wish: HoldWish, copy: ApplicationCopy, seat: Record[Seat]
    ) -> Record[Appointment] | None:
        context = self._context
        decision = appointments.hold(
            appointment_id,
            copy.applying(wish.application_id),
            slot_of(seat.id, seat.state),
            office=context.offices[seat.state.office_id],
            now=context.now(),
            rules=context.rules,
            pay_until=wish.pay_until,
            priority=self._grounds.ground(wish.pool, wish.need, copy, seat.state.date),
        )
        try:
            held = await self._write(appointment_id, decision, wish)
        except AlreadyExists:
            await self._inventory.undo(seat)
        except Refusal:
            await self._inventory.undo(seat)
            if await self._appointments.appointment(appointment_id) is None:
                raise
        else:
            if not wish.actor.is_staff:
                self._activity.note(Act.HOLD, held.state, wish.origin)
            return held
        earlier = await self._appointments.appointment(appointment_id)
        if earlier is None:
            raise await self._person_has_appointment(copy, wish.actor)
        return earlier

    async def _person_has_appointment(self, copy: ApplicationCopy, actor: Actor) -> PersonHasAppointment:
        live = await self._appointments.live_appointment_of(copy.person_id)
        own = live is not None and (live.state.account_id == actor.account_id)
        facts: dict[str, Any] = {"appointment_id": live.id} if live is not None and own else {}
        return PersonHasAppointment(**facts)

    async def _explain_no_seat(self, wish: HoldWish, copy: ApplicationCopy) -> None:
        """Refuse with the reason why no seat could be had; returns only if one is free after all."""
        session = await self._bookable_sessions.session(wish.session_id)
        if session.state.starts_at < (wish.starts_from or bookable_from(self._context.now(), self._context.rules)):
            raise SessionClosed(starts_at=session.state.starts_at)
        if not session.state.pools.get(wish.pool, 0):
            raise PoolNotOpen(pool=wish.pool.value)
        free = await self._seats.free_seats([wish.session_id])
        if not free.get((wish.session_id, wish.pool.value)):
            raise await self._bookable_sessions.sold_out(wish.session_id, session.state, wish.pool, {copy.product})

    async def cancel(
        self, appointment_id: str, actor: Actor, command_id: str, *, fee_is_lost: bool, origin: Origin = NOWHERE
    ) -> Record[Appointment]:
        """Give a seat up. An offer is declined by it; a paid visit only with ``fee_is_lost``.

        Refuses with ``NotFound``, ``FeeWouldBeLost``, ``BeingMoved`` or ``NotPossibleNow``.
        """

        async def attempt() -> Record[Appointment]:
            record = await find_visible(self._appointments, appointment_id, actor)
            if record.has_received(command_id):
                return record
            state = record.state
            if state.status in (Status.CONFIRMED, Status.ON_PROOF) and not fee_is_lost:
                raise FeeWouldBeLost
            released = await self._appointments.save(
                record, self._cancellation(appointment_id, state), self._context.now(), command_id
            )
            self._activity.note(Act.RELEASE, state, origin)
            return released

        return await self._inventory.give_back_left_now(await again(attempt))

    def _cancellation(self, appointment_id: str, state: Appointment) -> Decision[Appointment]:
        now, rules = self._context.now(), self._context.rules
        if state.status is Status.OFFERED:
            return appointments.end_offer(appointment_id, state, Command.DECLINE_OFFER, now=now, rules=rules)
        refuse_impossible(state, Command.CANCEL)
        reason = ReleaseReason.CANCELLED
        return appointments.release(appointment_id, state, Command.CANCEL, reason, now=now, rules=rules)

    async def get(self, appointment_id: str, actor: Actor) -> Record[Appointment]:
        """Return the appointment for its owner or its office; refuses as `find_visible` does."""
        return await find_visible(self._appointments, appointment_id, actor)

    async def find_by_application(self, application_id: str, actor: Actor) -> list[Record[Appointment]]:
        """The appointments of an application that the asker may see, the newest first; none for strangers."""
        found = await self._appointments.appointments_of(application_id)
        return [record for record in found if record.state.slot is not None and _may_see(record.state, actor)]

    async def lapse(self, record: Record[Appointment]) -> None:
        """Release a hold that ran out before a bill was requested."""
        if not can(record.state, Command.LAPSE):
            return
        decision = appointments.release(
            record.id,
            record.state,
            Command.LAPSE,
            ReleaseReason.HOLD_LAPSED,
            now=self._context.now(),
            rules=self._context.rules,
        )
        released = await self._appointments.save(record, decision, self._context.now())
        await self._inventory.give_back_left_now(released)

    async def alert_long_stop(self, record: Record[Appointment]) -> None:
        """A seat waits far too long for its bill: tell the operators; only billing may free it."""
        log.error("seat_waits_too_long", appointment_id=record.id, bill_id=record.state.bill_id)
        decision = appointments.alerted(record.state, now=self._context.now(), rules=self._context.rules)
        await self._appointments.save(record, decision, self._context.now())

    async def application_submitted(self, event: ApplicationSubmitted) -> None:
        """Keep what a hold must know of the application; repeats and older events change nothing."""
        copy = ApplicationCopy(
            event.account_id,
            event.person_id,
            submitted=True,
            minor=event.minor,
            age_band=event.age_band,
            product=event.passport_kind,
            product_as_of=event.submitted_at,
        )
        await self._keep(event.application_id, copy)

    async def kind_corrected(self, event: KindCorrected) -> None:
        """Keep the corrected product: offices that lack it are refused from now on.

        Raises:
            NotYet: the application is not known here.
        """

        def correct(known: ApplicationCopy) -> Decision[ApplicationCopy]:
            corrected = replace(known, product=event.passport_kind, product_as_of=event.corrected_at)
            return Decision(fresher(known, corrected))

        try:
            await self._applications.change_application(event.application_id, correct, self._context.clock)
        except NotFound:
            raise NotYet(f"application {event.application_id} is not known") from None

    async def application_withdrawn(self, event: ApplicationWithdrawn, message_id: str) -> None:
        """Release the application's live seat and give it no more; a visitor who is at the office stays."""
        await self._keep(
            event.application_id, ApplicationCopy(event.account_id, event.person_id, submitted=True, withdrawn=True)
        )
        for record in await self._appointments.appointments_of(event.application_id):
            await self._withdraw(record, message_id)

    async def _keep(self, application_id: str, copy: ApplicationCopy) -> None:
        def freshen(known: ApplicationCopy) -> Decision[ApplicationCopy] | None:
            return None if known.withdrawn else Decision(fresher(known, copy))

        try:
            await self._applications.begin_application(application_id, copy, self._context.now())
        except AlreadyExists:
            await self._applications.change_application(application_id, freshen, self._context.clock)

    async def _withdraw(self, record: Record[Appointment], message_id: str) -> None:
        state, now, rules = record.state, self._context.now(), self._context.rules
        if record.has_received(message_id):
            return
        if state.status in (Status.MOVING, Status.SPECIAL_MOVING, Status.GATHERING):
            raise NotYet(f"appointment {record.id} is {state.status.value}")
        decision = appointments.withdraw(record.id, state, now=now, rules=rules)
        if decision is None:
            return
        await self._inventory.give_back_left_now(await self._appointments.save(record, decision, now, message_id))


def _may_see(state: Appointment, actor: Actor) -> bool:
    if actor.is_staff:
        return state.seat.office_id == actor.office_id
    return state.account_id == actor.account_id
