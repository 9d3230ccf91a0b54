"""The endpoints of bills."""

from __future__ import annotations

from services.billing.bills.errors import (
    AnotherBillIsLive,
    BillCannotBeRenewed,
    BillHasEnded,
    BillIsOwed,
    BillIsPaid,
    BillStillPayable,
    BillUnknown,
    MoneyIsBeingPlaced,
    MoneyIsOnItsWay,
    SeatIsGone,
)
from services.billing.bills.schemas import BillList, BillPath, BillView
from services.billing.bills.service import BillService
from services.billing.errors import NotYourOffice
from services.billing.field_types import ApplicationQuery
from services.billing.http import BILLING, READERS
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit

api = Endpoints("billing")


@api.get(
    "/v1/bills",
    summary="The bills of an application",
    access=READERS,
    query=ApplicationQuery,
    answers={200: BillList},
    pages_by="bill_id",
)
async def list_bills(call: Call[None, ApplicationQuery]) -> BillList:
    """List own bills; for the treasurer those of the offices they serve; all for operators."""
    billing = call.app[BILLING]
    found = await billing.find(BillService).bills(call.caller, call.query.application_id)
    return BillList(bills=tuple(BillView.from_bill(bill, billing.wait_seconds) for bill in found))


@api.get(
    "/v1/bills/{bill_id}",
    summary="A bill with its code, its end, the expected wait and the next check",
    access=READERS,
    path_model=BillPath,
    answers={200: BillView},
    refusals=(BillUnknown, NotYourOffice),
    watches="bill",
)
async def show_bill(call: Call[None, None, BillPath]) -> BillView:
    """Show one bill."""
    billing = call.app[BILLING]
    return BillView.from_bill(
        await billing.find(BillService).bill(call.caller, call.path.bill_id), billing.wait_seconds
    )


@api.post(
    "/v1/bills/{bill_id}/renewal",
    summary="Ask for a new code and the same seat, without typing anything again",
    access=APPLICANT,
    path_model=BillPath,
    answers={202: BillView},
    idempotent=True,
    rate=RateLimit(20, 60.0),
    refusals=(
        BillUnknown,
        BillStillPayable,
        BillIsPaid,
        MoneyIsOnItsWay,
        MoneyIsBeingPlaced,
        AnotherBillIsLive,
        SeatIsGone,
        BillCannotBeRenewed,
        SomeoneElseChangedIt,
    ),
)
async def renew_bill(call: Call[None, None, BillPath]) -> BillView:
    """Ask for a new code; `renewal` of the bill then shows the new bill, or that the seat is gone."""
    billing = call.app[BILLING]
    bill = await billing.find(BillService).renew(call.caller, call.path.bill_id, call.command_id)
    return BillView.from_bill(bill, billing.wait_seconds)


@api.post(
    "/v1/bills/{bill_id}/cancellation",
    summary="Give an unpaid bill up; its seat goes back",
    access=APPLICANT,
    path_model=BillPath,
    answers={200: BillView},
    idempotent=True,
    refusals=(BillUnknown, BillIsPaid, MoneyIsOnItsWay, BillIsOwed, BillHasEnded, SomeoneElseChangedIt),
)
async def cancel_bill(call: Call[None, None, BillPath]) -> BillView:
    """Cancel a bill."""
    billing = call.app[BILLING]
    bill = await billing.find(BillService).cancel(call.caller, call.path.bill_id, call.command_id)
    return BillView.from_bill(bill, billing.wait_seconds)
