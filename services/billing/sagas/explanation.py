"""Any state of any bill, receipt or refund as facts in the order of time: what happened, why, by which rule, how much.

Everything here follows from what is stored of the three; nothing is kept beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.states import BillState
from services.billing.receipts.model import Receipt
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.model import Refund
from services.billing.refunds.states import RefundState


@dataclass(frozen=True)
class ExplainedFact:
    """One fact."""

    at: datetime
    about: str
    """``bill``, ``receipt`` or ``refund`` and its id."""
    what: str
    cause: str | None = None
    rule: str | None = None
    amounts: Mapping[str, int] | None = None
    """By account for a posting (they sum to zero), else under ``amount``."""


@dataclass(frozen=True)
class Explanation:
    """The state of a bill, receipt or refund case, and the facts that led to it."""

    reference: str
    standing: tuple[str, ...]
    facts: tuple[ExplainedFact, ...]


BILL_SAYS: Final[Mapping[BillState, str]] = {
    BillState.REQUESTED: "waits for its billing code",
    BillState.ISSUED: "can be paid",
    BillState.FAILED: "ended: no billing code could be had",
    BillState.WAIVED: "needs no money",
    BillState.PAID_UNSETTLED: "was paid at a bank; the treasury's number is awaited and the seat kept",
    BillState.PAID: "is paid",
    BillState.EXPIRY_UNCONFIRMED: "has passed its end, and SIMPONI could not say whether it was paid; the seat is kept",
    BillState.EXPIRED: "ended unpaid",
    BillState.SUPERSEDED: "is not needed: another payment settled the application",
    BillState.CANCELLED: "was given up before it was paid",
}

STANDING_SAYS: Final[Mapping[BillOutcome, str]] = {
    BillOutcome.APPOINTMENT: "its money stands for an appointment",
    BillOutcome.SEAT_SOUGHT: "a seat is sought for its money",
    BillOutcome.REFUND: "its money goes back",
    BillOutcome.CLOSED: "it is closed",
    BillOutcome.SPECIAL_RESCHEDULE: "a new date may be chosen without paying again",
}

RECEIPT_SAYS: Final[Mapping[ReceiptState, str]] = {
    ReceiptState.AWAITS_OUTCOME: "has arrived and what it is for is being decided",
    ReceiptState.AWAITS_SEAT: "waits for a seat that it could pay",
    ReceiptState.SETTLES_BILL: "settles a bill",
    ReceiptState.IN_REFUND: "is held for a refund case",
    ReceiptState.REFUNDED: "was paid back",
    ReceiptState.CREDITED: "was credited to another bill",
    ReceiptState.DIVIDED: "was divided among the bills that it pays together",
    ReceiptState.RETAINED: "stays with the treasury, by the rule that the refund case names",
}

REFUND_SAYS: Final[Mapping[RefundState, str]] = {
    RefundState.OPENED: "was opened by billing itself",
    RefundState.REQUESTED: "was requested",
    RefundState.INCOMPLETE: "waits for papers",
    RefundState.COMPLETE: "is complete",
    RefundState.RESEARCHED: "was looked into",
    RefundState.RECOMMENDED: "is recommended and waits for a second person",
    RefundState.APPROVED: "is approved, provided that the seat comes back",
    RefundState.RELEASED: "is approved and its seat is back",
    RefundState.ORDERED: "is ordered at the treasury",
    RefundState.PAID: "is paid",
    RefundState.CREDITED: "is credited",
    RefundState.REFUSED: "is refused",
    RefundState.OBJECTED: "is looked at again after an objection",
    RefundState.WITHDRAWN: "is withdrawn",
}


def explain(
    reference: str, bills: Iterable[Bill], receipts: Iterable[Receipt], refunds: Iterable[Refund]
) -> Explanation:
    """Explain everything that is known about them, in the order of time."""
    standing: list[str] = []
    facts: list[ExplainedFact] = []
    for bill in bills:
        standing.append(bill_standing(bill))
        facts += bill_facts(bill)
    for receipt in receipts:
        standing.append(receipt_standing(receipt))
        facts += receipt_facts(receipt)
    for refund in refunds:
        standing.append(refund_standing(refund))
        facts += refund_facts(refund)
    return Explanation(reference, tuple(standing), tuple(sorted(facts, key=lambda told: told.at)))


def bill_standing(bill: Bill) -> str:
    """Return the state of a bill as a sentence."""
    parts = [f"Bill {bill.bill_id} ({bill.purpose.value}, Rp{bill.amount}) {BILL_SAYS[bill.state]}"]
    if bill.cause:
        parts.append(f"cause {bill.cause}")
    if bill.standing is not None:
        why = f" ({bill.closed_reason})" if bill.closed_reason else ""
        parts.append(STANDING_SAYS[bill.standing] + why)
    return "; ".join(parts) + "."


def receipt_standing(receipt: Receipt) -> str:
    """Return the place of the money of a receipt as a sentence."""
    shares = "".join(f"; Rp{share.amount} of it for refund {share.refund_id}" for share in receipt.shares)
    return f"Receipt {receipt.ntpn} (Rp{receipt.amount}) {RECEIPT_SAYS[receipt.state]}{shares}."


def refund_standing(refund: Refund) -> str:
    """Return the state of a refund case as a sentence."""
    rule = f" by {refund.rule}" if refund.rule else ""
    due = f"; its next step is due {_time(refund.step_due_at)}" if refund.step_due_at else ""
    phrase = REFUND_SAYS[refund.state]
    return f"Refund {refund.refund_id} (Rp{refund.amount}, {refund.reason}) {phrase}{rule}{due}."


def bill_facts(bill: Bill) -> list[ExplainedFact]:
    """Return the dated facts of a bill."""
    about = f"bill {bill.bill_id}"
    rule, amount = bill.price.legal_basis, {"amount": bill.amount}
    replaced = f"replaces bill {bill.replaces_bill_id}" if bill.replaces_bill_id else None
    facts = [
        ExplainedFact(
            bill.requested_at, about, f"priced and requested for {bill.purpose.value}", replaced, rule, amount
        )
    ]
    if bill.issued_at is not None:
        shortened = "shortened by the year's end" if bill.shortened_by_year_end else None
        told = f"code {bill.billing_code} issued, payable until {_time(bill.expires_at)}"
        facts.append(ExplainedFact(bill.issued_at, about, told, shortened, None, amount))
    for evidence in bill.evidence:
        told = f"bank number {evidence.ntb} seen, paid {_time(evidence.paid_at)}"
        facts.append(ExplainedFact(evidence.seen_at, about, told, None, None, {"amount": evidence.amount}))
    for claim in bill.claims:
        told = f"payment claimed with {claim.ntpn or claim.ntb}; {claim.state.value}"
        facts.append(ExplainedFact(claim.claimed_at, about, told))
    if bill.renewal is not None:
        facts.append(
            ExplainedFact(
                bill.renewal.asked_at, about, f"new code asked; {bill.renewal.state.value}", bill.renewal.reason
            )
        )
    return facts + _ends(bill, about)


def _ends(bill: Bill, about: str) -> list[ExplainedFact]:
    facts = []
    if bill.paid_at is not None:
        within = "in time" if bill.in_time(bill.paid_at) else "late"
        told = f"paid {within} with receipt {bill.settled_by}"
        facts.append(
            ExplainedFact(bill.paid_at, about, told, None, "the bank's pay time decides", {"amount": bill.amount})
        )
    if bill.ended_at is not None:
        by = f"settled by bill {bill.superseded_by}" if bill.superseded_by else bill.cause
        facts.append(ExplainedFact(bill.ended_at, about, BILL_SAYS[bill.state], by))
    if bill.special is not None and bill.special.until is not None:
        told = f"a new date may be chosen; {bill.special.state.value}"
        facts.append(ExplainedFact(bill.special.until, about, told, bill.special.cause or None))
    return facts


def receipt_facts(receipt: Receipt) -> list[ExplainedFact]:
    """Return how the money came and every movement of it."""
    about = f"receipt {receipt.ntpn}"
    told = f"paid at a bank over {receipt.channel} on code {receipt.billing_code}, bank number {receipt.ntb}"
    facts = [ExplainedFact(receipt.paid_at, about, told, None, None, {"amount": receipt.amount})]
    facts.append(
        ExplainedFact(
            receipt.learnt_at, about, f"learnt by {receipt.learnt_by}, SIMPONI's word: {receipt.simponi_word.value}"
        )
    )
    if receipt.seat_asked_at is not None:
        facts.append(ExplainedFact(receipt.seat_asked_at, about, "a seat was asked for", receipt.intent.reason))
    for posting in receipt.postings:
        sides = {entry.account.value: entry.amount for entry in posting.entries}
        facts.append(ExplainedFact(posting.at, about, "posted", posting.memo, None, sides))
    return facts


def refund_facts(refund: Refund) -> list[ExplainedFact]:
    """Return every step of a case."""
    about = f"refund {refund.refund_id}"
    rule = f"{refund.legal_basis}; decided by {refund.decided_by}"
    facts = [ExplainedFact(refund.opened_at, about, "opened", refund.reason, rule, {"amount": refund.amount})]
    for step in refund.steps:
        named = refund.rule if step.state == RefundState.REFUSED else None
        facts.append(
            ExplainedFact(step.at, about, f"{REFUND_SAYS[step.state]}, by {step.by}", step.note or None, named)
        )
    return facts


def in_words(explanation: Explanation) -> Sequence[str]:
    """Return the explanation as lines for a reader at a terminal."""
    lines = [*explanation.standing, ""]
    for told in explanation.facts:
        amounts = ", ".join(f"{name} {_rupiah(amount)}" for name, amount in (told.amounts or {}).items())
        more = [part for part in (told.cause, told.rule and f"rule: {told.rule}", amounts) if part]
        lines.append(f"{_time(told.at)}  {told.about}: {told.what}" + (f" ({'; '.join(more)})" if more else ""))
    return lines


def _rupiah(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}Rp{abs(amount)}"


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ") if moment is not None else "never"
