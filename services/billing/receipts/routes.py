"""The endpoints of payments: notices and receipts."""

from __future__ import annotations

from typing import Final

from services.billing.errors import NotYourOffice
from services.billing.http import BILLING, TREASURY
from services.billing.receipts.payments import PaymentIntake
from services.billing.receipts.schemas import BillQuery, NoticeTaken, PaymentNotice, ReceiptList, ReceiptView
from services.billing.receipts.service import ReceiptService
from shared.http.call import Call
from shared.http.endpoint import SIGNED, Endpoints
from shared.http.signatures import SignatureMissing, SignatureTooOld, SignatureWrong
from shared.http.validation import read_json

PUSH: Final = "push"
LARGEST_NOTICE_BYTES: Final = 4096
NOTICE_PREFIX: Final = "X-Simponi"

api = Endpoints("billing")


@api.post(
    "/v1/payment-notices",
    summary="SIMPONI tells of a payment",
    access=SIGNED,
    signer=lambda app: app[BILLING].notices,
    signature_prefix=NOTICE_PREFIX,
    body=PaymentNotice,
    max_body_bytes=LARGEST_NOTICE_BYTES,
    answers={202: NoticeTaken},
    refusals=(SignatureMissing, SignatureWrong, SignatureTooOld),
    description="Signed with X-Simponi-Timestamp and X-Simponi-Signature. A repeat has no further effect.",
)
async def take_notice(call: Call[PaymentNotice]) -> NoticeTaken:
    """Store the notice first; the outcome of the money follows."""
    billing = call.app[BILLING]
    billing.notices.verify(call.request.headers, call.raw, billing.clock.now())
    notice = read_json(PaymentNotice, call.raw)
    await billing.find(PaymentIntake).take(notice.payment(), PUSH)
    return NoticeTaken()


@api.get(
    "/v1/receipts",
    summary="The receipts of a bill with their ledgers",
    access=TREASURY,
    query=BillQuery,
    answers={200: ReceiptList},
    pages_by="receipt_id",
    refusals=(NotYourOffice,),
)
async def list_receipts(call: Call[None, BillQuery]) -> ReceiptList:
    """List receipts, for the treasurer and operators."""
    found = await call.app[BILLING].find(ReceiptService).receipts(call.caller, call.query.bill_id)
    return ReceiptList(receipts=tuple(ReceiptView.from_receipt(receipt) for receipt in found))
