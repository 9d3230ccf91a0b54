"""States and commands of a refund case, and the table that says which command leads where."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions


class RefundState(StrEnum):
    """States of a refund case. Approval is provisional until the seat is back."""

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
    """Commands of a refund case."""

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


REFUND_TRANSITIONS: Final = Transitions[RefundState, RefundCommand](
    {
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
)


FINAL_REFUNDS: Final = frozenset({F.PAID, F.CREDITED})


OPEN_REFUNDS: Final = frozenset(F) - FINAL_REFUNDS - {F.REFUSED, F.WITHDRAWN}
"""Somebody has a next step to take."""


MONEY_HELD: Final = frozenset({F.APPROVED, F.RELEASED, F.ORDERED})
"""The money of a request is held for it; that of a case that billing opened is held from the start."""
