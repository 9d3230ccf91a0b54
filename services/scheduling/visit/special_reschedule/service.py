"""Special reschedules: asked for, decided, used, or ended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.access import (
    change_visible,
    find_visible,
    refuse_impossible,
    refuse_strangers,
)
from services.scheduling.booking.appointments.appointment import (
    Appointment,
    Command,
    Status,
    ask_until,
    can,
)
from services.scheduling.booking.appointments.errors import BeingMoved, NotPossibleNow, PersonHasAppointment
from services.scheduling.booking.appointments.evidence_files import with_special_evidence
from services.scheduling.booking.appointments.move import Relocation
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.appointments.special_reschedule_causes import SpecialRefusal
from services.scheduling.booking.appointments.special_reschedule_right import SpecialState
from services.scheduling.booking.appointments.visit_transitions import AskProblem, Ruling
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.offices.session import Session
from services.scheduling.rules import bookable_from
from services.scheduling.store_part import Decide, replacing
from services.scheduling.terms import Pool
from services.scheduling.visit.evidence import SPECIAL_EVIDENCE, EvidenceVault, evidence_subject
from services.scheduling.visit.special_reschedule.errors import (
    NoSpecialAsked,
    NoSpecialLeft,
    SpecialAlreadyAsked,
    SpecialCauseNotPermitted,
    SpecialOver,
    TooLateForSpecial,
)
from shared.audit import Audit
from shared.errors import NotFound, Refusal
from shared.events.codes import MoveCause, SpecialCause
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.retry import again

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
    evidence_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class SpecialDecision:
    """The decision of the office: a grant, or the coded reason of a refusal."""

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
        audit: Audit,
    ) -> None:
        self._availability = availability
        self._context = context
        self._audit = audit
        self._appointments = appointments
        self._evidence = EvidenceVault(context.person_keys)
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions
        self._relocation = relocation

    async def ask(self, wish: SpecialWish) -> Record[Appointment]:
        """Ask the office for a new date.

        Refuses with ``NotFound``, ``SpecialCauseNotPermitted``, ``SpecialAlreadyAsked``, ``NoSpecialLeft``,
        ``TooLateForSpecial`` or ``NotPossibleNow``.
        """

        record = await self._appointments.appointment(wish.appointment_id)
        if record is None:
            raise NotFound
        sealed = await self._evidence.seal(
            wish.evidence,
            subject_id=evidence_subject(record.id, record.state),
            owner_id=record.id,
            field=SPECIAL_EVIDENCE,
        )

        def decide(state: Appointment) -> Decision[Appointment]:
            self._refuse_asking(state, wish.cause)
            asked = visit_transitions.ask(state, wish.cause, sealed, self._context.now())
            return with_special_evidence(record.id, asked, wish.evidence_ids, wish.actor.account_ids)

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
        """Grant or refuse a special reschedule; a grant releases the seat and opens a new date.

        Refuses with ``NotFound``, ``NotYourOffice``, ``NoSpecialAsked``, ``PersonHasAppointment``, ``BeingMoved`` or
        ``NotPossibleNow``.
        """

        by, reason = decided.actor.account_id, decided.refused_for

        def decide(state: Appointment) -> Decision[Appointment]:
            refuse_strangers(state, decided.actor)
            special, now = state.special, self._context.now()
            if special is None or special.state is not SpecialState.ASKED:
                raise NoSpecialAsked
            if reason is not None:
                return visit_transitions.refuse(record.id, state, reason, by, now)
            refuse_impossible(state, Command.OPEN_SPECIAL)
            ruling = Ruling(special.cause, by, now, self._timezone(state), "granted")
            return visit_transitions.open_special(record.id, state, ruling, self._context.rules)

        record = await find_visible(self._appointments, decided.appointment_id, decided.actor)
        if not record.has_received(decided.command_id):
            decide(record.state)  # what is refused is not on the audit
            word = reason.value if reason else "granted"
            await self._audit.note(
                decided.actor, "special.decided", subject=record.id, reason=word, command_id=decided.command_id
            )
        return await self._change(record, decide, decided.command_id)

    async def interrupt(self, appointment_id: str, reason: str, actor: Actor, command_id: str) -> Record[Appointment]:
        """Interrupt a visit that the systems stopped: a new date is open at once.

        Refuses with ``NotFound``, ``NotYourOffice``, ``OverrideNeedsReason``, ``BeingMoved`` or ``NotPossibleNow``.
        """

        def interrupt(state: Appointment) -> Decision[Appointment]:
            refuse_strangers(state, actor)
            refuse_impossible(state, Command.INTERRUPT)
            now, zone = self._context.now(), self._timezone(state)
            ruling = Ruling(SpecialCause.SYSTEM_FAULT, actor.account_id, now, zone, reason)
            return visit_transitions.interrupt(record.id, state, ruling, self._context.rules)

        record = await find_visible(self._appointments, appointment_id, actor)
        if not record.has_received(command_id):
            interrupt(record.state)  # what is refused is not on the audit
            await self._audit.note(
                actor, "visit.interrupted", subject=record.id, reason=reason, override=True, command_id=command_id
            )
        return await self._change(record, interrupt, command_id)

    async def use(self, wish: NewDate) -> Record[Appointment]:
        """Take a new date in one step; if no seat is free the right stays as it was.

        Refuses with ``NotFound``, ``SessionNotFound``, ``SessionClosed``, ``PoolNotOpen``, ``SessionSoldOut``,
        ``ProductNotOffered``, ``SpecialOver``, ``BeingMoved``, ``NotOpenYet`` or ``NotPossibleNow``. A repeat meets
        the finished move.
        """
        target = await self._bookable_sessions.session(wish.session_id)
        await self._inventory.refuse_unopened(wish.session_id)
        moved = await again(partial(self._reach, wish, target.state))
        if moved is not None:
            return moved
        record = await find_visible(self._appointments, wish.appointment_id, wish.actor)
        products = await self._availability.products_of([record.state.application_id])
        raise await self._bookable_sessions.sold_out(
            wish.session_id, target.state, Pool(record.state.seat.pool), products
        )

    async def _reach(self, wish: NewDate, target: Session) -> Record[Appointment] | None:
        """Move the visit to a seat of the session; None if no seat is free."""
        record = await find_visible(self._appointments, wish.appointment_id, wish.actor)
        if record.has_received(wish.command_id):
            return record
        state, now = record.state, self._context.now()
        if state.status is Status.SPECIAL_MOVING:
            raise BeingMoved
        refuse_impossible(state, Command.BEGIN_SPECIAL)
        if state.special is not None and state.special.until is not None and now > state.special.until:
            raise SpecialOver(until=state.special.until.isoformat())
        if not target.pools.get(Pool(state.seat.pool), 0):
            raise PoolNotOpen(pool=state.seat.pool)
        if target.starts_at < bookable_from(now, self._context.rules):
            raise SessionClosed(starts_at=target.starts_at)
        await self._availability.refuse_moving(state.application_id, target.office_id, target.date)
        return await self._relocation.reach(record, wish.session_id, MoveCause.SPECIAL, wish.command_id)

    async def _change(
        self, record: Record[Appointment], decide: Decide[Appointment], command_id: str
    ) -> Record[Appointment]:
        """Write the decision and release the seat that the visit gave up."""
        try:
            changed = await self._appointments.change(
                record.id, decide, self._context.clock, received=command_id, first=record
            )
        except AlreadyExists:
            # a missed visit would live again, and the person has another one by now
            raise PersonHasAppointment from None
        return await self._inventory.give_back_left_now(changed)

    def _timezone(self, state: Appointment) -> str:
        return self._context.offices[state.seat.office_id].timezone

    async def roll(self, record: Record[Appointment]) -> None:
        """Finish or undo the use of a special reschedule that was left unfinished."""
        if record.state.status is Status.SPECIAL_MOVING:
            await self._relocation.roll(record)

    async def end(self, record: Record[Appointment]) -> None:
        """End a special reschedule for which no new date was chosen in time."""
        if can(record.state, Command.END_SPECIAL):
            decide = replacing(record.state, visit_transitions.end_special(record.id, record.state))
            await self._appointments.change(record.id, decide, self._context.clock, first=record)

    async def list_requests(self, office_id: str, actor: Actor) -> list[Record[Appointment]]:
        """Return the requests that wait for the office's decision, oldest first. Refuses with ``NotYourOffice``."""
        self._context.own_office(office_id, actor)
        return await self._appointments.specials_asked(office_id)

    async def evidence(self, record: Record[Appointment]) -> str | None:
        """Return the applicant's evidence in clear, or None."""
        special = record.state.special
        if special is None or special.evidence is None:
            return None
        subject_id = evidence_subject(record.id, record.state)
        return await self._evidence.open(
            special.evidence, subject_id=subject_id, owner_id=record.id, field=SPECIAL_EVIDENCE
        )
