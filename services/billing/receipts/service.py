"""Use cases of receipts that staff start."""

from __future__ import annotations

from services.billing.access import needs_office, refuse_unless_serves
from services.billing.bills.offices import BillOffices
from services.billing.receipts.model import Receipt
from services.billing.receipts.repository import ReceiptRepository
from services.billing.store_part import states
from shared.tokens import Caller


class ReceiptService:
    """The use case of reading receipts."""

    def __init__(self, receipts: ReceiptRepository, offices: BillOffices) -> None:
        self._receipts = receipts
        self._offices = offices

    async def receipts(self, caller: Caller, bill_id: str) -> list[Receipt]:
        """Return the receipts of a bill's codes, for the treasurer.

        Raises:
            NotYourOffice: the bill is another office's.
        """
        if needs_office(caller):
            refuse_unless_serves(caller, await self._offices.of_bill_id(bill_id))
        return states(await self._receipts.receipts_of(bill_id))
