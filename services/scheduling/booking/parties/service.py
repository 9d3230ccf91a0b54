"""A family of up to five books together, all or none.

The party is the commit point. Each member is seated as by a hold (claim, then insert under a fixed id), but silently:
its appointment is ``gathering`` until the party is decided by one write. Then it joins (``seat.held`` is said) or
breaks off; a member that was not told learns it by a deadline of its own.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from services.scheduling.applications import ApplicationCopy, ApplicationRepository
from services.scheduling.booking.abuse import limits
from services.scheduling.booking.abuse.activity_counters import NOWHERE, ActivityCounters, Origin
from services.scheduling.booking.abuse.errors import TooManyHolds
from services.scheduling.booking.abuse.hold_allowances import HoldAllowances
from services.scheduling.booking.abuse.limits import Act, Wish
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.booking_path import BookingPath, refuse_foreign_application
from services.scheduling.booking.appointments.errors import PersonHasAppointment
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.parties import party
from services.scheduling.booking.parties.errors import PartyBroken, SamePersonTwice
from services.scheduling.booking.parties.party import Member, Party, PartyBreak, PartyStatus
from services.scheduling.booking.parties.repository import PartyRepository
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Slot
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed, SessionSoldOut
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.offices.session import Session
from services.scheduling.openings.waiting_room import Turn, WaitingRoom
from services.scheduling.rules import POOLS_OF_CHANNEL, Channel, bookable_from
from services.scheduling.terms import Applying, Pool
from shared.errors import NotFound, Refusal, SomeoneElseChangedIt
from shared.ids import derived_id
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

Problem = tuple[PartyBreak, str | None]
"""Why a party gets no seats, and the application that could not be seated."""


@dataclass(frozen=True)
class PartyWish:
    """A request for seats for a family."""

    application_ids: tuple[str, ...]
    session_id: str
    pool: Pool
    actor: Actor
    command_id: str
    origin: Origin = NOWHERE


@dataclass(frozen=True)
class Seated:
    """A party with the appointments of its members, in the order of the wish."""

    record: Record[Party]
    appointments: Sequence[Record[Appointment]]


class Parties:
    """Books families."""

    def __init__(
        self,
        context: UseCaseContext,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        parties: PartyRepository,
        activity: ActivityCounters,
        allowances: HoldAllowances,
        applications: ApplicationRepository,
        inventory: SeatInventory,
        bookable_sessions: BookableSessions,
        waiting_room: WaitingRoom,
        availability: ProductAvailability,
        path: BookingPath,
    ) -> None:
        self._path = path
        self._availability = availability
        self._context = context
        self._activity = activity
        self._allowances = allowances
        self._applications = applications
        self._waiting_room = waiting_room
        self._seats = seats
        self._appointments = appointments
        self._parties = parties
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions

    async def book(self, wish: PartyWish) -> Seated:
        """Hold a seat of the session for every application, or none at all.

        Refuses with ``NotKnownYet``, ``NotFound``, ``ApplicationIsWithdrawn``, ``SamePersonTwice``, ``PoolNotOpen``,
        ``ProductNotOffered`` (naming the application), ``SessionNotFound``, ``SessionClosed``, ``NotOpenYet``,
        ``SessionSoldOut``, ``PersonHasAppointment`` or ``PartyBroken``. A repeat of the command meets the party of the
        first time with its outcome.
        """
        party_id = derived_id("party", wish.command_id)
        record = await self._parties.party(party_id)
        turns: list[tuple[Turn | None, Member]] = []
        if record is None:
            members = await self._members(party_id, wish)
            await self._refuse_session(wish, len(members))
            # each of the family has a place of its own in the line of an opening
            turns = [
                (await self._waiting_room.turn(wish.session_id, wish.pool, member.person_id), member)
                for member in members
            ]
            record = await self._begin(party_id, wish, members)
        record = await self._gather(record)
        if record.state.status is PartyStatus.BROKEN:
            raise await self._refusal(record.state)
        for turn, member in turns:
            if turn is not None:
                await self._waiting_room.took(turn, member.appointment_id)
        seated = await self._seated(record)
        self._count(wish, seated, new=bool(turns))
        return seated

    def _count(self, wish: PartyWish, seated: Seated, *, new: bool) -> None:
        if new:
            for record in seated.appointments:
                self._activity.note(Act.HOLD, record.state, wish.origin)

    async def get(self, party_id: str, actor: Actor) -> Seated:
        """Return the actor's own party. Refuses with ``NotFound``."""
        record = await self._parties.party(party_id)
        if record is None or record.state.account_id not in actor.account_ids:
            raise NotFound
        return await self._seated(record)

    async def decide(self, record: Record[Party]) -> None:
        """Decide a party that was left undecided: all of it, if all are there, else none."""
        if record.state.status is PartyStatus.GATHERING:
            known = await self._appointments_of(record)
            gathered = party.all_gathered([member.state if member else None for member in known])
            await self._tell_members(await self._decide(record, None if gathered else (PartyBreak.TOO_SLOW, None)))

    async def _decide(self, record: Record[Party], problem: Problem | None) -> Record[Party]:
        """Seat all, or break the party with the problem; a party that was decided meanwhile stays as it is."""

        def decide(state: Party) -> Decision[Party] | None:
            if state.status is not PartyStatus.GATHERING:
                return None
            return Decision(party.seat_all(state) if problem is None else party.break_party(state, *problem))

        return await self._parties.change_party(record, decide, self._context.clock)

    async def decide_member(self, record: Record[Appointment]) -> None:
        """Decide a member that was told nothing, by the outcome of its party."""
        known = await self._parties.party(record.state.party_id or "")
        if known is not None and known.state.status is PartyStatus.GATHERING:
            raise NotYet(f"party {known.id} is not decided")
        await self._tell_member(record, seated=known is not None and known.state.status is PartyStatus.HELD)

    async def _members(self, party_id: str, wish: PartyWish) -> tuple[Member, ...]:
        members = []
        session = (await self._bookable_sessions.session(wish.session_id)).state
        copies = [await self._own(application_id, wish.actor) for application_id in wish.application_ids]
        together = {copy.product for copy in copies}
        for application_id, copy in zip(wish.application_ids, copies, strict=True):
            self._availability.refuse_lacking(
                copy, session.office_id, session.date, together=together, application_id=application_id
            )
            if await self._appointments.live_appointment_of(copy.person_id) is not None:
                raise PersonHasAppointment(application_id=application_id)
            counted = Wish(copy.person_id, wish.session_id, asked=len(wish.application_ids))
            await self._activity.check_joined(Act.HOLD, wish.actor.account_ids, counted)
            self._activity.check_limits(Act.HOLD, copy.account_id, counted, wish.origin)
            appointment_id = derived_id("appointment", "party", party_id, application_id)
            members.append(Member(application_id, copy.person_id, appointment_id))
        if len({member.person_id for member in members}) != len(members):
            raise SamePersonTwice(field="/application_ids")
        return tuple(members)

    async def _own(self, application_id: str, actor: Actor) -> ApplicationCopy:
        copy = await self._applications.wait_for_submitted(application_id, self._context.clock)
        refuse_foreign_application(copy, actor, application_id=application_id)
        return copy

    async def _refuse_session(self, wish: PartyWish, seats: int) -> None:
        session = (await self._bookable_sessions.session(wish.session_id)).state
        if wish.pool not in POOLS_OF_CHANNEL[Channel.APPLICANT] or not session.pools.get(wish.pool, 0):
            raise PoolNotOpen(pool=wish.pool.value)
        if session.starts_at < bookable_from(self._context.now(), self._context.rules):
            raise SessionClosed(starts_at=session.starts_at)
        await self._inventory.refuse_unopened(wish.session_id)
        free = await self._seats.free_seats([wish.session_id])
        if free.get((wish.session_id, wish.pool.value), 0) < seats:
            raise await self._sold_out(wish.session_id, session, wish.pool, wish.application_ids)

    async def _begin(self, party_id: str, wish: PartyWish, members: tuple[Member, ...]) -> Record[Party]:
        now = self._context.now()
        begun = party.gather_party(
            wish.actor.account_id,
            wish.session_id,
            wish.pool.value,
            members,
            now=now,
            party_seconds=self._context.rules.party_seconds,
        )
        try:
            return await self._parties.begin_party(party_id, begun, now)
        except AlreadyExists:
            return await self._read(party_id)

    async def _gather(self, record: Record[Party]) -> Record[Party]:
        """Return the party, decided, its members told. A repeat goes on where the first try was left."""
        if record.state.status is PartyStatus.GATHERING:
            record = await self._decide(record, await self._seat_all(record))
        await self._tell_members(record)
        return record

    async def _seat_all(self, record: Record[Party]) -> Problem | None:
        for member in record.state.members:
            problem = await self._seat(record, member)
            if problem is not None:
                return problem, member.application_id
        return None

    async def _seat(self, record: Record[Party], member: Member) -> PartyBreak | None:
        known = await self._appointments.appointment(member.appointment_id)
        if known is None:
            seat = await self._inventory.claim_any(record.state.session_id, record.state.pool, member.appointment_id)
            if seat is None:
                return PartyBreak.SOLD_OUT
            try:
                known = await self._path.begin(
                    member.appointment_id, seat, partial(self._member_decision, record, member), self._write
                )
            except TooManyHolds:
                return PartyBreak.TOO_MANY_HOLDS
            if known is None:
                return PartyBreak.PERSON_HAS_APPOINTMENT
        return PartyBreak.TOO_SLOW if known.state.status in (Status.ABANDONED, Status.RELEASED) else None

    def _member_decision(self, record: Record[Party], member: Member, slot: Slot) -> Decision[Appointment]:
        applying = Applying(member.application_id, record.state.account_id, member.person_id)
        until, now, rules = party.member_until(record.state), self._context.now(), self._context.rules
        return appointments.gather(applying, slot, record.id, until=until, now=now, rules=rules)

    async def _write(self, appointment_id: str, decision: Decision[Appointment]) -> Record[Appointment]:
        return await self._allowances.begin(appointment_id, decision, NOWHERE)

    async def _tell_members(self, record: Record[Party]) -> None:
        """Tell each member that is there what was decided; those not reached now learn it by their own deadline."""
        for known in await self._appointments_of(record):
            if known is not None:
                with contextlib.suppress(SomeoneElseChangedIt):
                    await self._tell_member(known, seated=record.state.status is PartyStatus.HELD)

    async def _tell_member(self, record: Record[Appointment], *, seated: bool) -> None:
        def decide(state: Appointment) -> Decision[Appointment] | None:
            if state.status is not Status.GATHERING:
                return None
            now, rules = self._context.now(), self._context.rules
            if not seated:
                return appointments.break_off(state, now=now, rules=rules)
            office = self._context.offices[state.seat.office_id]
            return appointments.join(record.id, state, office=office, now=now, rules=rules)

        told = await self._appointments.change(record.id, decide, self._context.clock, first=record)
        if not seated:
            await self._inventory.give_back_left_now(told)

    async def _refusal(self, broken: Party) -> Refusal:
        if broken.broken_for is PartyBreak.SOLD_OUT:
            session, family = await self._bookable_sessions.session(broken.session_id), broken.members
            applying = [member.application_id for member in family]
            return await self._sold_out(broken.session_id, session.state, Pool(broken.pool), applying)
        if broken.broken_for is PartyBreak.PERSON_HAS_APPOINTMENT:
            return PersonHasAppointment(application_id=broken.broken_by)
        if broken.broken_for is PartyBreak.TOO_MANY_HOLDS:
            until = limits.midnight_after(limits.day_of(self._context.now()))
            seconds = max(1, math.ceil((until - self._context.now()).total_seconds()))
            return TooManyHolds(retry_after_seconds=seconds, until=until.isoformat())
        return PartyBroken(reason=PartyBreak.TOO_SLOW.value)

    async def _sold_out(
        self, session_id: str, session: Session, pool: Pool, application_ids: Sequence[str]
    ) -> SessionSoldOut:
        """Return the refusal; it names sessions with seats for all, at offices that issue what each applies for."""
        products = await self._availability.products_of(application_ids)
        return await self._bookable_sessions.sold_out(session_id, session, pool, products, len(application_ids))

    async def _seated(self, record: Record[Party]) -> Seated:
        known = await self._appointments_of(record)
        return Seated(record, [visit for visit in known if visit is not None and visit.state.slot is not None])

    async def _appointments_of(self, record: Record[Party]) -> list[Record[Appointment] | None]:
        return [await self._appointments.appointment(member.appointment_id) for member in record.state.members]

    async def _read(self, party_id: str) -> Record[Party]:
        record = await self._parties.party(party_id)
        if record is None:
            raise SomeoneElseChangedIt
        return record
