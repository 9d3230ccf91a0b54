"""Rules that no single store can see broken: what money, visit, book and person must agree on. Pure functions.

Billing keeps what others told of the appointment that a bill names, of the application and of its printed book, so
the rules are checked here without reading another service's store.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.billing.bills.model import Bill, BillOutcome, VisitState
from services.billing.bills.states import BillState
from services.billing.receipts.model import Receipt
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.model import Refund
from services.billing.refunds.states import RefundState
from services.billing.refunds.transitions import asks_for_all
from shared.events.codes import BillPurpose

_SENT_BACK = (ReceiptState.REFUNDED, ReceiptState.CREDITED)
_ENDED_WITH_MONEY = (RefundState.PAID, RefundState.CREDITED)


def visit_is_certain(bill: Bill) -> bool:
    """Return whether scheduling confirmed the visit of a fee's bill and has not released it: used, or still good."""
    return bill.purpose == BillPurpose.FEE and bill.seat is not None and bill.seat.visit == VisitState.CONFIRMED


def is_sent_back(receipt: Receipt, cases: Sequence[Refund]) -> bool:
    """Return whether all that a receipt held was refunded or credited.

    Money that a case only holds is still here, and a part that a correction gave back, be it all of the fee, leaves the
    visit as it was.
    """
    return receipt.state in _SENT_BACK or any(asks_for_all(case) and case.state in _ENDED_WITH_MONEY for case in cases)


def visit_faults(
    bill: Bill, receipt: Receipt | None, rivals: Sequence[Bill], cases: Sequence[Refund] = ()
) -> list[str]:
    """Return the faults of the money under a confirmed or used visit (I11); empty if it is sound.

    ``receipt`` is what pays the bill, ``rivals`` are other bills that name the same appointment. A visit stands on
    exactly one receipt that is not refunded; a waived bill needs none.
    """
    if not visit_is_certain(bill):
        return []
    faults = [f"bill {rival.bill_id} has the same visit" for rival in rivals if visit_is_certain(rival)]
    if bill.state == BillState.WAIVED:
        return faults
    if bill.state != BillState.PAID or receipt is None:
        return [*faults, f"the bill is {bill.state} and its visit is confirmed"]
    if bill.standing == BillOutcome.SEAT_SOUGHT:
        faults.append("a seat is sought beside a confirmed visit")
    if is_sent_back(receipt, cases):
        faults.append("the money went back and the visit is confirmed")
    return faults


def refund_faults(refund: Refund, bills: Sequence[Bill], printed: bool) -> list[str]:
    """Return what still stands on refunded money (I12); empty if nothing does.

    ``bills`` are those of the refund's application, ``printed`` is whether its passport is printed. The money of a
    second payment of a bill carries nothing, so it may go back at any time.
    """
    if refund.state not in _ENDED_WITH_MONEY or not asks_for_all(refund):
        return []
    carried = [bill for bill in bills if refund.receipt_id in (bill.settled_by, bill.late_receipt_id)]
    faults = [f"bill {bill.bill_id} has a confirmed visit" for bill in carried if visit_is_certain(bill)]
    others = [bill for bill in bills if _carries_book(bill) and bill.settled_by != refund.receipt_id]
    if printed and carried and not others:
        faults.append("the passport is printed")
    return faults


def _carries_book(bill: Bill) -> bool:
    return bill.purpose == BillPurpose.FEE and bill.state in (BillState.PAID, BillState.WAIVED)


def holder_faults(bill: Bill, account_id: str, person_id: str) -> list[str]:
    """Return the places where bill, application and seat name different people (I14); empty if they agree.

    ``account_id`` and ``person_id`` are the application's.
    """
    faults = []
    if (bill.payer.account_id, bill.payer.person_id) != (account_id, person_id):
        faults.append("the bill and its application name different people")
    if bill.seat is not None and bill.seat.person_id not in (None, bill.payer.person_id):
        faults.append("the bill and its seat name different people")
    return faults
