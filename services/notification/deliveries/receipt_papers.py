"""Receipts that go with mails: typeset when the mail is sent, from the facts of its event, and kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.notification.deliveries.ports import Attachment
from shared.errors import Unavailable, UpstreamDown
from shared.logs import get_logger
from shared.receipts.paper import (
    LARGEST_RECEIPT_BYTES,
    PDF,
    PaymentReceipt,
    RefundReceipt,
    payment_job,
    refund_job,
)
from shared.typesetting.typesetter import NotTypeset, Typesetter

log = get_logger(__name__)

PAYMENT: Final = "bill_paid"
REFUND: Final = "refund_paid"
"""The templates of mails that carry a receipt."""

BUSY: Final = "typesetter_busy"
NOT_TYPESET: Final = "receipt_not_typeset"


class ReceiptPapers:
    """Makes the receipts of mails."""

    def __init__(self, typesetter: Typesetter, public_url: str) -> None:
        self._typesetter = typesetter
        self._public_url = public_url

    async def attachment(self, template: str, variables: Mapping[str, Any]) -> Attachment | None:
        """Return the receipt that goes with a mail; None if its template, or an older event, has none.

        Raises:
            UpstreamDown: it cannot be typeset now. The mail waits for it as for a mail server.
        """
        if template == PAYMENT and variables.get("receipt_id"):
            payment = payment_receipt_of(variables)
            return await self._typeset(payment_job(payment, self._public_url), payment.file_name)
        if template == REFUND and variables.get("order_number"):
            refund = refund_receipt_of(variables)
            return await self._typeset(refund_job(refund), refund.file_name)
        return None

    async def _typeset(self, job: Mapping[str, Any], file_name: str) -> Attachment:
        try:
            pdf = await self._typesetter.typeset(job)
        except Unavailable:
            raise UpstreamDown("typesetter", BUSY) from None
        except NotTypeset as broken:
            log.error("receipt_not_typeset", problem=broken.problem)
            raise UpstreamDown("typesetter", NOT_TYPESET) from None
        if len(pdf) > LARGEST_RECEIPT_BYTES:
            log.error("receipt_not_typeset", problem="too_large")
            raise UpstreamDown("typesetter", NOT_TYPESET)
        return Attachment(file_name, PDF, pdf)


def payment_receipt_of(variables: Mapping[str, Any]) -> PaymentReceipt:
    """Return the receipt of a payment from the members of `shared.events.billing.BillPaid`."""
    return PaymentReceipt(
        ntpn=variables["receipt_id"],
        amount=variables["amount"],
        paid_at=datetime.fromisoformat(variables["paid_at"]),
        purpose=variables["purpose"],
        ntb=variables.get("ntb", ""),
        billing_code=variables.get("paid_code", ""),
        channel=variables.get("channel", ""),
        legal_basis=variables.get("legal_basis", ""),
        bill_id=variables["bill_id"],
        application_id=variables["application_id"],
    )


def refund_receipt_of(variables: Mapping[str, Any]) -> RefundReceipt:
    """Return the receipt of a payout from the members of `shared.events.billing.RefundMoved`: without an account."""
    return RefundReceipt(
        refund_id=variables["refund_id"],
        order_number=variables["order_number"],
        ntpn=variables["receipt_id"],
        amount=variables["amount"],
        paid_at=datetime.fromisoformat(variables["paid_at"]),
        application_id=variables["application_id"] or "",
    )
