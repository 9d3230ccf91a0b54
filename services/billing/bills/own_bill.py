"""The bill that a caller names, if it is theirs to see."""

from __future__ import annotations

from services.billing.access import may_see
from services.billing.bills.errors import BillUnknown
from services.billing.bills.model import Bill
from services.billing.bills.offices import BillOffices
from services.billing.bills.repository import BillRepository
from shared.store.kinds import Record
from shared.tokens import Caller


class OwnBills:
    """Finds bills for callers: applicants see their account's, staff those of the offices that they serve."""

    def __init__(self, bills: BillRepository, offices: BillOffices) -> None:
        self._bills = bills
        self._offices = offices

    async def find(self, caller: Caller, bill_id: str) -> Record[Bill]:
        """Return the bill.

        Raises:
            BillUnknown: there is none, or it is another account's. NotYourOffice: it is another office's.
        """
        record = await self._bills.bill(bill_id)
        if record is None or not may_see(caller, record.state.payer.account_id):
            raise BillUnknown
        await self._offices.refuse_other(caller, record.state)
        return record
