"""The cause of a refund that billing opens by itself, and its subject: the money and its owner."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefundCause(StrEnum):
    """The reasons that billing itself opens a case for; further ones are rows of the data, not code."""

    DUPLICATE_PAYMENT = "duplicate_payment"
    WRONG_AMOUNT = "wrong_amount"
    LATE_PAYMENT = "late_payment"
    SERVICE_NOT_DELIVERED = "service_not_delivered"
    UNKNOWN_CODE = "unknown_code"
    PAID_AFTER_WITHDRAWAL = "paid_after_withdrawal"
    CREDIT_PAID_OUT = "credit_paid_out"


@dataclass(frozen=True)
class RefundSubject:
    """The money of a refund case: its owner and its amount."""

    receipt_id: str
    amount: int
    application_id: str | None = None
    account_id: str | None = None
    bill_id: str | None = None
    office_id: str | None = None
    whole: bool = True
