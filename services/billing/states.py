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
    (B.EXPIRED, K.CANCEL): B.CANCELLED,  # not owed any more: an officer's correction took it away
    (B.FAILED, K.PAY_LATE): B.PAID,
    (B.FAILED, K.SUPERSEDE): B.SUPERSEDED,
    (B.FAILED, K.CANCEL): B.CANCELLED,
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
    REOPEN = "reopen"


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
    (R.RETAINED, M.REOPEN): R.IN_REFUND,  # the refusal was asked about again, with new proof or an objection
}

FINAL_RECEIPTS: Final = frozenset({R.REFUNDED, R.CREDITED})


class RefundState(StrEnum):
    """Where a refund case stands. Approval is provisional until the seat is back."""

    OPENED = "opened"
    """By billing itself: the money is held for it already."""
    REQUESTED = "requested"
    INCOMPLETE = "incomplete"
    COMPLETE = "complete"
    RESEARCHED = "researched"
    RECOMMENDED = "recommended"
    APPROVED = "approved"
    RELEASED = "released"
    ORDERED = "ordered"
    PAID = "paid"
    CREDITED = "credited"
    REFUSED = "refused"
    OBJECTED = "objected"
    WITHDRAWN = "withdrawn"


class RefundCommand(StrEnum):
    """What can be done with a refund case."""

    ASK_PAPERS = "ask_papers"
    ANSWER = "answer"
    FIND_COMPLETE = "find_complete"
    RESEARCH = "research"
    RECOMMEND = "recommend"
    APPROVE = "approve"
    RELEASE = "release"
    ORDER = "order"
    REJECT_ORDER = "reject_order"
    PAY = "pay"
    CREDIT = "credit"
    REFUSE = "refuse"
    RESUBMIT = "resubmit"
    OBJECT = "object"
    GRANT = "grant"
    UPHOLD = "uphold"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"


F, G = RefundState, RefundCommand

REFUND_TRANSITIONS: Final[Mapping[tuple[RefundState, RefundCommand], RefundState]] = {
    (F.OPENED, G.ASK_PAPERS): F.INCOMPLETE,
    (F.REQUESTED, G.ASK_PAPERS): F.INCOMPLETE,
    (F.COMPLETE, G.ASK_PAPERS): F.INCOMPLETE,
    (F.INCOMPLETE, G.ANSWER): F.REQUESTED,
    (F.OPENED, G.FIND_COMPLETE): F.COMPLETE,
    (F.REQUESTED, G.FIND_COMPLETE): F.COMPLETE,
    (F.COMPLETE, G.RESEARCH): F.RESEARCHED,
    (F.RESEARCHED, G.RECOMMEND): F.RECOMMENDED,
    (F.RECOMMENDED, G.APPROVE): F.APPROVED,
    (F.APPROVED, G.RELEASE): F.RELEASED,
    (F.RELEASED, G.ORDER): F.ORDERED,
    (F.RELEASED, G.CREDIT): F.CREDITED,
    (F.ORDERED, G.PAY): F.PAID,
    (F.ORDERED, G.REJECT_ORDER): F.RELEASED,  # the bank could not book it: another account is asked for
    (F.OPENED, G.REFUSE): F.REFUSED,
    (F.REQUESTED, G.REFUSE): F.REFUSED,
    (F.INCOMPLETE, G.REFUSE): F.REFUSED,
    (F.COMPLETE, G.REFUSE): F.REFUSED,
    (F.RESEARCHED, G.REFUSE): F.REFUSED,
    (F.RECOMMENDED, G.REFUSE): F.REFUSED,
    (F.APPROVED, G.REFUSE): F.REFUSED,  # provisional: the seat was used, or nothing is left of the money
    (F.REFUSED, G.RESUBMIT): F.REQUESTED,
    (F.REFUSED, G.OBJECT): F.OBJECTED,
    (F.OBJECTED, G.GRANT): F.APPROVED,
    (F.OBJECTED, G.UPHOLD): F.REFUSED,
    (F.OPENED, G.WITHDRAW): F.WITHDRAWN,
    (F.REQUESTED, G.WITHDRAW): F.WITHDRAWN,
    (F.INCOMPLETE, G.WITHDRAW): F.WITHDRAWN,
    (F.COMPLETE, G.WITHDRAW): F.WITHDRAWN,
    (F.RESEARCHED, G.WITHDRAW): F.WITHDRAWN,
    (F.RECOMMENDED, G.WITHDRAW): F.WITHDRAWN,
    (F.WITHDRAWN, G.REOPEN): F.OPENED,  # the seat that had been found for the money was lost again
}

FINAL_REFUNDS: Final = frozenset({F.PAID, F.CREDITED})
OPEN_REFUNDS: Final = frozenset(F) - FINAL_REFUNDS - {F.REFUSED, F.WITHDRAWN}
"""Somebody has a next step to take."""

MONEY_HELD: Final = frozenset({F.APPROVED, F.RELEASED, F.ORDERED})
"""The money of a request is held for it; that of a case that billing opened is held from the start."""


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
