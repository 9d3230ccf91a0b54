"""Credits over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Self

from services.billing.credits.model import Credit
from services.billing.credits.states import CreditState
from services.billing.field_types import Id
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, NextCallView, Path, View, view_next_call

_TEXTS: Final[Mapping[CreditState, tuple[str, str]]] = {
    CreditState.OPEN: (
        "Pay a bill with it, or have it paid out.",
        "Gunakan untuk membayar tagihan, atau minta dibayarkan ke rekening Anda.",
    ),
    CreditState.SPENT: ("Nothing is left of it.", "Saldo ini sudah habis dipakai."),
    CreditState.PAID_OUT: (
        "Name a bank account in the refund that pays it out.",
        "Sebutkan rekening bank pada pengembalian yang membayarkannya.",
    ),
}


class CreditPath(Path):
    """The credit in the path."""

    credit_id: Id


class CreditedBill(Body):
    """The bill to pay with a credit."""

    bill_id: Id


class DrawView(View):
    """One use: the bill that it paid, or none where it is paid out."""

    number: int
    amount: int
    drawn_at: datetime
    bill_id: str | None


class CreditView(View, in_indonesian=("next_action",)):
    """Money of a refund that pays later bills, or is paid out."""

    credit_id: str
    refund_id: str
    application_id: str | None
    state: Annotated[str, OneOf(CreditState)]
    amount: int
    rest: int
    currency: str = "IDR"
    opened_at: datetime
    draws: tuple[DrawView, ...]
    payout_refund_id: str | None
    next_action: str
    next_action_id: str
    next_call: NextCallView | None

    @classmethod
    def from_credit(cls, credit: Credit) -> Self:
        """Return the view of a credit with what was done with it."""
        action, action_id = _TEXTS[credit.state]
        payout = credit.payout_refund_id
        shown = {
            "rest": credit.rest,
            "draws": [vars(draw) for draw in credit.draws],
            "payout_refund_id": payout,
            "next_action": action,
            "next_action_id": action_id,
            "next_call": view_next_call(
                "credit", credit.state.value, credit_id=credit.credit_id, refund_id=payout or credit.refund_id
            ),
        }
        return cls.model_validate({**vars(credit), **shown})


class CreditList(ListView):
    """The credits of the account, oldest first."""

    credits: tuple[CreditView, ...]
