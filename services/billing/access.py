"""Which office something of money belongs to, and whether a caller works for it."""

from __future__ import annotations

from services.billing.bills.model import Bill
from services.billing.cases.model import Case
from services.billing.errors import NotYourOffice
from services.billing.extra_charges.correction import paid_fee
from services.billing.refunds.model import Refund
from services.billing.repositories import Repository, states
from shared.tokens import Caller, Role


def office_of_bills(known: list[Bill]) -> str | None:
    """Return the office of an application: of its paid fee's seat, else of its newest bill that has one."""
    fee = paid_fee(known)
    if fee is not None and fee.seat is not None:
        return fee.seat.office_id
    seats = [each.seat for each in sorted(known, key=lambda each: each.requested_at) if each.seat is not None]
    return seats[-1].office_id if seats else None


class Offices:
    """Finds the office of a bill, a receipt, a refund case or a case; refuses callers who do not work for it."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def of_application(self, application_id: str | None) -> str | None:
        """Return the office of an application; None if none of its bills has a seat."""
        if application_id is None:
            return None
        return office_of_bills(states(await self._repository.bills_of(application_id)))

    async def of_bill(self, bill: Bill) -> str | None:
        """Return the office of a bill's seat; of its application where the bill has none."""
        return bill.seat.office_id if bill.seat is not None else await self.of_application(bill.payer.application_id)

    async def of_bill_id(self, bill_id: str | None) -> str | None:
        """As :meth:`of_bill`; None for a bill that is not known."""
        record = await self._repository.bill(bill_id) if bill_id is not None else None
        return await self.of_bill(record.state) if record is not None else None

    async def of_refund(self, refund: Refund) -> str | None:
        """Return the office that a refund case was opened for; older cases without one go by their bill."""
        if refund.office_id is not None:
            return refund.office_id
        return await self.of_bill_id(refund.bill_id) or await self.of_application(refund.application_id)

    async def of_case(self, case: Case) -> str | None:
        """Return the office of the bill, the application or the receipt that a case is about."""
        about = case.subject
        office = await self.of_bill_id(about.bill_id) or await self.of_application(about.application_id)
        if office is not None or about.ntpn is None:
            return office
        receipt = await self._repository.receipt(about.ntpn)
        return await self.of_bill_id(receipt.state.bill_id) if receipt is not None else None

    async def refuse_other(self, caller: Caller, bill: Bill) -> None:
        """Refuse staff of another office than the bill's. Applicants are judged by their account, not here.

        Raises:
            NotYourOffice
        """
        if needs_office(caller) and not caller.serves(await self.of_bill(bill)):
            raise NotYourOffice


def needs_office(caller: Caller) -> bool:
    """Whether the caller is staff who work for some offices only, so that the office must be looked up."""
    return caller.role is not Role.APPLICANT and not caller.serves_all


def offices_of(caller: Caller) -> tuple[str, ...]:
    """Return the offices that a caller who does not serve all works for."""
    named = (caller.office_id, *caller.offices)
    return tuple(dict.fromkeys(office for office in named if office is not None and caller.serves(office)))


def refuse_unless_serves(caller: Caller, office_id: str | None) -> None:
    """Refuse staff who do not work for this office.

    Raises:
        NotYourOffice
    """
    if needs_office(caller) and not caller.serves(office_id):
        raise NotYourOffice


def refuse_unless_serves_all(caller: Caller) -> None:
    """Refuse staff of some offices where all offices are concerned: settlement files, tariffs, balances, the journal.

    Raises:
        NotYourOffice
    """
    if not caller.serves_all:
        raise NotYourOffice
