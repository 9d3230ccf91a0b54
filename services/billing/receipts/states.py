"""States and commands of a receipt, and the table that says which command leads where."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions


class ReceiptState(StrEnum):
    """In which one place the money of a receipt is (I3)."""

    AWAITS_OUTCOME = "awaits_outcome"
    AWAITS_SEAT = "awaits_seat"
    SETTLES_BILL = "settles_bill"
    IN_REFUND = "in_refund"
    REFUNDED = "refunded"
    CREDITED = "credited"
    RETAINED = "retained"
    DIVIDED = "divided"
    """It paid a joint bill: each of its parts is a receipt of its own."""


class ReceiptCommand(StrEnum):
    """Commands of the money of a receipt."""

    SETTLE = "settle"
    ASK_SEAT = "ask_seat"
    REFUND = "refund"
    PAY_BACK = "pay_back"
    CREDIT = "credit"
    RETAIN = "retain"
    REOPEN = "reopen"
    DIVIDE = "divide"


R, M = ReceiptState, ReceiptCommand


RECEIPT_TRANSITIONS: Final = Transitions[ReceiptState, ReceiptCommand](
    {
        (R.AWAITS_OUTCOME, M.SETTLE): R.SETTLES_BILL,
        (R.AWAITS_OUTCOME, M.ASK_SEAT): R.AWAITS_SEAT,
        (R.AWAITS_OUTCOME, M.REFUND): R.IN_REFUND,
        (R.AWAITS_OUTCOME, M.DIVIDE): R.DIVIDED,
        (R.AWAITS_SEAT, M.SETTLE): R.SETTLES_BILL,
        (R.AWAITS_SEAT, M.REFUND): R.IN_REFUND,
        (R.SETTLES_BILL, M.ASK_SEAT): R.AWAITS_SEAT,  # paid in time, but the seat was lost at the same moment
        (R.SETTLES_BILL, M.REFUND): R.IN_REFUND,
        (R.IN_REFUND, M.SETTLE): R.SETTLES_BILL,  # the seat came after all, and the refund could still be withdrawn
        (R.IN_REFUND, M.PAY_BACK): R.REFUNDED,
        (R.IN_REFUND, M.CREDIT): R.CREDITED,
        (R.IN_REFUND, M.RETAIN): R.RETAINED,
        (R.RETAINED, M.REOPEN): R.IN_REFUND,  # the refusal was asked about again, with new proof or an objection
    }
)


FINAL_RECEIPTS: Final = frozenset({R.REFUNDED, R.CREDITED, R.DIVIDED})
