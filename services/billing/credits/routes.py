"""The endpoints of credits."""

from __future__ import annotations

from services.billing.bills.errors import BillUnknown
from services.billing.credits.errors import BillNotForCredit, CreditIsUsedUp, CreditTooSmall, CreditUnknown
from services.billing.credits.schemas import CreditedBill, CreditList, CreditPath, CreditView
from services.billing.credits.service import CreditService
from services.billing.http import BILLING, SMALL_BODY_BYTES
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit

api = Endpoints("billing")


@api.get(
    "/v1/credits",
    summary="The credits of the own account",
    access=APPLICANT,
    answers={200: CreditList},
    pages_by="credit_id",
)
async def list_credits(call: Call) -> CreditList:
    """List own credits, also those that are used up."""
    found = await call.app[BILLING].find(CreditService).credits(call.caller)
    return CreditList(credits=tuple(CreditView.from_credit(credit) for credit in found))


@api.get(
    "/v1/credits/{credit_id}",
    summary="A credit with what was done with it",
    access=APPLICANT,
    path_model=CreditPath,
    answers={200: CreditView},
    refusals=(CreditUnknown,),
)
async def show_credit(call: Call[None, None, CreditPath]) -> CreditView:
    """Show one credit."""
    return CreditView.from_credit(await call.app[BILLING].find(CreditService).credit(call.caller, call.path.credit_id))


@api.post(
    "/v1/credits/{credit_id}/bills",
    summary="Pay a bill of the own account with a credit",
    access=APPLICANT,
    path_model=CreditPath,
    body=CreditedBill,
    max_body_bytes=SMALL_BODY_BYTES,
    answers={200: CreditView},
    idempotent=True,
    rate=RateLimit(20, 60.0),
    refusals=(CreditUnknown, BillUnknown, BillNotForCredit, CreditIsUsedUp, CreditTooSmall, SomeoneElseChangedIt),
    description="The bill is paid as a whole and what is left stays. What is paid on its code all the same goes back.",
)
async def pay_bill_with_credit(call: Call[CreditedBill, None, CreditPath]) -> CreditView:
    """Pay a bill; the credit shows what is left."""
    service = call.app[BILLING].find(CreditService)
    credit = await service.pay_bill(call.caller, call.path.credit_id, call.body.bill_id, call.command_id)
    return CreditView.from_credit(credit)


@api.post(
    "/v1/credits/{credit_id}/payout",
    summary="Have what is left of a credit paid out",
    access=APPLICANT,
    path_model=CreditPath,
    answers={200: CreditView},
    idempotent=True,
    rate=RateLimit(20, 60.0),
    refusals=(CreditUnknown, CreditIsUsedUp, SomeoneElseChangedIt),
    description="`payout_refund_id` names the refund case that pays it out: approved already, it waits for an account.",
)
async def pay_credit_out(call: Call[None, None, CreditPath]) -> CreditView:
    """Begin to pay the rest out."""
    service = call.app[BILLING].find(CreditService)
    return CreditView.from_credit(await service.pay_out(call.caller, call.path.credit_id, call.command_id))
