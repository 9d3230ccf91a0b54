"""Explanations: from any of the numbers that money has to everything that led to where it is."""

from __future__ import annotations

from collections.abc import Sequence

from services.billing.access import refuse_unless_serves
from services.billing.bills.model import Bill
from services.billing.bills.offices import BillOffices
from services.billing.bills.repository import BillRepository
from services.billing.receipts.model import Receipt
from services.billing.receipts.repository import ReceiptRepository
from services.billing.refunds.offices import office_of_refund
from services.billing.refunds.repository import RefundRepository
from services.billing.sagas.errors import NothingToExplain
from services.billing.sagas.explanation import Explanation, explain
from services.billing.store_part import states
from shared.tokens import Caller


class Explainer:
    """Reads what belongs together and tells it in the order of time."""

    def __init__(
        self,
        bills: BillRepository,
        receipts: ReceiptRepository,
        refunds: RefundRepository,
        offices: BillOffices,
    ) -> None:
        self._bills = bills
        self._receipts = receipts
        self._refunds = refunds
        self._offices = offices

    async def explain(self, caller: Caller, reference: str) -> Explanation:
        """Explain the present state of a bill (by id or code), a receipt (by NTPN) or a refund case.

        Raises:
            NothingToExplain. NotYourOffice: it belongs to another office.
        """
        refund = await self._refunds.refund(reference)
        receipt = await self._receipts.receipt(refund.state.receipt_id if refund else reference)
        bill = await self._bills.bill_of_code(reference) or await self._bills.bill(reference)
        if bill is None and receipt is not None:
            wanted = receipt.state.settles_bill_id or receipt.state.bill_id
            bill = await self._bills.bill(wanted) if wanted else None
        if bill is None and receipt is None and refund is None:
            raise NothingToExplain
        office_id = await self._offices.of_bill(bill.state) if bill is not None else None
        if bill is None and refund is not None:
            office_id = await office_of_refund(self._offices, refund.state)
        refuse_unless_serves(caller, office_id)
        receipts = await self.receipts([bill.state] if bill else [], [receipt.state] if receipt else [])
        refunds = [case for money in receipts for case in states(await self._refunds.refunds_on(money.ntpn))]
        return explain(reference, [bill.state] if bill else [], receipts, refunds)

    async def receipts(self, bills: Sequence[Bill], others: Sequence[Receipt] = ()) -> list[Receipt]:
        """Return the money that came on these bills' codes, that settles them, and the others, each once."""
        found = {receipt.ntpn: receipt for receipt in others}
        for bill in bills:
            found |= {receipt.ntpn: receipt for receipt in states(await self._receipts.receipts_of(bill.bill_id))}
            if bill.settled_by is not None and bill.settled_by not in found:
                payer = await self._receipts.receipt(bill.settled_by)
                found |= {payer.id: payer.state} if payer is not None else {}
        return list(found.values())
