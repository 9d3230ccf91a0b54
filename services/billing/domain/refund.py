"""Refund cases: why money goes back, by which rule, and who decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.billing.domain.states import REFUND_TRANSITIONS, Decision, RefundCommand, RefundState, follow
from shared.events import billing as events


class RefundCause(StrEnum):
    """The reasons that billing itself opens a case for; further ones are rows of the data, not code."""

    DUPLICATE_PAYMENT = "duplicate_payment"
    WRONG_AMOUNT = "wrong_amount"
    LATE_PAYMENT = "late_payment"
    SERVICE_NOT_DELIVERED = "service_not_delivered"
    UNKNOWN_CODE = "unknown_code"


class RefundReasonUnknown(Exception):
    """The reason is not in the table on that day: the answer is a written refusal that names the rule."""


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
        """Whether it may be given on that day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True)
class RefundReasons:
    """Every reason that is known, past and present."""

    reasons: tuple[RefundReason, ...]

    def reason(self, code: str, on: date) -> RefundReason:
        """The reason of that code on that day.

        Raises:
            RefundReasonUnknown: the table has no such reason on that day.
        """
        for each in self.reasons:
            if each.code == code and each.counts_on(on):
                return each
        raise RefundReasonUnknown(code)


def reasons_of(data: Mapping[str, Any]) -> RefundReasons:
    """The reasons that a parsed ``refund_reasons.toml`` holds."""
    return RefundReasons(tuple(RefundReason(**{"effective_to": None, **each}) for each in data["reason"]))


@dataclass(frozen=True)
class RefundStep:
    """One thing that happened to a case."""

    at: datetime
    state: RefundState
    by: str
    """A role, or ``billing`` itself."""
    note: str


@dataclass(frozen=True)
class Refund:
    """One case for the money of one receipt; its id is derived from the receipt, so there is never a second one."""

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


def open_refund(
    refund_id: str,
    receipt_id: str,
    amount: int,
    reason: RefundReason,
    now: datetime,
    *,
    application_id: str | None = None,
    account_id: str | None = None,
    bill_id: str | None = None,
) -> Decision[Refund]:
    """A new case for the whole money of a receipt."""
    refund = Refund(
        refund_id=refund_id,
        receipt_id=receipt_id,
        amount=amount,
        state=RefundState.OPENED,
        reason=reason.code,
        legal_basis=reason.legal_basis,
        decided_by=reason.decided_by,
        opened_at=now,
        application_id=application_id,
        account_id=account_id,
        bill_id=bill_id,
        steps=(RefundStep(now, RefundState.OPENED, "billing", reason.code),),
    )
    opened = events.RefundOpened(
        refund_id=refund_id,
        receipt_id=receipt_id,
        amount=amount,
        reason=reason.code,
        application_id=application_id,
        account_id=account_id,
    )
    return Decision(refund, (opened,))


def withdraw(refund: Refund, now: datetime, note: str) -> Decision[Refund]:
    """The case ends because its money found its use after all.

    Raises:
        IllegalTransition: the case is no longer open.
    """
    state = follow(REFUND_TRANSITIONS, refund.state, RefundCommand.WITHDRAW)
    step = RefundStep(now, state, "billing", note)
    return Decision(replace(refund, state=state, steps=(*refund.steps, step)))
