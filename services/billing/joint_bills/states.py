"""States and commands of a joint bill, and the table that says which command leads where."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions


class JointBillState(StrEnum):
    """States of a joint bill."""

    REQUESTED = "requested"
    """SIMPONI is asked for its code; its members can still be paid with their own."""
    ISSUED = "issued"
    ENDING = "ending"
    """Its code is taken back at SIMPONI; then its members have codes of their own again."""
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


class JointBillCommand(StrEnum):
    """Commands of a joint bill."""

    ISSUE = "issue"
    PAY = "pay"
    END = "end"
    EXPIRE = "expire"
    CANCEL = "cancel"
    FAIL = "fail"


S, K = JointBillState, JointBillCommand


JOINT_BILL_TRANSITIONS: Final = Transitions[JointBillState, JointBillCommand](
    {
        (S.REQUESTED, K.ISSUE): S.ISSUED,
        (S.REQUESTED, K.PAY): S.PAID,  # its code was paid before the answer that brings it was stored
        (S.REQUESTED, K.END): S.ENDING,
        (S.ISSUED, K.PAY): S.PAID,
        (S.ISSUED, K.END): S.ENDING,
        (S.ENDING, K.PAY): S.PAID,
        (S.ENDING, K.EXPIRE): S.EXPIRED,
        (S.ENDING, K.CANCEL): S.CANCELLED,
        (S.ENDING, K.FAIL): S.FAILED,
    }
)


LIVE_JOINT_BILLS: Final = frozenset({S.REQUESTED, S.ISSUED, S.ENDING})
"""Its members are bound to it."""
