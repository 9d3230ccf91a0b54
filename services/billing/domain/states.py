"""States, commands and the tables that say which command leads where; every change of state goes through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from shared.events.message import Event

S = TypeVar("S", bound=StrEnum)
C = TypeVar("C", bound=StrEnum)
StateT = TypeVar("StateT")


class IllegalTransition(Exception):
    """A command was given to a state that does not know it: the caller decides again on what is stored now."""

    def __init__(self, state: StrEnum, command: StrEnum) -> None:
        super().__init__(f"{command} cannot follow {state}")
        self.state = state
        self.command = command


@dataclass(frozen=True)
class Decision(Generic[StateT]):
    """What a use case writes: the new state and what it says to others, in one write."""

    state: StateT
    events: tuple[Event, ...] = ()


class BillState(StrEnum):
    """Where a bill stands."""

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
    """What can be done to a bill."""

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


B, K = BillState, BillCommand

BILL_TRANSITIONS: Final[Mapping[tuple[BillState, BillCommand], BillState]] = {
    (B.REQUESTED, K.ISSUE): B.ISSUED,
    (B.REQUESTED, K.FAIL): B.FAILED,
    (B.REQUESTED, K.WAIVE): B.WAIVED,
    (B.REQUESTED, K.CANCEL): B.CANCELLED,
    (B.REQUESTED, K.PAY): B.PAID,  # by late money of an earlier code, before this code is there
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
    (B.FAILED, K.PAY_LATE): B.PAID,
    (B.FAILED, K.SUPERSEDE): B.SUPERSEDED,
    (B.CANCELLED, K.PAY_LATE): B.PAID,
    (B.CANCELLED, K.SUPERSEDE): B.SUPERSEDED,
    (B.PAID, K.PAY_LATE): B.PAID,  # paid in time, its seat was lost, and another one was found
}

LIVE_BILLS: Final = frozenset({B.REQUESTED, B.ISSUED, B.EXPIRY_UNCONFIRMED, B.PAID_UNSETTLED})
"""The bill still waits for its money."""

SETTLEABLE_BILLS: Final = LIVE_BILLS - {B.PAID_UNSETTLED}
"""Live, and no money of its own is on the way."""

ENDED_BILLS: Final = frozenset({B.EXPIRED, B.FAILED, B.CANCELLED})
"""Ended without money; late money can still reach them."""

FINAL_BILLS: Final = frozenset({B.WAIVED, B.SUPERSEDED})


class ReceiptState(StrEnum):
    """In which one place the money of a receipt is (I3)."""

    AWAITS_OUTCOME = "awaits_outcome"
    AWAITS_SEAT = "awaits_seat"
    SETTLES_BILL = "settles_bill"
    IN_REFUND = "in_refund"
    REFUNDED = "refunded"
    CREDITED = "credited"
    RETAINED = "retained"


class ReceiptCommand(StrEnum):
    """What can be done with the money of a receipt."""

    SETTLE = "settle"
    ASK_SEAT = "ask_seat"
    REFUND = "refund"
    PAY_BACK = "pay_back"
    CREDIT = "credit"
    RETAIN = "retain"


R, M = ReceiptState, ReceiptCommand

RECEIPT_TRANSITIONS: Final[Mapping[tuple[ReceiptState, ReceiptCommand], ReceiptState]] = {
    (R.AWAITS_OUTCOME, M.SETTLE): R.SETTLES_BILL,
    (R.AWAITS_OUTCOME, M.ASK_SEAT): R.AWAITS_SEAT,
    (R.AWAITS_OUTCOME, M.REFUND): R.IN_REFUND,
    (R.AWAITS_SEAT, M.SETTLE): R.SETTLES_BILL,
    (R.AWAITS_SEAT, M.REFUND): R.IN_REFUND,
    (R.SETTLES_BILL, M.ASK_SEAT): R.AWAITS_SEAT,  # paid in time, but the seat was lost at the same moment
    (R.SETTLES_BILL, M.REFUND): R.IN_REFUND,
    (R.IN_REFUND, M.SETTLE): R.SETTLES_BILL,  # the seat came after all, and the refund could still be withdrawn
    (R.IN_REFUND, M.PAY_BACK): R.REFUNDED,
    (R.IN_REFUND, M.CREDIT): R.CREDITED,
    (R.IN_REFUND, M.RETAIN): R.RETAINED,
}

FINAL_RECEIPTS: Final = frozenset({R.REFUNDED, R.CREDITED, R.RETAINED})


class RefundState(StrEnum):
    """Where a refund case stands; the steps between opened and closed are further rows of its table."""

    OPENED = "opened"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class RefundCommand(StrEnum):
    """What can be done with a refund case."""

    WITHDRAW = "withdraw"
    CLOSE = "close"


REFUND_TRANSITIONS: Final[Mapping[tuple[RefundState, RefundCommand], RefundState]] = {
    (RefundState.OPENED, RefundCommand.WITHDRAW): RefundState.WITHDRAWN,
    (RefundState.OPENED, RefundCommand.CLOSE): RefundState.CLOSED,
}

FINAL_REFUNDS: Final = frozenset({RefundState.WITHDRAWN, RefundState.CLOSED})


def follow(table: Mapping[tuple[S, C], S], state: S, command: C) -> S:
    """The state that a command leads to.

    Raises:
        IllegalTransition: the table does not know the pair.
    """
    try:
        return table[state, command]
    except KeyError:
        raise IllegalTransition(state, command) from None


def commands_of(table: Mapping[tuple[S, C], S], state: S) -> Sequence[C]:
    """The commands that a state knows."""
    return [command for known, command in table if known == state]
