"""Use cases of bills that a person starts: read, renew the code, cancel."""

from __future__ import annotations

from typing import Final

from services.billing.access import may_see, needs_office
from services.billing.bills import model as bills
from services.billing.bills.application_repository import ApplicationRepository
from services.billing.bills.errors import (
    AnotherBillIsLive,
    BillCannotBeRenewed,
    BillHasEnded,
    BillIsOwed,
    BillIsPaid,
    BillStillPayable,
    MoneyIsBeingPlaced,
    MoneyIsOnItsWay,
    SeatIsGone,
)
from services.billing.bills.model import Bill, BillOutcome, RenewalState
from services.billing.bills.offices import office_of_bills
from services.billing.bills.own_bill import OwnBills
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.bills.states import BillState
from services.billing.context import UseCaseContext
from services.billing.store_part import states
from shared.events.codes import BillPurpose
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.tokens import Caller

OWED: Final = frozenset({BillPurpose.TOP_UP, BillPurpose.PENALTY})
"""Charges that the passport waits for: they cannot be cancelled, and can be renewed at any time."""


BY_APPLICANT: Final = "by_applicant"


class BillService:
    """Read, renew and cancel bills. No call waits for another agency."""

    def __init__(
        self, context: UseCaseContext, bills: BillRepository, applications: ApplicationRepository, own_bills: OwnBills
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.bill
        self._bills = bills
        self._applications = applications
        self._own_bills = own_bills

    async def bill(self, caller: Caller, bill_id: str) -> Bill:
        """Return one bill.

        Raises:
            BillUnknown: there is none, or it is another account's. NotYourOffice: it is another office's.
        """
        return (await self._own_bills.find(caller, bill_id)).state

    async def bills(self, caller: Caller, application_id: str) -> list[Bill]:
        """Return the bills of an application that the caller may see, oldest first."""
        found = states(await self._bills.bills_of(application_id))
        if not needs_office(caller):
            return [bill for bill in found if may_see(caller, bill.payer.account_id)]
        common = office_of_bills(found)
        return [bill for bill in found if caller.serves(bill.seat.office_id if bill.seat else common)]

    async def renew(self, caller: Caller, bill_id: str, command_id: str) -> Bill:
        """Ask for a new code and the same seat, without entering anything again.

        A charge without a seat gets its new bill at once.

        Raises:
            BillStillPayable, MoneyIsOnItsWay, BillIsPaid, MoneyIsBeingPlaced, AnotherBillIsLive, SeatIsGone,
                BillCannotBeRenewed.
        """
        record = await self._own_bills.find(caller, bill_id)
        application_id = record.state.payer.application_id
        application = await self._applications.application(application_id)
        withdrawn = application is not None and application.withdrawn
        others = [bill for bill in states(await self._bills.bills_of(application_id)) if bill.bill_id != bill_id]

        if record.state.purpose in OWED:
            if record.state.state == BillState.SUPERSEDED and record.state.renewal is not None:
                return record.state
            _refuse_renewal(record.state, [], withdrawn=withdrawn)
            return await self._renew_owed(record)

        def decide(bill: Bill) -> Decision[Bill]:
            _refuse_renewal(bill, others, withdrawn=withdrawn)
            return bills.ask_renewal(bill, self._clock.now(), self._policy)

        changed = await self._aggregates.change(BILLS, bill_id, decide, first=record, received=command_id)
        return changed.state

    async def cancel(self, caller: Caller, bill_id: str, command_id: str) -> Bill:
        """Cancel an unpaid bill; its seat is released. A repeat finds it cancelled.

        Raises:
            MoneyIsOnItsWay, BillIsPaid, BillIsOwed, BillHasEnded.
        """
        record = await self._own_bills.find(caller, bill_id)

        def decide(bill: Bill) -> Decision[Bill]:
            if bill.state == BillState.CANCELLED:
                return Decision(bill)
            _refuse_cancellation(bill)
            return bills.cancel(bill, BY_APPLICANT, self._clock.now(), self._policy)

        changed = await self._aggregates.change(BILLS, bill_id, decide, first=record, received=command_id)
        return changed.state

    async def _renew_owed(self, record: Record[Bill]) -> Bill:
        """Create a new bill of the same price for a charge that is still owed; it replaces the ended one."""
        old, now = record.state, self._clock.now()
        new_id = derived_id("bill", record.id, "again")
        renewed = bills.request(
            new_id,
            old.payer,
            old.purpose,
            old.price,
            None,
            now,
            self._policy,
            replaces_bill_id=record.id,
            timezone=old.timezone,
        )
        await self._aggregates.insert(BILLS, new_id, renewed)
        changed = await self._aggregates.change(BILLS, record.id, lambda bill: self._supersede_if_ended(bill, new_id))
        return changed.state

    def _supersede_if_ended(self, bill: Bill, new_id: str) -> Decision[Bill]:
        if bill.state not in (BillState.EXPIRED, BillState.FAILED):
            return Decision(bill)
        now = self._clock.now()
        granted = bills.renewal_granted(bill, new_id, now).state
        return bills.supersede(granted, new_id, now, self._policy)


def _refuse_if_paid(bill: Bill) -> None:
    if bill.state == BillState.PAID_UNSETTLED:
        raise MoneyIsOnItsWay
    if bill.state == BillState.PAID:
        raise BillIsPaid


def _refuse_renewal(bill: Bill, others: list[Bill], *, withdrawn: bool) -> None:
    _refuse_if_paid(bill)
    if bill.live:
        raise BillStillPayable
    if bill.standing == BillOutcome.SEAT_SOUGHT:
        raise MoneyIsBeingPlaced
    if bill.purpose == BillPurpose.SAME_DAY or withdrawn or bill.state in (BillState.WAIVED, BillState.SUPERSEDED):
        raise BillCannotBeRenewed(state=bill.state.value)
    if bill.purpose in OWED and bill.state == BillState.CANCELLED:
        raise BillCannotBeRenewed(state=bill.state.value)
    asked = bill.renewal
    if asked is not None and asked.state == RenewalState.REFUSED:
        raise SeatIsGone(reason=asked.reason)
    if asked is not None and asked.state == RenewalState.GRANTED:
        raise BillCannotBeRenewed(renewed_by=asked.bill_id)
    live = next((other for other in others if other.live and other.purpose == bill.purpose), None)
    if live is not None:
        raise AnotherBillIsLive(bill_id=live.bill_id)


def _refuse_cancellation(bill: Bill) -> None:
    _refuse_if_paid(bill)
    if bill.purpose in OWED:
        raise BillIsOwed
    if not bill.live:
        raise BillHasEnded(state=bill.state.value)
