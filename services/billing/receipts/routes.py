"""The endpoints of payments: claims, notices and receipts."""

from __future__ import annotations

from typing import Final

from services.billing.errors import BillUnknown, NoCodeToPay, NotYourOffice, TooManyClaims
from services.billing.http import BILLING, SMALL_BODY_BYTES, TREASURY
from services.billing.schemas import (
    BillPath,
    BillQuery,
    ClaimView,
    NoticeTaken,
    PaymentClaim,
    PaymentNotice,
    ReceiptList,
    ReceiptView,
)
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, SIGNED, Endpoints, RateLimit
from shared.http.signatures import SignatureMissing, SignatureTooOld, SignatureWrong
from shared.http.validation import read_json

PUSH: Final = "push"
LARGEST_NOTICE_BYTES: Final = 4096

api = Endpoints("billing")


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
    signer=lambda app: app[BILLING].notices,
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
    "/v1/receipts",
    summary="The receipts of a bill with their ledgers",
    access=TREASURY,
    query=BillQuery,
    answers={200: ReceiptList},
    refusals=(NotYourOffice,),
)
async def list_receipts(call: Call[None, BillQuery]) -> ReceiptList:
    """For the treasurer and operators."""
    found = await call.app[BILLING].desk.receipts(call.caller, call.query.bill_id)
    return ReceiptList(receipts=tuple(ReceiptView.of(receipt) for receipt in found))
