"""Billing's HTTP endpoints: to the use case and back, no decisions."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from services.billing.errors import (
    AnotherBillIsLive,
    BillCannotBeRenewed,
    BillHasEnded,
    BillIsPaid,
    BillStillPayable,
    BillUnknown,
    MoneyIsBeingPlaced,
    MoneyIsOnItsWay,
    NoCodeToPay,
    NoTariffThatDay,
    RefundUnknown,
    SeatIsGone,
    TooManyClaims,
)
from services.billing.schemas import (
    ApplicationQuery,
    BillList,
    BillPath,
    BillQuery,
    BillView,
    ClaimView,
    NoticeTaken,
    PaymentClaim,
    PaymentNotice,
    ReceiptList,
    ReceiptView,
    RefundList,
    RefundPath,
    RefundView,
    TariffQuery,
    TariffView,
)
from services.billing.service import Billing
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, PUBLIC, ROLES, SIGNED, Endpoints, RateLimit
from shared.http.signatures import SignatureMissing, SignatureTooOld, SignatureWrong
from shared.http.validation import read_json
from shared.tokens import Role

BILLING: Final = web.AppKey("billing", Billing)
"""Where the running application keeps the use cases."""

READERS: Final = ROLES(Role.APPLICANT, Role.TREASURER, Role.OPERATOR)
"""Applicants see their own; the treasurer and operators see all."""

TREASURY: Final = ROLES(Role.TREASURER, Role.OPERATOR)
PUSH: Final = "push"
LARGEST_NOTICE_BYTES: Final = 4096
SMALL_BODY_BYTES: Final = 1024

api = Endpoints("billing")


@api.get(
    "/v1/tariffs",
    summary="The tariff of a day, with penalties, the same-day surcharge and zero tariffs",
    access=PUBLIC,
    query=TariffQuery,
    answers={200: TariffView},
    refusals=(NoTariffThatDay,),
)
async def show_tariff(call: Call[None, TariffQuery]) -> TariffView:
    """The tariff in force."""
    return TariffView.of(*call.app[BILLING].desk.tariff(call.query.on))


@api.get(
    "/v1/bills",
    summary="The bills of an application",
    access=READERS,
    query=ApplicationQuery,
    answers={200: BillList},
)
async def list_bills(call: Call[None, ApplicationQuery]) -> BillList:
    """Own bills; all for the treasurer and operators."""
    billing = call.app[BILLING]
    found = await billing.desk.bills(call.caller, call.query.application_id)
    return BillList(bills=tuple(BillView.of(bill, billing.wait_seconds) for bill in found))


@api.get(
    "/v1/bills/{bill_id}",
    summary="A bill with its code, its end, the expected wait and the next check",
    access=READERS,
    path_model=BillPath,
    answers={200: BillView},
    refusals=(BillUnknown,),
)
async def show_bill(call: Call[None, None, BillPath]) -> BillView:
    """One bill."""
    billing = call.app[BILLING]
    return BillView.of(await billing.desk.bill(call.caller, call.path.bill_id), billing.wait_seconds)


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
    """The answer is followed at the bill: `renewal` tells of the new bill or of the seat being gone."""
    billing = call.app[BILLING]
    bill = await billing.desk.renew(call.caller, call.path.bill_id, call.command_id)
    return BillView.of(bill, billing.wait_seconds)


@api.post(
    "/v1/bills/{bill_id}/cancellation",
    summary="Give an unpaid bill up; its seat goes back",
    access=APPLICANT,
    path_model=BillPath,
    answers={200: BillView},
    idempotent=True,
    refusals=(BillUnknown, BillIsPaid, MoneyIsOnItsWay, BillHasEnded, SomeoneElseChangedIt),
)
async def cancel_bill(call: Call[None, None, BillPath]) -> BillView:
    """The bill, given up."""
    billing = call.app[BILLING]
    bill = await billing.desk.cancel(call.caller, call.path.bill_id, call.command_id)
    return BillView.of(bill, billing.wait_seconds)


@api.post(
    "/v1/bills/{bill_id}/payment-claims",
    summary="Prove a payment that does not show yet, by its NTPN or NTB",
    access=APPLICANT,
    path_model=BillPath,
    body=PaymentClaim,
    max_body_bytes=SMALL_BODY_BYTES,
    answers={202: ClaimView},
    idempotent=True,
    rate=RateLimit(10, 60.0),
    refusals=(BillUnknown, NoCodeToPay, TooManyClaims, SomeoneElseChangedIt),
)
async def claim_payment(call: Call[PaymentClaim, None, BillPath]) -> ClaimView:
    """The code is looked at at once; the claim's state is on the bill."""
    billing = call.app[BILLING]
    claimed = call.body
    bill, claim = await billing.desk.claim(call.caller, call.path.bill_id, claimed.ntpn, claimed.ntb, call.command_id)
    return ClaimView.of(bill, claim, billing.wait_seconds)


@api.post(
    "/v1/payment-notices",
    summary="SIMPONI tells of a payment",
    access=SIGNED,
    body=PaymentNotice,
    max_body_bytes=LARGEST_NOTICE_BYTES,
    answers={202: NoticeTaken},
    refusals=(SignatureMissing, SignatureWrong, SignatureTooOld),
    description="Signed with X-Simponi-Timestamp and X-Simponi-Signature. A repeat has no further effect.",
)
async def take_notice(call: Call[PaymentNotice]) -> NoticeTaken:
    """Whatever becomes of the money, the notice is kept first."""
    billing = call.app[BILLING]
    billing.notices.verify(call.request.headers, call.raw, billing.clock.now())
    notice = read_json(PaymentNotice, call.raw)
    await billing.money.take(notice.payment(), PUSH)
    return NoticeTaken()


@api.get(
    "/v1/refunds",
    summary="The refund cases of an application",
    access=READERS,
    query=ApplicationQuery,
    answers={200: RefundList},
)
async def list_refunds(call: Call[None, ApplicationQuery]) -> RefundList:
    """Own cases; all for the treasurer and operators."""
    found = await call.app[BILLING].desk.refunds(call.caller, call.query.application_id)
    return RefundList(refunds=tuple(RefundView.of(case) for case in found))


@api.get(
    "/v1/refunds/{refund_id}",
    summary="A refund case with its reason, rule and steps",
    access=READERS,
    path_model=RefundPath,
    answers={200: RefundView},
    refusals=(RefundUnknown,),
)
async def show_refund(call: Call[None, None, RefundPath]) -> RefundView:
    """One case."""
    return RefundView.of(await call.app[BILLING].desk.refund(call.caller, call.path.refund_id))


@api.get(
    "/v1/receipts",
    summary="The receipts of a bill with their ledgers",
    access=TREASURY,
    query=BillQuery,
    answers={200: ReceiptList},
)
async def list_receipts(call: Call[None, BillQuery]) -> ReceiptList:
    """For the treasurer and operators."""
    found = await call.app[BILLING].desk.receipts(call.query.bill_id)
    return ReceiptList(receipts=tuple(ReceiptView.of(receipt) for receipt in found))
