"""What goes in and out of billing over HTTP; a module per topic."""

from __future__ import annotations

from services.billing.bills.schemas import BillList, BillPath, BillView, LineView, RenewalView
from services.billing.field_types import ApplicationQuery
from services.billing.receipts.schemas import (
    BillQuery,
    ClaimView,
    NoticeTaken,
    PaymentClaim,
    PaymentNotice,
    PostingView,
    ReceiptList,
    ReceiptView,
)
from services.billing.refunds.schemas import RefundList, RefundPath, RefundStepView, RefundView
from services.billing.tariffs.schemas import FeeView, PenaltyView, TariffQuery, TariffView, ZeroTariffView

__all__ = [
    "ApplicationQuery",
    "BillList",
    "BillPath",
    "BillQuery",
    "BillView",
    "ClaimView",
    "FeeView",
    "LineView",
    "NoticeTaken",
    "PaymentClaim",
    "PaymentNotice",
    "PenaltyView",
    "PostingView",
    "ReceiptList",
    "ReceiptView",
    "RefundList",
    "RefundPath",
    "RefundStepView",
    "RefundView",
    "RenewalView",
    "TariffQuery",
    "TariffView",
    "ZeroTariffView",
]
