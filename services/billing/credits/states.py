"""States and commands of a credit, and the table that says which command leads where."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions


class CreditState(StrEnum):
    """States of a credit."""

    OPEN = "open"
    SPENT = "spent"
    """Bills have used all of it."""
    PAID_OUT = "paid_out"
    """The rest goes back by a refund case."""


class CreditCommand(StrEnum):
    """Commands of a credit."""

    DRAW = "draw"
    SPEND = "spend"
    """Draw the last of it."""
    PAY_OUT = "pay_out"


CREDIT_TRANSITIONS: Final = Transitions[CreditState, CreditCommand](
    {
        (CreditState.OPEN, CreditCommand.DRAW): CreditState.OPEN,
        (CreditState.OPEN, CreditCommand.SPEND): CreditState.SPENT,
        (CreditState.OPEN, CreditCommand.PAY_OUT): CreditState.PAID_OUT,
    }
)
