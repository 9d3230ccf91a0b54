"""States and commands of a bill, and the table that says which command leads where."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions


class BillState(StrEnum):
    """States of a bill."""

    REQUESTED = "requested"
    ISSUED = "issued"
    FAILED = "failed"
    WAIVED = "waived"
    PAID_UNSETTLED = "paid_unsettled"
    PAID = "paid"
    EXPIRY_UNCONFIRMED = "expiry_unconfirmed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


class BillCommand(StrEnum):
    """Commands of a bill."""

    ISSUE = "issue"
    FAIL = "fail"
    WAIVE = "waive"
    NOTE_BANK_RECEIPT = "note_bank_receipt"
    PAY = "pay"
    DOUBT = "doubt"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"
    CANCEL = "cancel"
    PAY_LATE = "pay_late"
    REISSUE = "reissue"


B, K = BillState, BillCommand


BILL_TRANSITIONS: Final = Transitions[BillState, BillCommand](
    {
        (B.REQUESTED, K.ISSUE): B.ISSUED,
        (B.REQUESTED, K.FAIL): B.FAILED,
        (B.REQUESTED, K.WAIVE): B.WAIVED,
        (B.REQUESTED, K.CANCEL): B.CANCELLED,
        (B.REQUESTED, K.PAY): B.PAID,  # by late money of an earlier code, before this code is there
        (B.ISSUED, K.REISSUE): B.ISSUED,  # a joint bill took its code away and ended: it has one of its own again
        (B.ISSUED, K.NOTE_BANK_RECEIPT): B.PAID_UNSETTLED,
        (B.ISSUED, K.PAY): B.PAID,
        (B.ISSUED, K.DOUBT): B.EXPIRY_UNCONFIRMED,
        (B.ISSUED, K.EXPIRE): B.EXPIRED,
        (B.ISSUED, K.CANCEL): B.CANCELLED,
        (B.EXPIRY_UNCONFIRMED, K.NOTE_BANK_RECEIPT): B.PAID_UNSETTLED,
        (B.EXPIRY_UNCONFIRMED, K.PAY): B.PAID,
        (B.EXPIRY_UNCONFIRMED, K.DOUBT): B.EXPIRY_UNCONFIRMED,
        (B.EXPIRY_UNCONFIRMED, K.EXPIRE): B.EXPIRED,
        (B.EXPIRY_UNCONFIRMED, K.CANCEL): B.CANCELLED,
        (B.PAID_UNSETTLED, K.PAY): B.PAID,
        (B.PAID_UNSETTLED, K.EXPIRE): B.EXPIRED,  # the treasury's number came with a pay time after the code's end
        (B.PAID_UNSETTLED, K.CANCEL): B.CANCELLED,  # the seat is gone; the money will go the late way
        (B.EXPIRED, K.PAY_LATE): B.PAID,
        (B.EXPIRED, K.SUPERSEDE): B.SUPERSEDED,
        (B.EXPIRED, K.CANCEL): B.CANCELLED,  # not owed any more: an officer's correction took it away
        (B.FAILED, K.PAY_LATE): B.PAID,
        (B.FAILED, K.SUPERSEDE): B.SUPERSEDED,
        (B.FAILED, K.CANCEL): B.CANCELLED,
        (B.CANCELLED, K.PAY_LATE): B.PAID,
        (B.CANCELLED, K.SUPERSEDE): B.SUPERSEDED,
        (B.PAID, K.PAY_LATE): B.PAID,  # paid in time, its seat was lost, and another one was found
    }
)


LIVE_BILLS: Final = frozenset({B.REQUESTED, B.ISSUED, B.EXPIRY_UNCONFIRMED, B.PAID_UNSETTLED})
"""The bill still waits for its money."""


SETTLEABLE_BILLS: Final = LIVE_BILLS - {B.PAID_UNSETTLED}
"""Live, and no money of its own is on the way."""


ENDED_BILLS: Final = frozenset({B.EXPIRED, B.FAILED, B.CANCELLED})
"""Ended without money; late money can still reach them."""
