"""Refund cases: why money goes back, by which rule, who decides, and how a case begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from services.billing.receipts.refund_subject import RefundSubject
from services.billing.refunds.states import REFUND_TRANSITIONS, RefundCommand, RefundState
from shared.events import billing as events
from shared.store.decision import Decision

OUTSIDE_TABLE: Final = "outside_table"
"""The reason of a case whose stated reason no row knows; what was stated is kept sealed."""


class RefundReasonUnknown(Exception):
    """The reason is not in the table on that day: the answer is a written refusal that names the rule."""


class RefundRuleUnknown(Exception):
    """A refusal must name a rule of the table."""


@dataclass(frozen=True)
class RefundReason:
    """One reason, with its legal basis and the role that decides."""

    code: str
    legal_basis: str
    decided_by: str
    automatic: bool
    """Whether billing opens the case by itself."""
    effective_from: date
    effective_to: date | None
    title: str
    title_id: str

    def counts_on(self, on: date) -> bool:
        """Return whether it may be given on that day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True)
class RefundRule:
    """A rule that a refusal can name."""

    code: str
    legal_basis: str
    text: str
    text_id: str


@dataclass(frozen=True)
class RefundReasons:
    """Every reason that is known, past and present, and the rules that refusals name."""

    reasons: tuple[RefundReason, ...]
    rules: tuple[RefundRule, ...] = ()

    def reason(self, code: str, on: date) -> RefundReason:
        """Return the reason of that code on that day.

        Raises:
            RefundReasonUnknown: the table has no such reason on that day.
        """
        for reason in self.reasons:
            if reason.code == code and reason.counts_on(on):
                return reason
        raise RefundReasonUnknown(code)

    def reasons_on(self, on: date) -> tuple[RefundReason, ...]:
        """Return every reason that may be given on that day."""
        return tuple(reason for reason in self.reasons if reason.counts_on(on))

    def rule(self, code: str) -> RefundRule:
        """Return the rule of that code.

        Raises:
            RefundRuleUnknown: the table has no such rule.
        """
        for rule in self.rules:
            if rule.code == code:
                return rule
        raise RefundRuleUnknown(code)


def reasons_of(data: Mapping[str, Any]) -> RefundReasons:
    """Return the reasons and rules that a parsed ``refund_reasons.toml`` holds."""
    return RefundReasons(
        tuple(RefundReason(**{"effective_to": None, **row}) for row in data["reason"]),
        tuple(RefundRule(**row) for row in data.get("rule", ())),
    )


class AccountState(StrEnum):
    """States of the payer's account, as the bank answered."""

    __schema_name__ = "PayeeAccountState"

    GIVEN = "given"
    VERIFIED = "verified"
    DIFFERS = "differs"
    """The bank knows no such account, or under another name."""
    REJECTED = "rejected"
    """The treasury's order could not be booked on it."""


@dataclass(frozen=True)
class BankAccount:
    """Where the money goes. Number and holder are sealed; they never leave the store unsealed but to the bank."""

    bank_code: str
    number_sealed: str
    holder_sealed: str
    given_at: datetime
    state: AccountState = AccountState.GIVEN
    attempts: int = 0


@dataclass(frozen=True)
class Paper:
    """An applicant's answer to a request for papers; the words are sealed."""

    at: datetime
    note_sealed: str


@dataclass(frozen=True)
class RefundStep:
    """One thing that happened to a case."""

    at: datetime
    state: RefundState
    by: str
    """A role, or ``billing`` itself."""
    note: str
    """A code, never free text."""
    actor_id: str | None = None
    """The account of who acted."""


class ConfirmationState(StrEnum):
    """States of SIMPONI's confirmation of a case's payment, asked again before a step."""

    ASKED = "asked"
    UNANSWERED = "unanswered"
    """It did not answer, and is asked again."""
    DENIED = "denied"
    """It does not know the payment as paid with this amount: the step is not taken."""


@dataclass(frozen=True)
class Confirmation:
    """A step that somebody has taken and that counts once SIMPONI knows the payment."""

    command: RefundCommand
    role: str
    account_id: str
    asked_at: datetime
    state: ConfirmationState = ConfirmationState.ASKED
    tries: int = 0
    answered_at: datetime | None = None


@dataclass(frozen=True)
class Refund:
    """One case for the money of one receipt, all of it or a part."""

    refund_id: str
    receipt_id: str
    amount: int
    state: RefundState
    reason: str
    legal_basis: str
    decided_by: str
    opened_at: datetime
    application_id: str | None
    account_id: str | None
    bill_id: str | None
    steps: tuple[RefundStep, ...] = ()
    automatic: bool = True
    """Billing opened it by itself, and the money is held from the start."""
    whole: bool = True
    """Whether it asks for all that the receipt holds."""
    office_id: str | None = None
    requested_by: str | None = None
    recommended_by: str | None = None
    refused_by: str | None = None
    note_sealed: str | None = None
    account: BankAccount | None = None
    papers_asked: tuple[str, ...] = ()
    papers: tuple[Paper, ...] = ()
    rule: str | None = None
    """The rule that the refusal names."""
    object_until: datetime | None = None
    appointment_id: str | None = None
    """The visit that must go back before the money does."""
    seat_questions: int = 0
    orders: int = 0
    """How many orders the treasury rejected before the present one."""
    order_sent: str | None = None
    """The last order that the treasury may have: stored before it is sent, so that no credit is given beside it."""
    approved_at: datetime | None = None
    ended_at: datetime | None = None
    booked: bool = True
    """Whether the receipt, and the bill, show what this state means for them."""
    step_due_at: datetime | None = None
    entry: int = 0
    """The number of the entry into refund that this case is about; 0 in older documents, which did not count."""
    escalations: int = 0
    due: Mapping[str, datetime] = field(default_factory=dict)
    confirmation: Confirmation | None = None
    """The step that waits for SIMPONI's answer, or got a no."""
    confirmed_at: datetime | None = None
    """Time of the last confirmation by SIMPONI that it knows the payment with its amount."""
    evidence_ids: tuple[str, ...] = ()
    """Pictures that the requests and answers name; application keeps them."""
    grant_proposed_by: str | None = None
    """The account that proposed to grant the objection, if no other person has agreed to the refund yet."""

    @property
    def order_number(self) -> str:
        """The name of the treasury order: the same for every repeat, so that it is paid at most once."""
        return f"{self.refund_id}.{self.orders + 1}"


def open_refund(
    refund_id: str,
    subject: RefundSubject,
    reason: RefundReason,
    now: datetime,
    step_due_at: datetime | None = None,
    *,
    entry: int = 0,
) -> Decision[Refund]:
    """Return a new case that billing opens by itself; its money is held for it already."""
    refund = _new(refund_id, subject, reason.code, RefundState.OPENED, now)
    refund = replace(
        refund, legal_basis=reason.legal_basis, decided_by=reason.decided_by, step_due_at=step_due_at, entry=entry
    )
    due = {"step": step_due_at} if step_due_at else {}
    steps = (RefundStep(now, RefundState.OPENED, "billing", reason.code),)
    return Decision(replace(refund, due=due, steps=steps), (opened_event(refund),))


def open_approved(
    refund_id: str,
    subject: RefundSubject,
    reason: RefundReason,
    now: datetime,
    step_due_at: datetime | None,
    entry: int,
) -> Decision[Refund]:
    """Return a new case about money whose refund was approved before, as credit: only an account is missing."""
    refund = _new(refund_id, subject, reason.code, RefundState.RELEASED, now)
    refund = replace(
        refund, legal_basis=reason.legal_basis, decided_by=reason.decided_by, step_due_at=step_due_at, entry=entry
    )
    due = {"step": step_due_at} if step_due_at else {}
    steps = (RefundStep(now, RefundState.RELEASED, "billing", reason.code),)
    return Decision(replace(refund, due=due, steps=steps, approved_at=now), (opened_event(refund),))


def _new(refund_id: str, subject: RefundSubject, reason: str, state: RefundState, now: datetime) -> Refund:
    return Refund(
        refund_id=refund_id,
        receipt_id=subject.receipt_id,
        amount=subject.amount,
        state=state,
        reason=reason,
        legal_basis="",
        decided_by="fee_officer",
        opened_at=now,
        application_id=subject.application_id,
        account_id=subject.account_id,
        bill_id=subject.bill_id,
        office_id=subject.office_id,
        whole=subject.whole,
    )


def asked_refund(
    refund_id: str, subject: RefundSubject, reason: RefundReason | None, by: tuple[str, str], now: datetime
) -> Refund:
    """Return a new case that a person asks for, by (role, account); the money stays where it is until the approval.

    Without a reason of the table it is only there to be refused in writing.
    """
    code = reason.code if reason else OUTSIDE_TABLE
    refund = _new(refund_id, subject, code, RefundState.REQUESTED, now)
    if reason is not None:
        refund = replace(refund, legal_basis=reason.legal_basis, decided_by=reason.decided_by)
    role, actor_id = by
    steps = (RefundStep(now, RefundState.REQUESTED, role, code, actor_id),)
    return replace(refund, automatic=False, requested_by=actor_id, steps=steps, booked=False)


def opened_event(refund: Refund) -> events.RefundOpened:
    """Return the event of a new case."""
    return events.RefundOpened(
        refund_id=refund.refund_id,
        receipt_id=refund.receipt_id,
        amount=refund.amount,
        reason=refund.reason,
        application_id=refund.application_id,
        account_id=refund.account_id,
    )


def withdraw(refund: Refund, now: datetime, note: str) -> Decision[Refund]:
    """Withdraw the case, because its money found its use after all.

    Raises:
        IllegalTransition: the case is approved or over.
    """
    state = REFUND_TRANSITIONS.after(refund.state, RefundCommand.WITHDRAW)
    step = RefundStep(now, state, "billing", note)
    gone = replace(refund, state=state, steps=(*refund.steps, step), due={}, step_due_at=None, ended_at=now)
    return Decision(replace(gone, confirmation=None))


def reopen(refund: Refund, now: datetime, step_due_at: datetime | None, entry: int) -> Decision[Refund]:
    """Open a withdrawn case again, because what its money had found was lost. An open one stays as it is.

    ``entry`` is which time the money is in refund; a worker that is late with the time for which the case was
    withdrawn changes nothing.
    """
    if refund.state != RefundState.WITHDRAWN or (entry and entry <= refund.entry):
        return Decision(refund)
    state = REFUND_TRANSITIONS.after(refund.state, RefundCommand.REOPEN)
    step = RefundStep(now, state, "billing", "the seat was lost again")
    due = {"step": step_due_at} if step_due_at else {}
    again = replace(refund, state=state, steps=(*refund.steps, step), due=due, step_due_at=step_due_at, ended_at=None)
    again = replace(again, entry=entry, appointment_id=None, seat_questions=0)
    return Decision(again, (opened_event(again),))
