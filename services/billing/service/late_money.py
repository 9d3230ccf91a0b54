"""Late money: it seeks a seat, finds one, waits on an offer, or goes back."""

from __future__ import annotations

from datetime import datetime

from services.billing.domain import bill as bills
from services.billing.domain import receipt as receipts
from services.billing.domain import refund as refunds
from services.billing.domain.bill import Bill, Standing
from services.billing.domain.receipt import IntentKind, Receipt
from services.billing.domain.states import BillState, Decision, IllegalTransition, ReceiptState, RefundState
from services.billing.repository import BILLS, RECEIPTS, REFUNDS, Missing, states
from services.billing.service.alerts import LATE_MONEY_WAITS, SEAT_WITHOUT_MONEY, alert
from services.billing.service.driving import Driver
from shared.service import NotYet
from shared.store.kinds import Record


class LateMoney(Driver):
    """The use cases of money that came without a seat, or lost it."""

    async def seat_found(self, bill_id: str, appointment_id: str, version: int) -> bool:
        """Scheduling confirmed a seat for late money: the bill is paid, the receipt settles. False: none was sought."""
        found = await self._late_receipt(bill_id)
        if found is None:
            return False
        bill, receipt = found[0].state, found[1].state
        if bills.knows_of(bill, appointment_id, version):
            await self._settle_if_paid(bill, receipt.ntpn)
            return True
        if not await self._may_settle(bill, receipt):
            alert(SEAT_WITHOUT_MONEY, bill_id=bill_id, receipt_id=receipt.ntpn)
            return True
        paid = await self._repository.change(
            BILLS, bill_id, lambda state: self._with_seat(state, receipt, appointment_id, version)
        )
        await self._settle_if_paid(paid.state, receipt.ntpn)
        return True

    async def seat_offered(self, bill_id: str, offer_until: datetime) -> None:
        """Scheduling keeps another seat for late money; its end is waited for."""
        found = await self._seeking_money(bill_id)
        if found is None:
            return
        await self._repository.change(
            RECEIPTS,
            found[1].id,
            lambda receipt: (
                receipts.offered(receipt, offer_until, self._policies.receipt)
                if receipt.state == ReceiptState.AWAITS_SEAT
                else Decision(receipt)
            ),
        )

    async def no_seat(self, bill_id: str) -> None:
        """Scheduling has no seat for late money, or the offer ended: it settles a live bill, else it goes back."""
        found = await self._seeking_money(bill_id)
        if found is not None and found[1].state.state == ReceiptState.AWAITS_SEAT:
            await self._without_seat(found[1])

    async def outcome_due(self, record: Record[Receipt]) -> None:
        """Scheduling has not answered in time: ask again and tell the operators; in the end the money goes back."""
        receipt, now = record.state, self._clock.now()
        known = await self._known(receipt, widely=True)
        for bill in known.records.values():
            if await self._settle_if_paid(bill.state, receipt.ntpn):
                return
        if receipts.gives_up_on_seat(receipt, now, self._policies.receipt):
            await self._without_seat(record)
            return
        alert(LATE_MONEY_WAITS, receipt_id=receipt.ntpn, questions=receipt.seat_questions)
        seeking = receipts.seeker(receipt, states(list(known.records.values())))
        if seeking is not None:
            await self._repository.change(BILLS, seeking.bill_id, lambda bill: self._repeat_question(bill, receipt))
        await self._repository.save(RECEIPTS, record, receipts.asked_again(receipt, now, self._policies.receipt))

    async def seat_lost(self, bill_id: str, received: str) -> None:
        """A bill was paid in time, but its seat went back at the same moment: its money seeks another one."""
        ntpn = await self._money_of(bill_id)
        await self.drive(ntpn)
        lost = await self._repository.change(
            BILLS,
            bill_id,
            lambda state: bills.seek_seat_again(state) if state.standing == Standing.APPOINTMENT else Decision(state),
            received=received,
        )
        if lost.state.standing == Standing.SEAT_SOUGHT:
            await self._repository.change(RECEIPTS, ntpn, self._seeking)

    async def _seeking_money(self, bill_id: str) -> tuple[Record[Bill], Record[Receipt]] | None:
        """As `_late_receipt`, for news that only money without a seat can have.

        Raises:
            NotYet: the bill is paid, but that its seat was lost has not been heard of here.
        """
        found = await self._late_receipt(bill_id)
        if found is not None:
            return found
        bill = await self._repository.bill(bill_id)
        if bill is not None and bill.state.state == BillState.PAID and bill.state.standing == Standing.APPOINTMENT:
            raise NotYet(f"the seat of bill {bill_id} is not known to be lost")
        return None

    async def _late_receipt(self, bill_id: str) -> tuple[Record[Bill], Record[Receipt]] | None:
        """A bill whose money seeks a seat, or sought one, with that money; None if it never did.

        Raises:
            NotYet: the bill is not here.
        """
        bill = await self._repository.bill(bill_id)
        if bill is None:
            raise NotYet(f"bill {bill_id} is not known")
        ntpn = bill.state.late_receipt_id
        if ntpn is None:
            return None
        await self.drive(ntpn)
        return bill, await self._receipt(ntpn)

    async def _settle_if_paid(self, bill: Bill, ntpn: str) -> bool:
        """Finish a receipt whose money its bill has already."""
        if bill.settled_by != ntpn or bill.standing not in (Standing.APPOINTMENT, Standing.CLOSED):
            return False
        await self._repository.change(RECEIPTS, ntpn, lambda receipt: self._settled(receipt, bill.bill_id))
        return True

    def _with_seat(self, bill: Bill, receipt: Receipt, appointment_id: str, version: int) -> Decision[Bill]:
        seated = bills.seat_confirmed(bill, appointment_id, version).state
        if bill.settled_by == receipt.ntpn and bill.standing in (Standing.APPOINTMENT, Standing.CLOSED):
            return Decision(seated)
        return bills.pay_late(seated, receipt.ntpn, receipt.paid_at, self._clock.now(), self._policies.bill)

    def _settled(self, receipt: Receipt, bill_id: str) -> Decision[Receipt]:
        if receipt.state == ReceiptState.SETTLES_BILL:
            return Decision(receipt)
        return receipts.settle(receipt, bill_id, self._clock.now())

    async def _may_settle(self, bill: Bill, receipt: Receipt) -> bool:
        """Whether the money is still there for the seat; an open refund case is withdrawn for it."""
        if bill.state == BillState.SUPERSEDED:
            return False
        if receipt.state != ReceiptState.IN_REFUND:
            return receipt.state in (ReceiptState.AWAITS_SEAT, ReceiptState.SETTLES_BILL)
        try:
            withdrawn = await self._repository.change(
                REFUNDS,
                receipt.refund_id or "",
                lambda case: (
                    Decision(case)
                    if case.state == RefundState.WITHDRAWN
                    else refunds.withdraw(case, self._clock.now(), "a seat was found")
                ),
            )
        except IllegalTransition:
            return False
        return withdrawn.state.state == RefundState.WITHDRAWN

    async def _without_seat(self, record: Record[Receipt]) -> None:
        known = await self._known(record.state, widely=True)
        intent = receipts.judge_without_seat(record.state, known.facts)
        if intent.kind == IntentKind.REFUND:
            await self._drive(await self._enter_refund(record, intent))
            return
        await self._do(record, intent, known)

    def _repeat_question(self, bill: Bill, receipt: Receipt) -> Decision[Bill]:
        sought = bill.late_receipt_id == receipt.ntpn and bill.standing == Standing.SEAT_SOUGHT
        return self._question(bill, receipt) if sought else Decision(bill)

    def _seeking(self, receipt: Receipt) -> Decision[Receipt]:
        if receipt.state != ReceiptState.SETTLES_BILL:
            return Decision(receipt)
        return receipts.await_seat(receipt, self._clock.now(), self._policies.receipt)

    async def _money_of(self, bill_id: str) -> str:
        bill = await self._repository.bill(bill_id)
        if bill is None or bill.state.settled_by is None:
            raise Missing(f"the money of bill {bill_id}")
        return bill.state.settled_by
