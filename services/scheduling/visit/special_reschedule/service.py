"""Special reschedules: asked for, decided, used, or over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.access import change_visible, find_visible, refuse_impossible
from services.scheduling.booking.appointments.appointment import (
    Appointment,
    Command,
    MoveCause,
    Status,
    ask_until,
    can,
)
from services.scheduling.booking.appointments.errors import BeingMoved, NotPossibleNow, PersonHasAppointment
from services.scheduling.booking.appointments.move import Relocation
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.appointments.special_reschedule_right import SpecialCause, SpecialRefusal, SpecialState
from services.scheduling.booking.appointments.visit_transitions import AskProblem, Ruling
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.rules import bookable_from
from services.scheduling.terms import Pool
from services.scheduling.visit.special_reschedule.errors import (
    NoSpecialAsked,
    NoSpecialLeft,
    SpecialAlreadyAsked,
    SpecialCauseNotPermitted,
    SpecialOver,
    TooLateForSpecial,
)
from shared.audit import Audit
from shared.crypto.fields import FieldCipher
from shared.errors import Refusal
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.retry import again

EVIDENCE: Final = "special_evidence"
"""The name of the sealed field."""

_REFUSALS: Final[dict[AskProblem, type[Refusal]]] = {
    AskProblem.CAUSE_NOT_PERMITTED: SpecialCauseNotPermitted,
    AskProblem.NOT_PAID_FOR: NotPossibleNow,
    AskProblem.ALREADY_ASKED: SpecialAlreadyAsked,
    AskProblem.TOO_LATE: TooLateForSpecial,
    AskProblem.NONE_LEFT: NoSpecialLeft,
}


@dataclass(frozen=True)
class SpecialWish:
    """A request for a special reschedule, with its evidence."""

    appointment_id: str
    cause: SpecialCause
    evidence: str
    actor: Actor
    command_id: str


@dataclass(frozen=True)
class SpecialDecision:
    """The decision of the office: a yes, or the coded reason of a no."""

    appointment_id: str
    refused_for: SpecialRefusal | None
    actor: Actor
    command_id: str


@dataclass(frozen=True)
class NewDate:
    """A request for a new date under a special reschedule."""

    appointment_id: str
    session_id: str
    actor: Actor
    command_id: str


class Specials:
    """Special reschedules: new dates without paying again."""

    def __init__(
        self,
        context: UseCaseContext,
        appointments: AppointmentRepository,
        inventory: SeatInventory,
        relocation: Relocation,
        bookable_sessions: BookableSessions,
        availability: ProductAvailability,
        cipher: FieldCipher,
        audit: Audit,
    ) -> None:
        self._availability = availability
        self._context = context
        self._audit = audit
        self._appointments = appointments
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions
        self._cipher = cipher
        self._relocation = relocation

    async def ask(self, wish: SpecialWish) -> Record[Appointment]:
        """Ask the office for a new date.

        Refuses with ``NotFound``, ``SpecialCauseNotPermitted``, ``SpecialAlreadyAsked``, ``NoSpecialLeft``,
        ``TooLateForSpecial`` or ``NotPossibleNow``.
        """

        def decide(state: Appointment) -> Decision[Appointment]:
            self._refuse_asking(state, wish.cause)
            sealed = self._cipher.seal(wish.evidence, owner_id=wish.appointment_id, field=EVIDENCE)
            return visit_transitions.ask(state, wish.cause, sealed, self._context.now())

        return await change_visible(
            self._appointments, wish.appointment_id, wish.actor, decide, self._context.clock, received=wish.command_id
        )

    def _refuse_asking(self, state: Appointment, cause: SpecialCause) -> None:
        rules = self._context.rules
        problem = visit_transitions.ask_problem(state, cause, now=self._context.now(), rules=rules)
        if problem is not None:
            until = ask_until(state, rules)
            raise _REFUSALS[problem](state=state.status.value, ask_until=until.isoformat())

    async def decide(self, decided: SpecialDecision) -> Record[Appointment]:
        """Say yes or no to what was asked; a yes gives the seat back and opens a new date.

        Refuses with ``NotFound``, ``NotYourOffice``, ``NoSpecialAsked``, ``PersonHasAppointment``, ``BeingMoved`` or
        ``NotPossibleNow``.
        """

        async def attempt() -> Record[Appointment]:
            record = await find_visible(self._appointments, decided.appointment_id, decided.actor)
            if record.has_received(decided.command_id):
                return record
            special, by = record.state.special, decided.actor.account_id
            if special is None or special.state is not SpecialState.ASKED:
                raise NoSpecialAsked
            now = self._context.now()
            word = decided.refused_for.value if decided.refused_for else "granted"
            await self._audit.note(
                decided.actor, "special.decided", subject=record.id, reason=word, command_id=decided.command_id
            )
            if decided.refused_for is not None:
                decision = visit_transitions.refuse(record.id, record.state, decided.refused_for, by, now)
            else:
                refuse_impossible(record.state, Command.OPEN_SPECIAL)
                ruling = Ruling(special.cause, by, now, self._timezone(record), "granted")
                decision = visit_transitions.open_special(record.id, record.state, ruling, self._context.rules)
            return await self._kept(record, decision, decided.command_id)

        return await self._inventory.give_back_left_now(await again(attempt))

    async def interrupt(self, appointment_id: str, reason: str, actor: Actor, command_id: str) -> Record[Appointment]:
        """The systems stopped this visit: a new date is open at once.

        Refuses with ``NotFound``, ``NotYourOffice``, ``OverrideNeedsReason``, ``BeingMoved`` or ``NotPossibleNow``.
        """

        async def attempt() -> Record[Appointment]:
            record = await find_visible(self._appointments, appointment_id, actor)
            if record.has_received(command_id):
                return record
            refuse_impossible(record.state, Command.INTERRUPT)
            await self._audit.note(
                actor, "visit.interrupted", subject=record.id, reason=reason, override=True, command_id=command_id
            )
            now, zone = self._context.now(), self._timezone(record)
            ruling = Ruling(SpecialCause.SYSTEM_FAULT, actor.account_id, now, zone, reason)
            decision = visit_transitions.interrupt(record.id, record.state, ruling, self._context.rules)
            return await self._kept(record, decision, command_id)

        return await self._inventory.give_back_left_now(await again(attempt))

    async def use(self, wish: NewDate) -> Record[Appointment]:
        """Take a new date in one step; if it cannot be had the right stays as it was.

        Refuses with ``NotFound``, ``SessionNotFound``, ``SessionClosed``, ``PoolNotOpen``, ``SessionSoldOut``,
        ``ProductNotOffered``, ``SpecialOver``, ``BeingMoved``, ``NotOpenYet`` or ``NotPossibleNow``. A repeat meets
        the finished move.
        """
        target = await self._bookable_sessions.session(wish.session_id)
        await self._inventory.refuse_unopened(wish.session_id)

        async def attempt() -> Record[Appointment] | None:
            record = await find_visible(self._appointments, wish.appointment_id, wish.actor)
            if record.has_received(wish.command_id):
                return record
            state, now = record.state, self._context.now()
            if state.status is Status.SPECIAL_MOVING:
                raise BeingMoved
            refuse_impossible(state, Command.BEGIN_SPECIAL)
            if state.special is not None and state.special.until is not None and now > state.special.until:
                raise SpecialOver(until=state.special.until.isoformat())
            if not target.state.pools.get(Pool(state.seat.pool), 0):
                raise PoolNotOpen(pool=state.seat.pool)
            if target.state.starts_at < bookable_from(now, self._context.rules):
                raise SessionClosed(starts_at=target.state.starts_at)
            await self._availability.refuse_moving(state.application_id, target.state.office_id, target.state.date)
            return await self._relocation.reach(record, wish.session_id, MoveCause.SPECIAL, wish.command_id)

        moved = await again(attempt)
        if moved is not None:
            return moved
        record = await find_visible(self._appointments, wish.appointment_id, wish.actor)
        products = await self._availability.products_of([record.state.application_id])
        raise await self._bookable_sessions.sold_out(
            wish.session_id, target.state, Pool(record.state.seat.pool), products
        )

    async def _kept(
        self, record: Record[Appointment], decision: Decision[Appointment], command_id: str
    ) -> Record[Appointment]:
        try:
            return await self._appointments.save(record, decision, self._context.now(), command_id)
        except AlreadyExists:
            # a missed visit would live again, and the person has another one by now
            raise PersonHasAppointment from None

    def _timezone(self, record: Record[Appointment]) -> str:
        return self._context.offices[record.state.seat.office_id].timezone

    async def roll(self, record: Record[Appointment]) -> None:
        """Finish or undo the use of a special reschedule that was left unfinished."""
        if record.state.status is Status.SPECIAL_MOVING:
            await self._relocation.roll(record)

    async def end(self, record: Record[Appointment]) -> None:
        """End a special reschedule for which no new date was chosen in time."""
        if can(record.state, Command.END_SPECIAL):
            decision = visit_transitions.end_special(record.id, record.state)
            await self._appointments.save(record, decision, self._context.now())

    async def asked(self, office_id: str, actor: Actor) -> list[Record[Appointment]]:
        """Return the requests that wait for the office's decision, oldest first. Refuses with ``NotYourOffice``."""
        self._context.own_office(office_id, actor)
        return await self._appointments.specials_asked(office_id)

    def evidence(self, record: Record[Appointment]) -> str | None:
        """Return the applicant's evidence in clear, or None."""
        special = record.state.special
        if special is None or special.evidence is None:
            return None
        return self._cipher.open(special.evidence, owner_id=record.id, field=EVIDENCE)
