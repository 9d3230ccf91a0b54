"""The running rules across services, checked by what billing was told: I11, I12 and I14."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from services.billing.bills.application_facts import KnownApplication
from services.billing.bills.application_repository import ApplicationRepository
from services.billing.bills.model import Bill
from services.billing.bills.repository import BillRepository
from services.billing.invariants import agreement
from services.billing.invariants.money_checks import LOOKS, report_on
from services.billing.receipts.repository import ReceiptRepository
from services.billing.refunds.model import Refund
from services.billing.refunds.repository import RefundRepository
from shared.events.application import PassportPrinted
from shared.events.envelope import Envelope
from shared.service import InvariantReport
from shared.store.kinds import Record


class AgreementChecks:
    """The checks; each streams over one kind and reads what it refers to."""

    def __init__(
        self,
        bills: BillRepository,
        receipts: ReceiptRepository,
        refunds: RefundRepository,
        applications: ApplicationRepository,
    ) -> None:
        self._bills = bills
        self._receipts = receipts
        self._refunds = refunds
        self._applications = applications

    def rules(self) -> Mapping[str, Callable[[], Awaitable[InvariantReport]]]:
        """Return the checks by the name of their rule."""
        return {
            "I11": self.every_visit_stands_on_one_receipt,
            "I12": self.nothing_stands_on_money_that_went_back,
            "I14": self.bill_seat_and_application_name_one_person,
        }

    async def every_visit_stands_on_one_receipt(self) -> InvariantReport:
        """I11: a confirmed or used visit stands on exactly one receipt that is not refunded."""
        return await report_on(self._bills.all_bills(), self._visit_is_sound)

    async def nothing_stands_on_money_that_went_back(self) -> InvariantReport:
        """I12: a refunded receipt has no live visit and no printed passport."""
        return await report_on(self._refunds.all_refunds(), self._refund_is_sound)

    async def bill_seat_and_application_name_one_person(self) -> InvariantReport:
        """I14: seat, bill and application agree on whom they belong to."""
        return await report_on(self._bills.all_bills(), self._holder_is_sound)

    async def passport_printed(self, event: PassportPrinted, _envelope: Envelope) -> None:
        """Note that the book of an application is printed."""

        def merge(known: KnownApplication | None) -> KnownApplication:
            known = known or KnownApplication(event.application_id, event.account_id, "", None, 0)
            return replace(known, printed=True)

        await self._applications.keep_application(event.application_id, merge)

    async def _visit_is_sound(self, record: Record[Bill]) -> bool:
        if not agreement.visit_is_certain(record.state):
            return True
        for _ in range(LOOKS):
            newest = await self._bills.bill(record.id)
            if newest is None:
                return False
            bill = newest.state
            receipt = await self._receipts.receipt(bill.settled_by) if bill.settled_by else None
            at = await self._bills.bills_at(bill.seat.appointment_id) if bill.seat else []
            rivals = [other.state for other in at if other.id != record.id]
            refunds = await self._refunds.refunds_on(bill.settled_by) if bill.settled_by else []
            cases = [case.state for case in refunds if receipt and case.state.receipt_id == receipt.id]
            if not agreement.visit_faults(bill, receipt.state if receipt else None, rivals, cases):
                return True
        return False

    async def _refund_is_sound(self, record: Record[Refund]) -> bool:
        refund = record.state
        if refund.application_id is None:
            return True
        for _ in range(LOOKS):
            bills = [bill.state for bill in await self._bills.bills_of(refund.application_id)]
            known = await self._applications.application(refund.application_id)
            if not agreement.refund_faults(refund, bills, known is not None and known.printed):
                return True
        return False

    async def _holder_is_sound(self, record: Record[Bill]) -> bool:
        known = await self._applications.application(record.state.payer.application_id)
        if known is None or not known.person_id:
            return True
        return not agreement.holder_faults(record.state, known.account_id, known.person_id)
