"""The office that a refund case belongs to."""

from __future__ import annotations

from services.billing.bills.offices import BillOffices
from services.billing.refunds.model import Refund


async def office_of_refund(offices: BillOffices, refund: Refund) -> str | None:
    """Return the office that a refund case was opened for; older cases without one go by their bill."""
    if refund.office_id is not None:
        return refund.office_id
    return await offices.of_bill_id(refund.bill_id) or await offices.of_application(refund.application_id)
