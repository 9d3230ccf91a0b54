"""Cases that billing opens by itself and follows up until the money is found or a person closes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from services.billing.alerts import CASE_OVERDUE, alert
from services.billing.bills.lifecycle import BillLifecycle
from services.billing.bills.model import Bill, BillOutcome, ClaimState
from services.billing.bills.repository import BillRepository
from services.billing.bills.states import BillState
from services.billing.cases import model as cases
from services.billing.cases.model import Case, Subject
from services.billing.cases.repository import CASES
from services.billing.context import UseCaseContext
from services.billing.receipts.model import Receipt, SimponiWord
from services.billing.receipts.payments import PaymentIntake
from services.billing.receipts.repository import ReceiptRepository
from services.billing.receipts.settled_lines import SettledLineRepository
from services.billing.receipts.simponi_batching import SimponiBatcher, Urgency
from shared.errors import UpstreamDown
from shared.events.codes import PaymentCaseKind, PaymentCaseOutcome
from shared.events.envelope import Envelope
from shared.events.scheduling import ArrivedOnProof
from shared.ids import derived_id
from shared.logs import get_logger
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition

log = get_logger(__name__)

SHOWED_UP: Final = "the money showed up"
ASKED_AGAIN: Final[Mapping[PaymentCaseKind, Urgency]] = {
    PaymentCaseKind.CLAIM_UNCONFIRMED: Urgency.CLAIMED,
    PaymentCaseKind.ARRIVED_ON_PROOF: Urgency.CLAIMED,
    PaymentCaseKind.CLAIMED_BY_FILE: Urgency.ROUTINE,
}
"""Of these SIMPONI is asked again whenever the case is looked at, this urgently."""
Resolver = Callable[[Case], Awaitable[PaymentCaseOutcome | None]]


class CaseFollowUp:
    """Open cases, check whether their money was found, and escalate overdue ones."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        receipts: ReceiptRepository,
        settled_lines: SettledLineRepository,
        lifecycle: BillLifecycle,
        payments: PaymentIntake,
        questions: SimponiBatcher,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.case
        self._bills = bills
        self._receipts = receipts
        self._settled_lines = settled_lines
        self._lifecycle = lifecycle
        self._payments = payments
        self._questions = questions
        self.confirm: Callable[[Receipt], Awaitable[bool]] | None = None
        """Asks SIMPONI whether it knows a receipt as paid with its amount; wired by the use cases of confirming."""
        self._resolvers: Mapping[PaymentCaseKind, Resolver] = {
            PaymentCaseKind.CLAIM_UNCONFIRMED: self._resolve_claim,
            PaymentCaseKind.ARRIVED_ON_PROOF: self._resolve_claim,
            PaymentCaseKind.UNKNOWN_CODE: self._resolve_by_receipt,
            PaymentCaseKind.SETTLED_UNKNOWN_HERE: self._resolve_by_receipt,
            PaymentCaseKind.PAID_HERE_UNSETTLED: self._resolve_by_file,
            PaymentCaseKind.AMOUNT_DIFFERS: self._resolve_by_file,
            PaymentCaseKind.CLAIMED_BY_FILE: self._resolve_claimed_line,
            PaymentCaseKind.RECEIPT_UNCONFIRMED: self._resolve_by_simponi,
        }

    # opening

    async def open(
        self,
        kind: PaymentCaseKind,
        key: tuple[str, ...],
        subject: Subject,
        *,
        check_now: bool = False,
        received: str | None = None,
    ) -> str:
        """Open the case about this subject and return its id; a repeat returns the same case."""
        case_id = derived_id("case", kind.value, *key)
        opened = cases.open_case(case_id, kind, subject, self._clock.now(), self._policy, check_now=check_now)
        if await self._aggregates.insert(CASES, case_id, opened, received=received) is not None:
            log.info("billing.case_opened", case_id=case_id, kind=kind.value)
        return case_id

    async def claim_due(self, record: Record[Bill]) -> None:
        """Open a case for a claim that was not confirmed in time; then mark it on the bill."""
        bill = record.state
        looking = [claim for claim in bill.claims if claim.state == ClaimState.LOOKING]
        if looking:
            subject = _about(bill, ntpn=looking[0].ntpn, ntb=looking[0].ntb)
            await self.open(PaymentCaseKind.CLAIM_UNCONFIRMED, (bill.bill_id, looking[0].claim_id), subject)
        await self._lifecycle.claim_due(record)

    async def unsettled_due(self, record: Record[Bill]) -> None:
        """Open a case for a bank receipt whose treasury number is missing for long."""
        bill = record.state
        if bill.state == BillState.PAID_UNSETTLED and bill.evidence:
            proof = bill.evidence[-1]
            subject = _about(bill, ntb=proof.ntb, amount_there=proof.amount)
            await self.open(PaymentCaseKind.CLAIM_UNCONFIRMED, (bill.bill_id, proof.ntb), subject)
        await self._lifecycle.case_due(record)

    async def arrived_on_proof(self, event: ArrivedOnProof, envelope: Envelope) -> None:
        """Open a case for a visitor admitted on proof of a payment that is not known here; it is checked at once."""
        known = await self._bills.bills_of(event.application_id)
        own = [
            record.state
            for record in known
            if record.state.seat and record.state.seat.appointment_id == event.appointment_id
        ]
        candidates = own or [record.state for record in known]
        bill = candidates[-1] if candidates else None
        subject = Subject(
            bill_id=bill.bill_id if bill else None,
            application_id=event.application_id,
            account_id=event.account_id,
            appointment_id=event.appointment_id,
            billing_code=bill.billing_code if bill else None,
            ntpn=event.ntpn,
            amount_here=bill.amount if bill else None,
        )
        key = (event.appointment_id, event.ntpn)
        await self.open(PaymentCaseKind.ARRIVED_ON_PROOF, key, subject, check_now=True, received=envelope.id)

    async def unknown_code(self, receipt: Receipt) -> None:
        """Open a case for money on a code that belongs to no bill."""
        await self.open(PaymentCaseKind.UNKNOWN_CODE, (receipt.ntpn,), about_receipt(receipt))

    # deadlines

    async def check_due(self, record: Record[Case]) -> None:
        """Check whether the money was found; SIMPONI is asked too, however long ago the code expired."""
        resolve = self._resolvers.get(record.state.kind)
        outcome = await resolve(record.state) if resolve is not None else None
        if outcome is None and resolve is not None and record.state.kind in ASKED_AGAIN:
            await self._ask_simponi(record.state)
            outcome = await resolve(record.state)
        now = self._clock.now()
        if outcome is None:
            await self._change(record, lambda case: cases.check_later(case, now, self._policy))
            return
        answered = outcome
        await self._change(record, lambda case: cases.close(case, answered, cases.BILLING, SHOWED_UP, now))

    async def escalate_due(self, record: Record[Case]) -> None:
        """Alert the operators about an overdue case."""
        alert(CASE_OVERDUE, case_id=record.id, kind=record.state.kind.value, owner=record.state.owner)
        await self._change(record, lambda case: cases.escalate(case, self._clock.now()))

    async def _change(self, record: Record[Case], decide: Callable[[Case], Decision[Case]]) -> None:
        try:
            await self._aggregates.change(CASES, record.id, decide, first=record)
        except IllegalTransition as moved:
            log.info("billing.case_overtaken", case_id=record.id, state=moved.state.value)

    async def _ask_simponi(self, case: Case) -> None:
        if case.subject.billing_code is None:
            return
        try:
            billing = await self._questions.status(case.subject.billing_code, ASKED_AGAIN[case.kind])
        except UpstreamDown:
            return
        if billing is not None:
            await self._payments.take_all(billing.payments, "poll")

    # resolving: the outcome once the money was found, else None

    async def _resolve_claim(self, case: Case) -> PaymentCaseOutcome | None:
        subject = case.subject
        receipt = await self._receipts.receipt(subject.ntpn) if subject.ntpn else None
        if receipt is not None:
            return cases.outcome_of(case.kind, receipt.state)
        bill = await self._bills.bill(subject.bill_id) if subject.bill_id else None
        if bill is None:
            return None
        if bill.state.settled_by is not None and bill.state.standing != BillOutcome.REFUND:
            return PaymentCaseOutcome.CONFIRMED
        mine = [record.state for record in await self._receipts.receipts_of(bill.id) if record.state.ntb == subject.ntb]
        return cases.outcome_of(case.kind, mine[0]) if mine else None

    async def _resolve_by_receipt(self, case: Case) -> PaymentCaseOutcome | None:
        receipt = await self._receipts.receipt(case.subject.ntpn or "")
        return cases.outcome_of(case.kind, receipt.state) if receipt is not None else None

    async def _resolve_claimed_line(self, case: Case) -> PaymentCaseOutcome | None:
        """Confirm a line of a claimed file once SIMPONI itself has told of the payment."""
        receipt = await self._receipts.receipt(case.subject.ntpn or "")
        known = receipt is not None and receipt.state.simponi_word is not SimponiWord.UNRECORDED
        return PaymentCaseOutcome.CONFIRMED if known else None

    async def _resolve_by_simponi(self, case: Case) -> PaymentCaseOutcome | None:
        """Confirm a receipt that SIMPONI knows by now, with the amount that is booked here."""
        receipt = await self._receipts.receipt(case.subject.ntpn or "")
        if receipt is None or self.confirm is None:
            return None
        try:
            return PaymentCaseOutcome.CONFIRMED if await self.confirm(receipt.state) else None
        except UpstreamDown:
            return None

    async def _resolve_by_file(self, case: Case) -> PaymentCaseOutcome | None:
        ntpn = case.subject.ntpn or ""
        receipt, line = await self._receipts.receipt(ntpn), await self._settled_lines.settled_line(ntpn)
        if receipt is None or line is None or receipt.state.amount != line.amount:
            return None
        return (
            PaymentCaseOutcome.SETTLED
            if case.kind == PaymentCaseKind.PAID_HERE_UNSETTLED
            else PaymentCaseOutcome.CORRECTED
        )


def _about(bill: Bill, *, ntpn: str | None = None, ntb: str | None = None, amount_there: int | None = None) -> Subject:
    return Subject(
        bill_id=bill.bill_id,
        application_id=bill.payer.application_id,
        account_id=bill.payer.account_id,
        appointment_id=bill.seat.appointment_id if bill.seat else None,
        billing_code=bill.billing_code,
        ntpn=ntpn,
        ntb=ntb,
        amount_here=bill.amount,
        amount_there=amount_there,
    )


def about_receipt(receipt: Receipt) -> Subject:
    """Return the subject of a case about a receipt."""
    return Subject(
        bill_id=receipt.bill_id,
        billing_code=receipt.billing_code,
        ntpn=receipt.ntpn,
        ntb=receipt.ntb,
        amount_here=receipt.amount,
    )
