"""The endpoints of receipts for payers, and of their public check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.billing.bills.errors import BillUnknown
from services.billing.bills.schemas import BillPath
from services.billing.http import BILLING
from services.billing.receipt_papers.errors import BillNotPaid, ReceiptNotConfirmed, ReceiptUnknown, RefundNotPaid
from services.billing.receipt_papers.schemas import (
    AmountQuery,
    PaymentReceiptView,
    ReceiptCheckView,
    ReceiptPath,
    RefundReceiptView,
)
from services.billing.receipt_papers.service import ReceiptPapers
from services.billing.refunds.errors import RefundUnknown
from services.billing.refunds.schemas import RefundPath
from shared.http.call import Answer, AnyCall, Call
from shared.http.conditions import ETAG, NOT_MODIFIED, condition_of, etag_of
from shared.http.endpoint import APPLICANT, PUBLIC, Endpoints, RateLimit
from shared.receipts.paper import PDF, receipt_version

OWNERS_CACHE: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
"""A browser may keep the paper of its owner and asks each time whether it still may show it; no proxy keeps it."""

PAPERS_PER_CALLER: Final = RateLimit(30, 60.0)
"""A receipt is typeset when it is asked for."""

CHECKS_PER_ADDRESS: Final = RateLimit(30, 60.0, "address")
"""Enough for a counter that checks papers, too few to look for numbers."""

PDF_TEXT: Final = "With an ETag: `If-None-Match` is answered 304 while the receipt is the same. Kept by its owner only."

api = Endpoints("billing")


async def _pdf(call: AnyCall, job: Mapping[str, Any], file_name: str) -> Answer:
    """Return the paper; without typesetting it to a caller who has it."""
    etag = etag_of(receipt_version(job))
    known = condition_of(call.request.headers, 0).applied_to(Answer(200, None, {ETAG: etag, **OWNERS_CACHE}))
    if known.status == NOT_MODIFIED:
        return Answer(NOT_MODIFIED, None, {**known.headers, **OWNERS_CACHE})
    pdf = await call.app[BILLING].find(ReceiptPapers).typeset(job)
    return Answer(200, pdf, {**known.headers, "Content-Disposition": f'attachment; filename="{file_name}"'})


@api.get(
    "/v1/bills/{bill_id}/receipt",
    summary="The receipt of the payment that pays a bill",
    access=APPLICANT,
    path_model=BillPath,
    answers={200: PaymentReceiptView},
    refusals=(BillUnknown, BillNotPaid),
)
async def show_bill_receipt(call: Call[None, None, BillPath]) -> PaymentReceiptView:
    """Show the receipt of a bill."""
    return PaymentReceiptView.from_payment(
        await call.app[BILLING].find(ReceiptPapers).of_bill(call.caller, call.path.bill_id)
    )


@api.get(
    "/v1/receipts/{ntpn}",
    summary="The receipt of a payment by its NTPN, also of one that pays no bill",
    access=APPLICANT,
    path_model=ReceiptPath,
    answers={200: PaymentReceiptView},
    refusals=(ReceiptUnknown,),
)
async def show_receipt(call: Call[None, None, ReceiptPath]) -> PaymentReceiptView:
    """Show the receipt of a payment."""
    return PaymentReceiptView.from_payment(
        await call.app[BILLING].find(ReceiptPapers).payment(call.caller, call.path.ntpn)
    )


@api.get(
    "/v1/receipts/{ntpn}/pdf",
    summary="The receipt of a payment (PDF), in Indonesian and English",
    description=PDF_TEXT,
    access=APPLICANT,
    path_model=ReceiptPath,
    answers={200: PDF, 304: None},
    refusals=(ReceiptUnknown,),
    rate=PAPERS_PER_CALLER,
)
async def download_receipt(call: Call[None, None, ReceiptPath]) -> Answer:
    """Download the receipt of a payment."""
    papers = call.app[BILLING].find(ReceiptPapers)
    facts = (await papers.payment(call.caller, call.path.ntpn)).facts
    return await _pdf(call, papers.payment_job(facts), facts.file_name)


@api.get(
    "/v1/refunds/{refund_id}/receipt",
    summary="The receipt of a payout: amount, day, order number and the account, masked",
    access=APPLICANT,
    path_model=RefundPath,
    answers={200: RefundReceiptView},
    refusals=(RefundUnknown, RefundNotPaid),
)
async def show_refund_receipt(call: Call[None, None, RefundPath]) -> RefundReceiptView:
    """Show the receipt of a payout."""
    return RefundReceiptView.from_refund(
        await call.app[BILLING].find(ReceiptPapers).refund(call.caller, call.path.refund_id)
    )


@api.get(
    "/v1/refunds/{refund_id}/receipt/pdf",
    summary="The receipt of a payout (PDF), in Indonesian and English",
    description=PDF_TEXT,
    access=APPLICANT,
    path_model=RefundPath,
    answers={200: PDF, 304: None},
    refusals=(RefundUnknown, RefundNotPaid),
    rate=PAPERS_PER_CALLER,
)
async def download_refund_receipt(call: Call[None, None, RefundPath]) -> Answer:
    """Download the receipt of a payout."""
    papers = call.app[BILLING].find(ReceiptPapers)
    facts = await papers.refund(call.caller, call.path.refund_id)
    return await _pdf(call, papers.refund_job(facts), facts.file_name)


@api.get(
    "/v1/receipt-checks/{ntpn}",
    summary="Check a receipt by its NTPN and its amount, for anybody who holds it",
    description="Shows no personal data. A wrong amount is answered like a wrong NTPN.",
    access=PUBLIC,
    path_model=ReceiptPath,
    query=AmountQuery,
    answers={200: ReceiptCheckView},
    refusals=(ReceiptNotConfirmed,),
    rate=CHECKS_PER_ADDRESS,
)
async def check_receipt(call: Call[None, AmountQuery, ReceiptPath]) -> ReceiptCheckView:
    """Tell whether a receipt is genuine."""
    return ReceiptCheckView.from_payment(
        await call.app[BILLING].find(ReceiptPapers).check(call.path.ntpn, call.query.amount)
    )
