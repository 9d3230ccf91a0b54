"""What goes in and out of billing over HTTP; a module per topic."""

from __future__ import annotations

from services.billing.schemas.bills import BillList, BillPath, BillView, LineView, RenewalView
from services.billing.schemas.common import ApplicationQuery
from services.billing.schemas.payments import (
    BillQuery,
    ClaimView,
    NoticeTaken,
    PaymentClaim,
    PaymentNotice,
    PostingView,
    ReceiptList,
    ReceiptView,
)
from services.billing.schemas.refunds import RefundList, RefundPath, RefundStepView, RefundView
from services.billing.schemas.tariffs import FeeView, PenaltyView, TariffQuery, TariffView, ZeroTariffView

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
