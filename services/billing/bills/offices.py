"""The office that a bill belongs to."""

from __future__ import annotations

from services.billing.access import needs_office
from services.billing.bills.model import Bill, paid_fee
from services.billing.bills.repository import BillRepository
from services.billing.errors import NotYourOffice
from services.billing.store_part import states
from shared.tokens import Caller


def office_of_bills(known: list[Bill]) -> str | None:
    """Return the office of an application: of its paid fee's seat, else of its newest bill that has one."""
    fee = paid_fee(known)
    if fee is not None and fee.seat is not None:
        return fee.seat.office_id
    seats = [bill.seat for bill in sorted(known, key=lambda bill: bill.requested_at) if bill.seat is not None]
    return seats[-1].office_id if seats else None


class BillOffices:
    """Finds the office of a bill or an application; refuses callers who do not work for it."""

    def __init__(self, bills: BillRepository) -> None:
        self._bills = bills

    async def of_application(self, application_id: str | None) -> str | None:
        """Return the office of an application; None if none of its bills has a seat."""
        if application_id is None:
            return None
        return office_of_bills(states(await self._bills.bills_of(application_id)))

    async def of_bill(self, bill: Bill) -> str | None:
        """Return the office of a bill's seat; of its application where the bill has none."""
        return bill.seat.office_id if bill.seat is not None else await self.of_application(bill.payer.application_id)

    async def of_bill_id(self, bill_id: str | None) -> str | None:
        """As :meth:`of_bill`; None for a bill that is not known."""
        record = await self._bills.bill(bill_id) if bill_id is not None else None
        return await self.of_bill(record.state) if record is not None else None

    async def refuse_other(self, caller: Caller, bill: Bill) -> None:
        """Refuse staff of another office than the bill's. Applicants are judged by their account, not here.

        Raises:
            NotYourOffice
        """
        if needs_office(caller) and not caller.serves(await self.of_bill(bill)):
            raise NotYourOffice
