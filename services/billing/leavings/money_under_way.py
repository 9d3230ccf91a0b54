"""Money under way: what stands against a leaving until it has come to its end. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.states import BillState
from services.billing.cases.model import Case, CaseState
from services.billing.credits.model import Credit
from services.billing.credits.states import CreditState
from services.billing.receipts.model import Receipt
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.model import Refund
from services.billing.refunds.states import OPEN_REFUNDS

_MAYBE_PAID: Final = frozenset({BillState.PAID_UNSETTLED, BillState.EXPIRY_UNCONFIRMED})
"""The bank has the money, or cannot say. A bill that is only unpaid may be dropped."""

_WITHOUT_END: Final = frozenset({BillOutcome.SEAT_SOUGHT, BillOutcome.SPECIAL_RESCHEDULE})
"""A paid bill that still has something to give. A visit is application's to object to, a refund is looked at itself."""

_UNDER_WAY: Final = frozenset({ReceiptState.AWAITS_OUTCOME, ReceiptState.AWAITS_SEAT, ReceiptState.IN_REFUND})


def is_bill_under_way(bill: Bill) -> bool:
    """Return whether the bill is perhaps paid, or paid and without its end."""
    return bill.state in _MAYBE_PAID or (bill.state is BillState.PAID and bill.standing in _WITHOUT_END)


def is_money_under_way(
    bills: Iterable[Bill],
    receipts: Iterable[Receipt],
    refunds: Iterable[Refund],
    cases: Iterable[Case],
    kept: Iterable[Credit] = (),
) -> bool:
    """Return whether anything of these has not come to its end."""
    return (
        any(is_bill_under_way(bill) for bill in bills)
        or any(receipt.state in _UNDER_WAY for receipt in receipts)
        or any(refund.state in OPEN_REFUNDS for refund in refunds)
        or any(case.state is not CaseState.CLOSED for case in cases)
        or any(credit.state is CreditState.OPEN for credit in kept)
    )
