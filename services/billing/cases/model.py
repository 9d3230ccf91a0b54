"""Cases: money, or a word of it, that does not add up; somebody owns the question, with a time to answer it by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.billing.receipts.model import Receipt
from services.billing.receipts.states import ReceiptState
from services.billing.rules import CasePolicy, backoff, due_without, seconds
from shared.events import billing as events
from shared.events.codes import PaymentCaseKind, PaymentCaseOutcome
from shared.store.decision import Decision
from shared.store.transitions import Transitions


class CaseState(StrEnum):
    """States of a case."""

    OPEN = "open"
    LOOKING = "looking"
    PROPOSED = "proposed"
    """One person has proposed an outcome that gives money up; a second one must agree."""
    CLOSED = "closed"


class CaseCommand(StrEnum):
    """Commands of a case."""

    LOOK = "look"
    PROPOSE = "propose"
    CLOSE = "close"


S, C = CaseState, CaseCommand

CASE_TRANSITIONS: Final = Transitions[CaseState, CaseCommand](
    {
        (S.OPEN, C.LOOK): S.LOOKING,
        (S.OPEN, C.PROPOSE): S.PROPOSED,
        (S.OPEN, C.CLOSE): S.CLOSED,
        (S.LOOKING, C.PROPOSE): S.PROPOSED,
        (S.LOOKING, C.CLOSE): S.CLOSED,
        (S.PROPOSED, C.LOOK): S.LOOKING,  # somebody found out more: the proposal is off
        (S.PROPOSED, C.PROPOSE): S.PROPOSED,  # another outcome is proposed
        (S.PROPOSED, C.CLOSE): S.CLOSED,
    }
)


K, A = PaymentCaseKind, PaymentCaseOutcome
_OF_A_PAYER: Final = frozenset({A.CONFIRMED, A.NOT_PAID, A.REFUNDED})
_OF_UNKNOWN_MONEY: Final = frozenset({A.SETTLED, A.REFUNDED, A.CORRECTED})

OUTCOMES: Final[Mapping[PaymentCaseKind, frozenset[PaymentCaseOutcome]]] = {
    # a payer says, or a bank's number proves, that money was paid; the treasury's number does not come
    K.CLAIM_UNCONFIRMED: _OF_A_PAYER,
    K.ARRIVED_ON_PROOF: _OF_A_PAYER,
    # the settlement file shows money on a code that belongs to no bill here
    K.SETTLED_UNKNOWN_HERE: _OF_UNKNOWN_MONEY,
    K.UNKNOWN_CODE: _OF_UNKNOWN_MONEY,
    # money is booked here that no settlement file shows
    K.PAID_HERE_UNSETTLED: frozenset({A.SETTLED, A.NOT_PAID}),
    K.AMOUNT_DIFFERS: frozenset({A.CORRECTED, A.SETTLED}),
    # the settlement file shows one NTPN twice
    K.DOUBLE_LINE: frozenset({A.CORRECTED, A.REFUNDED}),
    # a file that a person brought shows money that SIMPONI does not know: nothing is booked
    K.CLAIMED_BY_FILE: frozenset({A.NOT_PAID, A.CORRECTED}),
    # money is booked here that SIMPONI, asked once more, does not know as paid with this amount
    K.RECEIPT_UNCONFIRMED: frozenset({A.CONFIRMED, A.NOT_PAID}),
}
"""The outcomes that are allowed for each kind of case."""

NEEDS_TWO: Final = frozenset((kind, outcome) for kind, outcomes in OUTCOMES.items() for outcome in outcomes)
"""Answers that two people give: all of them. Whatever the books show closes its case by itself, so an answer that a
person gives either writes money off or says that money is there which the books do not show.
"""

OPERATOR: Final = "operator"
TREASURER: Final = "treasurer"

OWNERS: Final[Mapping[PaymentCaseKind, str]] = {
    kind: OPERATOR if kind in (PaymentCaseKind.CLAIM_UNCONFIRMED, PaymentCaseKind.ARRIVED_ON_PROOF) else TREASURER
    for kind in PaymentCaseKind
}
"""The role that owns each kind of case: operators if a citizen waits, the treasurer for differences of the books."""

MOST_NOTES: Final = 50
"""Notes that one case takes; a document stays small."""

BILLING: Final = "billing"


class CaseNeedsSecondPerson(Exception):
    """The person who proposed to give money up cannot also agree to it."""


class BroughtByThem(Exception):
    """The person who brought the settlement file can neither propose nor confirm the outcome of its cases."""


class OutcomeDoesNotFit(Exception):
    """This outcome is not allowed for this kind of case."""


@dataclass(frozen=True)
class CaseNote:
    """One thing that was done or found out. Only ever appended."""

    at: datetime
    by: str
    """The account of a member of staff, or ``billing`` itself."""
    act: str
    text: str


@dataclass(frozen=True)
class Proposal:
    """An outcome that gives money up, and who proposed it."""

    outcome: PaymentCaseOutcome
    by: str


@dataclass(frozen=True)
class Subject:
    """The subject of a case, as far as it is known."""

    bill_id: str | None = None
    application_id: str | None = None
    account_id: str | None = None
    appointment_id: str | None = None
    billing_code: str | None = None
    ntpn: str | None = None
    ntb: str | None = None
    amount_here: int | None = None
    amount_there: int | None = None
    settlement_id: str | None = None
    line: int | None = None
    brought_by: str | None = None
    """The account that brought the file; None if it was fetched or signed."""


@dataclass(frozen=True)
class Case:
    """One question about money. Its id is derived from what it is about, so there is never a second one."""

    case_id: str
    kind: PaymentCaseKind
    state: CaseState
    owner: str
    """The role that answers."""
    subject: Subject
    opened_at: datetime
    due_at: datetime
    live: bool = True
    due: Mapping[str, datetime] = field(default_factory=dict)
    looks: int = 0
    escalated_at: datetime | None = None
    notes: tuple[CaseNote, ...] = ()
    proposal: Proposal | None = None
    outcome: PaymentCaseOutcome | None = None
    closed_at: datetime | None = None


Decide = Callable[[Case], Decision[Case]]
"""A change of a case."""


def open_case(
    case_id: str, kind: PaymentCaseKind, subject: Subject, now: datetime, policy: CasePolicy, *, check_now: bool = False
) -> Decision[Case]:
    """Return a new case with its owner and its due time."""
    due_at = now + seconds(policy.due_seconds)
    look = now if check_now else now + seconds(policy.look_seconds)
    case = Case(
        case_id=case_id,
        kind=kind,
        state=CaseState.OPEN,
        owner=OWNERS[kind],
        subject=subject,
        opened_at=now,
        due_at=due_at,
        due={"look": look, "escalate": due_at},
        notes=(CaseNote(now, BILLING, "opened", kind.value),),
    )
    told = events.PaymentCaseOpened(
        case_id=case_id,
        kind=kind,
        due_at=due_at,
        bill_id=subject.bill_id,
        application_id=subject.application_id,
        account_id=subject.account_id,
    )
    return Decision(case, (told,))


def note(case: Case, by: str, text: str, now: datetime) -> Decision[Case]:
    """Add a note; it cancels a proposal to give money up.

    Raises:
        IllegalTransition: the case is closed.
    """
    looking = case if case.state == CaseState.LOOKING else _moved(case, CaseCommand.LOOK)
    return Decision(_noted(replace(looking, proposal=None), by, "note", text, now))


def answer(case: Case, outcome: PaymentCaseOutcome, by: str, reason: str, now: datetime) -> Decision[Case]:
    """Close the case, or propose the outcome if it gives money up and needs a second person.

    Raises:
        OutcomeDoesNotFit: this kind of case has no such answer.
        CaseNeedsSecondPerson: the same person proposed it.
        BroughtByThem: the file came from this person.
        IllegalTransition: the case is closed.
    """
    if outcome not in OUTCOMES[case.kind]:
        raise OutcomeDoesNotFit(outcome.value)
    if by == case.subject.brought_by:
        raise BroughtByThem(case.case_id)
    if (case.kind, outcome) not in NEEDS_TWO:
        return close(case, outcome, by, reason, now)
    proposal = case.proposal
    if proposal is None or proposal.outcome != outcome:
        proposed = _moved(case, CaseCommand.PROPOSE)
        proposed = replace(proposed, proposal=Proposal(outcome, by))
        return Decision(_noted(proposed, by, f"proposed {outcome.value}", reason, now))
    if proposal.by == by:
        raise CaseNeedsSecondPerson(outcome.value)
    return close(case, outcome, by, reason, now)


def close(case: Case, outcome: PaymentCaseOutcome, by: str, reason: str, now: datetime) -> Decision[Case]:
    """Close the case with its outcome.

    Raises:
        IllegalTransition: it was answered before.
    """
    closed = _moved(case, CaseCommand.CLOSE)
    closed = replace(closed, outcome=outcome, closed_at=now, live=False, due={})
    told = events.PaymentCaseClosed(
        case_id=case.case_id,
        kind=case.kind,
        outcome=outcome,
        appointment_id=case.subject.appointment_id,
        bill_id=case.subject.bill_id,
        application_id=case.subject.application_id,
        account_id=case.subject.account_id,
    )
    return Decision(_noted(closed, by, f"closed {outcome.value}", reason, now), (told,))


def check_later(case: Case, now: datetime, policy: CasePolicy) -> Decision[Case]:
    """Plan the next check, with growing intervals."""
    looks = case.looks + 1
    at = now + backoff(looks, policy.look_seconds, policy.look_most_seconds)
    return Decision(replace(case, looks=looks, due={**case.due, "look": at}))


def escalate(case: Case, now: datetime) -> Decision[Case]:
    """Escalate an overdue case to the operators' list, once."""
    due = due_without(case.due, "escalate")
    return Decision(_noted(replace(case, escalated_at=now, due=due), BILLING, "escalated", "overdue", now))


def outcome_of(kind: PaymentCaseKind, receipt: Receipt) -> PaymentCaseOutcome | None:
    """Return the outcome that a receipt gives to a case about its money; None while the receipt is not settled."""
    if kind in (PaymentCaseKind.CLAIM_UNCONFIRMED, PaymentCaseKind.ARRIVED_ON_PROOF):
        goes_back = receipt.state in (ReceiptState.IN_REFUND, ReceiptState.REFUNDED)
        return PaymentCaseOutcome.REFUNDED if goes_back else PaymentCaseOutcome.CONFIRMED
    if receipt.state in (ReceiptState.SETTLES_BILL, ReceiptState.DIVIDED):
        return PaymentCaseOutcome.SETTLED
    goes_back = receipt.state == ReceiptState.IN_REFUND and receipt.refund_recorded
    return PaymentCaseOutcome.REFUNDED if goes_back or receipt.state == ReceiptState.REFUNDED else None


def _moved(case: Case, command: CaseCommand) -> Case:
    return replace(case, state=CASE_TRANSITIONS.after(case.state, command))


def _noted(case: Case, by: str, act: str, text: str, now: datetime) -> Case:
    return replace(case, notes=(*case.notes, CaseNote(now, by, act, text)))
