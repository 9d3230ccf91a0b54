"""The credit: money of a refund that was not paid out. It pays later bills, or is paid out. Pure functions.

Each use is drawn here first, with one write; a receipt for it follows. So the same rupiah is spent or paid out, never
both, however many ask at the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from services.billing.credits.states import CREDIT_TRANSITIONS, CreditCommand, CreditState
from services.billing.payment import PART, treasury_number
from shared.store.decision import Decision

SHORT_ID: Final = 12
"""Characters of a credit's id in the ids of its receipts, of which a treasury's number has few."""


class TooLittleLeft(Exception):
    """More is asked for than is left of the credit."""


@dataclass(frozen=True)
class Draw:
    """One use of a credit; it has a receipt of its own."""

    number: int
    amount: int
    drawn_at: datetime
    bill_id: str | None = None
    """The bill that it pays; None: it is paid out."""


@dataclass(frozen=True)
class Credit:
    """Money of one refund case, for later fees of the payer."""

    credit_id: str
    account_id: str
    application_id: str | None
    bill_id: str | None
    """The bill whose money it was."""
    refund_id: str
    receipt_id: str
    amount: int
    state: CreditState
    opened_at: datetime
    draws: tuple[Draw, ...] = ()
    payout_refund_id: str | None = None
    """The refund case by which the rest is paid out."""
    booked: int = 0
    """How many of the draws, in order, have their receipt."""
    due: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def rest(self) -> int:
        """The amount that can still be used, in rupiah."""
        return self.amount - sum(draw.amount for draw in self.draws)

    def receipt_of(self, draw: Draw) -> str:
        """Return the id of the receipt of a draw."""
        short = self.credit_id.replace("-", "")[:SHORT_ID]
        return f"{treasury_number(self.receipt_id)}{PART}{short}{PART}{draw.number}"


def open_credit(
    credit_id: str,
    refund_id: str,
    receipt_id: str,
    amount: int,
    account_id: str,
    application_id: str | None,
    bill_id: str | None,
    now: datetime,
) -> Decision[Credit]:
    """Return the credit of a refund case that its payer, or the fee's officer, wanted as credit."""
    return Decision(
        Credit(
            credit_id=credit_id,
            account_id=account_id,
            application_id=application_id,
            bill_id=bill_id,
            refund_id=refund_id,
            receipt_id=receipt_id,
            amount=amount,
            state=CreditState.OPEN,
            opened_at=now,
        )
    )


def draw_for_bill(credit: Credit, bill_id: str, amount: int, now: datetime) -> Decision[Credit]:
    """Draw what a bill costs; a repeat for the same bill changes nothing.

    Raises:
        IllegalTransition: the credit is spent or paid out.
        TooLittleLeft: less is left than the bill costs.
    """
    if any(draw.bill_id == bill_id for draw in credit.draws):
        return Decision(credit)
    command = CreditCommand.SPEND if amount == credit.rest else CreditCommand.DRAW
    state = CREDIT_TRANSITIONS.after(credit.state, command)
    if amount > credit.rest:
        raise TooLittleLeft(f"{amount} of {credit.rest} rupiah")
    return Decision(_drawn(credit, state, amount, bill_id, now))


def pay_out(credit: Credit, refund_id: str, now: datetime) -> Decision[Credit]:
    """Draw all that is left, to be paid out by this refund case; a repeat changes nothing.

    Raises:
        IllegalTransition: it is spent.
    """
    if credit.state is CreditState.PAID_OUT:
        return Decision(credit)
    state = CREDIT_TRANSITIONS.after(credit.state, CreditCommand.PAY_OUT)
    return Decision(replace(_drawn(credit, state, credit.rest, None, now), payout_refund_id=refund_id))


def _drawn(credit: Credit, state: CreditState, amount: int, bill_id: str | None, now: datetime) -> Credit:
    draw = Draw(len(credit.draws) + 1, amount, now, bill_id)
    return replace(credit, state=state, draws=(*credit.draws, draw), due={"book": now})


def booked(credit: Credit, draws: int) -> Decision[Credit]:
    """Note that so many draws have their receipt; later ones are still due."""
    done = max(draws, credit.booked)
    return Decision(replace(credit, booked=done, due={} if done == len(credit.draws) else credit.due))


def is_sound(credit: Credit) -> bool:
    """Return whether it is used for no more than it holds, and its state says what was done with it."""
    paid_out = any(draw.bill_id is None for draw in credit.draws)
    used_up = {CreditState.OPEN: credit.rest > 0, CreditState.SPENT: credit.rest == 0 and not paid_out}
    return credit.rest >= 0 and used_up.get(credit.state, credit.rest == 0 and paid_out)
