"""The use cases of legal holds, each by an operator, each audited before it is done."""

from __future__ import annotations

from services.identity.accounts.account import joined_ids
from services.identity.accounts.repository import AccountRepository
from services.identity.applicants.repository import PERSON, ApplicantRepository
from services.identity.context import UseCaseContext
from services.identity.legal_holds import hold as hold_rules
from services.identity.legal_holds.errors import HoldSubjectUnknown, HoldTooLong, HoldUnknown, NothingProposed
from services.identity.legal_holds.hold import DECISIONS, HoldState, HoldSubject, LegalHold, Reference
from services.identity.legal_holds.repository import LegalHoldRepository
from services.identity.staff.errors import SecondOperatorNeeded
from shared.audit import Audit
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller


class LegalHolds:
    """The use cases of legal holds."""

    def __init__(self, context: UseCaseContext, audit: Audit) -> None:
        self._context = context
        self._audit = audit
        self._holds = LegalHoldRepository(context)
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)

    async def holds(self) -> list[Record[LegalHold]]:
        """Return the holds, the newest first."""
        return await self._holds.holds()

    async def hold(self, hold_id: str) -> Record[LegalHold]:
        """Return the hold; refuses with ``HoldUnknown``."""
        record = await self._holds.hold(hold_id)
        if record is None:
            raise HoldUnknown
        return record

    async def propose(self, caller: Caller, reference: Reference, command_id: str) -> Record[LegalHold]:
        """Propose a hold; it holds nothing until another operator agrees.

        Raises:
            HoldTooLong: its end is past, or further than the longest time.
            HoldSubjectUnknown: there is no such account or person.
        """
        hold_id = derived_id("legal_hold", command_id)
        async with self._audit.doing(
            caller, "legal_hold.proposed", subject=reference.subject_id, reason=reference.ground, command_id=command_id
        ):
            now = self._context.now()
            if hold_rules.is_too_long(reference.until, now):
                raise HoldTooLong(field="/until", longest_days=hold_rules.LONGEST_HOLD.days)
            await self._subjects_of(reference)
            return await self._holds.add_hold(hold_id, hold_rules.propose_hold(reference, caller.account_id, now))

    async def propose_lift(self, caller: Caller, hold_id: str, command_id: str) -> Record[LegalHold]:
        """Propose that a hold be lifted; it holds on until another operator agrees. A repeat changes nothing.

        Raises:
            HoldUnknown: there is no such hold. NothingProposed: it does not stand.
        """

        def decide(hold: LegalHold) -> Decision[LegalHold] | None:
            if hold.lift_proposed_by == caller.account_id:
                return None
            try:
                return hold_rules.propose_lift(hold, caller.account_id)
            except IllegalTransition:
                raise NothingProposed(hold_id=hold_id, state=hold.state.value) from None

        reference = (await self.hold(hold_id)).state.reference
        async with self._audit.doing(
            caller, "legal_hold.lift_proposed", subject=reference.subject_id, command_id=command_id
        ):
            return await self._holds.change_hold(hold_id, decide)

    async def decide(self, caller: Caller, hold_id: str, command_id: str, *, agree: bool) -> Record[LegalHold]:
        """Say yes or no to a hold, or to its end, that another operator proposed; a proposal of one's own can only be
        taken back. A repeat changes nothing.

        Raises:
            HoldUnknown: there is no such hold. NothingProposed: nothing waits for a decision.
            SecondOperatorNeeded: the caller proposed it.
        """
        known = (await self.hold(hold_id)).state
        reference, is_to_be_placed = known.reference, agree and known.state is HoldState.PROPOSED
        subjects = await self._subjects_of(reference) if is_to_be_placed else ()
        now = self._context.now()

        def decide(hold: LegalHold) -> Decision[LegalHold] | None:
            if hold.state not in DECISIONS:
                if caller.account_id in (hold.agreed_by, hold.ended_by):
                    return None
                raise NothingProposed(hold_id=hold_id, state=hold.state.value)
            if agree and hold.asked_by == caller.account_id:
                raise SecondOperatorNeeded
            yes, no = DECISIONS[hold.state]
            return hold_rules.decide_hold(hold_id, hold, yes if agree else no, caller.account_id, subjects, now)

        act = "legal_hold.agreed" if agree else "legal_hold.declined"
        async with self._audit.doing(
            caller, act, subject=reference.subject_id, reason=reference.ground, command_id=command_id
        ):
            return await self._holds.change_hold(hold_id, decide)

    async def end(self, record: Record[LegalHold], _name: str) -> None:
        """End a hold, or a proposal, whose time is over."""
        now = self._context.now()

        def decide(hold: LegalHold) -> Decision[LegalHold] | None:
            end_at = hold_rules.deadlines(hold).get("end")
            return hold_rules.end_hold(hold, now) if end_at is not None and end_at <= now else None

        await self._holds.change_hold(record.id, decide)

    async def _subjects_of(self, reference: Reference) -> tuple[str, ...]:
        """Return the ids that a hold holds: with a person their applicants and accounts, with an account its people.

        An application is another service's: whether there is one is not known here.
        """
        found = {reference.subject_id}
        if reference.subject_kind is HoldSubject.PERSON:
            if await self._context.store.get(PERSON, reference.subject_id) is None:
                raise HoldSubjectUnknown(field="/subject_id", subject_id=reference.subject_id)
            for applicant in await self._applicants.applicants_of_person(reference.subject_id):
                found |= {applicant.id, applicant.state.account_id}
        if reference.subject_kind is HoldSubject.ACCOUNT:
            account = await self._accounts.account(reference.subject_id)
            if account is None:
                raise HoldSubjectUnknown(field="/subject_id", subject_id=reference.subject_id)
            found |= set(joined_ids(account.state))
            for applicant in await self._applicants.applicants_of(reference.subject_id):
                found |= {applicant.id, applicant.state.person_id or applicant.id}
        return tuple(sorted(found))
