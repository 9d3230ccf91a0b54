"""Use cases of refunds that a person starts: applicants request money, staff take the steps of their role."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from services.billing.access import may_see, needs_office, offices_of, refuse_unless_serves
from services.billing.bills.errors import BillUnknown
from services.billing.bills.offices import BillOffices
from services.billing.bills.repository import BillRepository
from services.billing.context import UseCaseContext
from services.billing.receipts.model import Receipt
from services.billing.receipts.receipt_processing import subject_of
from services.billing.receipts.repository import ReceiptRepository
from services.billing.receipts.states import ReceiptState
from services.billing.refunds import model as refunds
from services.billing.refunds import transitions as steps
from services.billing.refunds.errors import (
    AccountIsMissing,
    AnotherPairOfEyes,
    NothingToRefund,
    ObjectionTooLate,
    OrderIsOut,
    PaymentUnknownToSimponi,
    PeriodTooLong,
    RefundIsDecided,
    RefundIsOpen,
    RefundOpenedByUs,
    RefundStepNotNow,
    RefundUnknown,
    RequestOfSomebodyElse,
    RuleUnknown,
    StepOfAnotherRole,
)
from services.billing.refunds.evidence import with_evidence
from services.billing.refunds.model import Refund, RefundReason, RefundReasons, RefundReasonUnknown, RefundRuleUnknown
from services.billing.refunds.offices import office_of_refund
from services.billing.refunds.processing import RefundCases
from services.billing.refunds.repository import REFUNDS, RefundRepository
from services.billing.refunds.states import OPEN_REFUNDS, RefundCommand, RefundState
from services.billing.refunds.statistics import RefundStatistics, statistics_of
from services.billing.refunds.transitions import StepActor
from services.billing.refunds.treasury import Payee
from services.billing.refunds.vault import Vault
from services.billing.rules import CLAIM_DAYS, RefundPolicy
from services.billing.store_part import states
from shared.audit import Audit
from shared.calendar.working_days import JAKARTA, day_in_jakarta
from shared.errors import Refusal
from shared.http.reading import Reading, ReadSubject
from shared.ids import derived_id
from shared.person_keys.errors import PersonErased
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller, Role

LONGEST_PERIOD_DAYS: Final = 366
"""One report covers a year: the treasury's reports are yearly, and a longer one would read too many cases."""

COMMANDS: Final[Mapping[str, RefundCommand]] = {
    "find_complete": RefundCommand.FIND_COMPLETE,
    "ask_papers": RefundCommand.ASK_PAPERS,
    "research": RefundCommand.RESEARCH,
    "recommend": RefundCommand.RECOMMEND,
    "approve": RefundCommand.APPROVE,
    "refuse": RefundCommand.REFUSE,
    "credit": RefundCommand.CREDIT,
    "grant_objection": RefundCommand.GRANT,
    "uphold_refusal": RefundCommand.UPHOLD,
}
"""Steps as HTTP names them."""

_REFUSALS: Final[Mapping[type[Exception], type[Refusal]]] = {
    steps.StepNotYours: StepOfAnotherRole,
    steps.FourEyesNeeded: AnotherPairOfEyes,
    steps.AccountMissing: AccountIsMissing,
    steps.TooLate: ObjectionTooLate,
}
"""The answer to a step that the case does not allow."""

Decide = Callable[[Refund], Decision[Refund]]


@dataclass(frozen=True)
class NewRefund:
    """A request for a refund: the bill, the reason and, if named, the receipt and pictures of evidence."""

    bill_id: str
    reason: str
    note: str
    receipt_id: str | None = None
    evidence_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepDetails:
    """Details of a step: the rule, the papers asked for, the note."""

    rule: str | None = None
    papers: tuple[str, ...] = ()
    note: str | None = None


class RefundService:
    """Read refund cases, request a refund and take the steps of a case."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        receipts: ReceiptRepository,
        refunds: RefundRepository,
        offices: BillOffices,
        reasons: RefundReasons,
        vault: Vault,
        processing: RefundCases,
        audit: Audit,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.refund
        self._bills = bills
        self._receipts = receipts
        self._refunds = refunds
        self._offices = offices
        self._reasons = reasons
        self._vault = vault
        self._processing = processing
        self._audit = audit

    @property
    def policy(self) -> RefundPolicy:
        """The deadlines, for the public guide."""
        return self._policy

    @property
    def table(self) -> RefundReasons:
        """The reasons and rules, for the public guide."""
        return self._reasons

    # reading

    async def refund(self, caller: Caller, refund_id: str) -> Refund:
        """Return one refund case.

        Raises:
            RefundUnknown: there is none, or it is another account's. NotYourOffice: it is another office's.
        """
        return (await self._find_own(caller, refund_id)).state

    async def refunds(self, caller: Caller, application_id: str) -> list[Refund]:
        """Return the refund cases of an application that the caller may see, oldest first."""
        found = states(await self._refunds.refunds_of(application_id))
        if not needs_office(caller):
            return [case for case in found if may_see(caller, case.account_id)]
        return [case for case in found if caller.serves(await office_of_refund(self._offices, case))]

    async def in_state(self, caller: Caller, state: RefundState | None, *, overdue: bool) -> list[Refund]:
        """Return the cases of a state, or all open ones, for staff: their own office's, and all for headquarters."""
        wanted = frozenset({state}) if state else OPEN_REFUNDS
        now = self._clock.now()
        offices = offices_of(caller) if needs_office(caller) else None
        if offices == ():
            return []
        overdue_at = now if overdue else None
        return states(await self._refunds.refunds_in(wanted, overdue_at=overdue_at, offices=offices))

    def reading(self, caller: Caller, shown: Sequence[Refund]) -> Reading:
        """Return the read of these cases: part of the caller's work if each of them is in their hands now."""
        subjects = (ReadSubject(case.account_id, case.office_id) for case in shown if case.account_id is not None)
        actor, now = StepActor(caller.role.value, caller.account_id), self._clock.now()
        at_hand = all(steps.is_in_hands_of(case, actor, now) for case in shown)
        return Reading(tuple(dict.fromkeys(subjects)), "step_refund" if at_hand else None)

    async def masked_account(self, case: Refund) -> str | None:
        """Return the number of the payer's account as it may be shown; None of an erased person's."""
        with suppress(PersonErased):
            return await self._vault.masked_number(case, case.account) if case.account else None
        return None

    async def statements(self, case: Refund) -> tuple[str, ...]:
        """Return the messages written to the case, oldest first: for its holder and its officers; none of an erased
        person's.
        """
        with suppress(PersonErased):
            return await self._vault.notes(case)
        return ()

    def today(self) -> date:
        """Return the day in Jakarta: it decides which reasons count."""
        return day_in_jakarta(self._clock.now())

    async def statistics(self, caller: Caller, since: date, until: date) -> RefundStatistics:
        """Return statistics of the cases opened from ``since`` to ``until``, both included, as days in Jakarta.

        For staff of some offices, of the cases of these offices only.

        Raises:
            PeriodTooLong: more days than one report covers.
        """
        if not 0 <= (until - since).days < LONGEST_PERIOD_DAYS:
            raise PeriodTooLong(field="/until", most_days=LONGEST_PERIOD_DAYS)
        cases = self._refunds.refunds_opened(_midnight(since), _midnight(until + timedelta(days=1)))
        mine = [case async for case in cases if not needs_office(caller) or caller.serves(case.office_id)]
        return statistics_of(mine, self._clock.now())

    # asking

    async def request(self, caller: Caller, new: NewRefund, command_id: str) -> Refund:
        """Request the refund of a bill. A request that no rule allows becomes a case too, refused with the rule named.

        Raises:
            BillUnknown: there is no such bill, or it is another account's. NotYourOffice: it is another office's.
            NothingToRefund: no money of it is left here.
            RefundIsOpen: a case about this money is open already.
        """
        refund_id = derived_id("refund", command_id)
        known = await self._refunds.refund(refund_id)
        if known is not None:
            return await self._processing.drive(refund_id)
        bill = await self._bills.bill(new.bill_id)
        if bill is None or not may_see(caller, bill.state.payer.account_id):
            raise BillUnknown
        office_id = await self._offices.of_bill(bill.state)
        refuse_unless_serves(caller, office_id)
        receipt = await self._receipt_of(new)
        await self._refuse_second(receipt)
        # money of an earlier code may pay another bill of the application by now: what rests on it is that one's visit
        if receipt.settles_bill_id is not None and receipt.settles_bill_id != bill.id:
            bill = await self._bills.bill(receipt.settles_bill_id)
            if bill is None:
                raise BillUnknown
            office_id = await self._offices.of_bill(bill.state)
            refuse_unless_serves(caller, office_id)
        reason = self._reason(new.reason)
        now = self._clock.now()
        by = (caller.role.value, caller.account_id)
        subject = replace(subject_of(receipt, bill), office_id=office_id)
        case = refunds.asked_refund(refund_id, subject, reason, by, now)
        case = replace(case, note_sealed=await self._vault.seal_note(case, new.note))
        if caller.role != Role.APPLICANT:
            await self._note(caller, "refund.request", case, command_id, None, new.note)
        account_ids = _askers(caller, case)
        first = with_evidence(self._first_decision(case, reason, receipt), new.evidence_ids, account_ids)
        await self._aggregates.insert(REFUNDS, refund_id, first)
        return await self._processing.drive(refund_id)

    def _first_decision(self, case: Refund, reason: RefundReason | None, receipt: Receipt) -> Decision[Refund]:
        now = self._clock.now()
        if reason is None:
            return steps.request_refused(case, steps.NOT_IN_TABLE, now, self._policy)
        if now > receipt.paid_at + timedelta(days=CLAIM_DAYS):
            return steps.request_refused(case, steps.CLAIM_LAPSED, now, self._policy)
        return steps.request(case, now, self._policy)

    def _reason(self, code: str) -> RefundReason | None:
        try:
            return self._reasons.reason(code, self.today())
        except RefundReasonUnknown:
            return None

    async def _receipt_of(self, new: NewRefund) -> Receipt:
        """Return the named receipt of the bill, else the one that pays it, else the last one."""
        found = states(await self._receipts.receipts_of(new.bill_id))
        bill = await self._bills.bill(new.bill_id)
        if bill is not None and bill.state.settled_by is not None:
            settling = await self._receipts.receipt(bill.state.settled_by)
            found = [*found, settling.state] if settling else found
        fitting = [receipt for receipt in found if new.receipt_id in (None, receipt.ntpn)]
        if not fitting:
            raise NothingToRefund
        return fitting[-1]

    async def _refuse_second(self, receipt: Receipt) -> None:
        for case in states(await self._refunds.refunds_on(receipt.ntpn)):
            if case.state in OPEN_REFUNDS:
                raise RefundIsOpen(refund_id=case.refund_id)
            if case.state == RefundState.REFUSED and case.automatic:
                raise RefundIsOpen(refund_id=case.refund_id, state=case.state.value)
        if receipt.state != ReceiptState.SETTLES_BILL or receipt.remaining == 0:
            raise NothingToRefund(state=receipt.state.value)

    async def give_account(self, caller: Caller, refund_id: str, payee: Payee) -> Refund:
        """Store the payer's bank account; the bank is asked to verify it.

        Raises:
            RefundUnknown. OrderIsOut: the treasury was ordered to pay, or the case is over.
        """
        record = await self._find_own(caller, refund_id)
        account = await self._vault.seal_account(record.state, payee, self._clock.now())

        def decide(case: Refund) -> Decision[Refund]:
            if not steps.takes_account(case):
                raise OrderIsOut(state=case.state.value)
            return steps.give_account(case, account, self._clock.now())

        return (await self._aggregates.change(REFUNDS, refund_id, decide, first=record)).state

    async def answer(
        self, caller: Caller, refund_id: str, note: str, command_id: str, evidence_ids: tuple[str, ...] = ()
    ) -> Refund:
        """Answer a request for papers.

        Raises:
            RefundUnknown. RefundStepNotNow: nothing was asked for.
        """
        return await self._take_applicants_step(caller, refund_id, note, command_id, evidence_ids, steps.answer)

    async def resubmit(
        self, caller: Caller, refund_id: str, note: str, command_id: str, evidence_ids: tuple[str, ...] = ()
    ) -> Refund:
        """Ask again after a refusal, with new proof.

        Raises:
            RefundUnknown. RefundStepNotNow: it is not refused.
        """
        return await self._take_applicants_step(caller, refund_id, note, command_id, evidence_ids, steps.resubmit)

    async def object_to(
        self, caller: Caller, refund_id: str, note: str, command_id: str, evidence_ids: tuple[str, ...] = ()
    ) -> Refund:
        """Object to a refusal.

        Raises:
            RefundUnknown. RefundStepNotNow: it is not refused. ObjectionTooLate: the months for it are over.
        """
        return await self._take_applicants_step(caller, refund_id, note, command_id, evidence_ids, steps.object_to)

    async def take_back(self, caller: Caller, refund_id: str, command_id: str) -> Refund:
        """Take back a request that is not decided; a repeat is no error. The payment stays as it was.

        Raises:
            RefundUnknown. RefundIsDecided: it is approved or refused. RefundOpenedByUs: billing opened it by itself.
            RequestOfSomebodyElse: an officer did not ask for it.
        """
        record = await self._find_own(caller, refund_id)
        actor = _actor(caller)

        def decide(case: Refund) -> Decision[Refund]:
            return steps.take_back(case, actor, self._clock.now(), self._policy)

        try:
            decide(record.state)
            if caller.role != Role.APPLICANT:
                await self._note(caller, "refund.take_back", record.state, command_id, steps.TAKEN_BACK, None)
            await self._aggregates.change(REFUNDS, refund_id, decide, first=record, received=command_id)
        except IllegalTransition as wrong:
            raise RefundIsDecided(state=wrong.state.value) from None
        except steps.OpenedByBilling:
            raise RefundOpenedByUs from None
        except steps.NotTheirRequest:
            raise RequestOfSomebodyElse from None
        return await self._processing.drive(refund_id)

    async def choose_credit(self, caller: Caller, refund_id: str, command_id: str) -> Refund:
        """Keep an approved refund as a credit for coming fees, instead of having it paid out. A repeat is no error.

        Raises:
            RefundUnknown. RefundStepNotNow: it is not approved yet, or its payment is ordered.
        """
        record, actor = await self._find_own(caller, refund_id), _actor(caller)
        return await self._take_step(
            record, lambda case: steps.choose_credit(case, actor, self._clock.now(), self._policy), command_id
        )

    async def _take_applicants_step(
        self,
        caller: Caller,
        refund_id: str,
        note: str,
        command_id: str,
        evidence_ids: tuple[str, ...],
        step: Callable[[Refund, str, StepActor, datetime, RefundPolicy], Decision[Refund]],
    ) -> Refund:
        record = await self._find_own(caller, refund_id)
        sealed, actor = await self._vault.seal_note(record.state, note), _actor(caller)

        def decide(case: Refund) -> Decision[Refund]:
            decision = step(case, sealed, actor, self._clock.now(), self._policy)
            return with_evidence(decision, evidence_ids, _askers(caller, case))

        return await self._take_step(record, decide, command_id)

    # the steps of staff

    async def step(self, caller: Caller, refund_id: str, name: str, details: StepDetails, command_id: str) -> Refund:
        """Take a step of the caller's role.

        Raises:
            RefundUnknown, NotYourOffice, StepOfAnotherRole, AnotherPairOfEyes, AccountIsMissing, RuleUnknown,
                RefundStepNotNow, PaymentUnknownToSimponi.

        Research, approval and the grant of an objection count once SIMPONI, asked again by a deadline, knows the
        payment with its amount; until then the case shows the question and stays where it is.
        """
        record = await self._find_own(caller, refund_id)
        command = COMMANDS[name]
        decide = self._decision_of(command, _actor(caller), details)
        async with self._audit.doing(
            caller,
            f"refund.{name}",
            subject=refund_id,
            office_id=record.state.office_id,
            reason=details.rule or record.state.reason,
            words=details.note,
            command_id=command_id,
        ):
            return await self._take_step(record, decide, command_id)

    def _decision_of(self, command: RefundCommand, actor: StepActor, details: StepDetails) -> Decide:
        now, policy = self._clock.now(), self._policy
        if command in (RefundCommand.REFUSE, RefundCommand.UPHOLD):
            rule = self._rule(details.rule)
            refuse = steps.decide_to_refuse if command == RefundCommand.REFUSE else steps.uphold
            return lambda case: refuse(case, rule, actor, now, policy)
        if command == RefundCommand.ASK_PAPERS:
            return lambda case: steps.ask_papers(case, details.papers, actor, now, policy)
        if command in steps.ASKS_SIMPONI:
            return lambda case: _hold_for_simponi(case, command, actor, now, policy)
        plain = {
            RefundCommand.FIND_COMPLETE: steps.find_complete,
            RefundCommand.RECOMMEND: steps.recommend,
            RefundCommand.CREDIT: steps.credit,
        }[command]
        return lambda case: plain(case, actor, now, policy)

    def _rule(self, code: str | None) -> str:
        try:
            return self._reasons.rule(code or "").code
        except RefundRuleUnknown:
            raise RuleUnknown(field="/rule", known=[rule.code for rule in self._reasons.rules]) from None

    async def _take_step(self, record: Record[Refund], decide: Decide, command_id: str) -> Refund:
        """Change the case, then its receipt and bill. Illegal steps and missing second persons become refusals."""
        try:
            await self._aggregates.change(REFUNDS, record.id, decide, first=record, received=command_id)
        except IllegalTransition as wrong:
            raise RefundStepNotNow(state=wrong.state.value, step=wrong.command.value) from None
        except tuple(_REFUSALS) as wrong:
            raise _REFUSALS[type(wrong)] from None
        except steps.SimponiSaidNo:
            raise PaymentUnknownToSimponi(receipt_id=record.state.receipt_id) from None
        return await self._processing.drive(record.id)

    async def _find_own(self, caller: Caller, refund_id: str) -> Record[Refund]:
        record = await self._refunds.refund(refund_id)
        if record is None or not may_see(caller, record.state.account_id):
            raise RefundUnknown
        if needs_office(caller):
            refuse_unless_serves(caller, await office_of_refund(self._offices, record.state))
        return record

    async def _note(
        self, caller: Caller, act: str, case: Refund, command_id: str, reason: str | None, words: str | None
    ) -> None:
        await self._audit.note(
            caller,
            act,
            subject=case.refund_id,
            office_id=case.office_id,
            reason=reason or case.reason,
            words=words,
            command_id=command_id,
        )


def _hold_for_simponi(
    case: Refund, command: RefundCommand, actor: StepActor, now: datetime, policy: RefundPolicy
) -> Decision[Refund]:
    if command == RefundCommand.GRANT and steps.needs_second_grant(case, actor):
        return steps.propose_grant(case, actor)
    return steps.hold(case, command, actor, now, policy)


def _askers(caller: Caller, case: Refund) -> tuple[str, ...]:
    """Return the accounts whose pictures a request may name: the applicant's own; for staff the case's."""
    if caller.role is Role.APPLICANT:
        return caller.account_ids
    return (case.account_id,) if case.account_id is not None else ()


def _actor(caller: Caller) -> StepActor:
    return StepActor(caller.role.value, caller.account_id, caller.joined)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), JAKARTA)
