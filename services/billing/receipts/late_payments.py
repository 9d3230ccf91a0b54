"""Late payments: they seek a seat, win one, wait for an offer, or are refunded."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.billing.alerts import LATE_MONEY_WAITS, SEAT_WITHOUT_MONEY, alert
from services.billing.bills import model as bills
from services.billing.bills.model import Bill, BillOutcome, Seat
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.bills.states import BillState
from services.billing.context import UseCaseContext
from services.billing.receipts import model as receipts
from services.billing.receipts.model import IntentKind, Receipt
from services.billing.receipts.ports import RefundOpener
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from services.billing.store_part import states
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record

WIN_TRIES: Final = 5
"""Looks at a receipt whose money a seat was found for; each fails only when it enters refund at that moment."""


class LatePayments:
    """Use cases of payments without a seat, because they came late or their seat was released."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        refunds: RefundOpener,
        processing: ReceiptProcessing,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._rules = context.rules
        self._bills = bills
        self._refunds = refunds
        self._processing = processing

    async def seat_found(self, bill_id: str, visit: Seat) -> None:
        """Pay the bill with money that sought a seat and has one now; the receipt settles.

        The receipt says first that its money has won the seat, so that it cannot be given back at the same moment.
        Money that is on its way back beyond recall leaves the seat to the release that its refund asks for.
        """
        found = await self._find_late_receipt(bill_id)
        if found is None:
            return
        bill, receipt = found[0].state, found[1].state
        if bills.knows_of(bill, visit.appointment_id, visit.version) and not bills.overlooks_visit(bill):
            await self._settle_if_paid(bill, receipt.ntpn)
            return
        won = await self._claim_money_for_seat(bill, receipt.ntpn, visit.appointment_id)
        if won is None:
            alert(SEAT_WITHOUT_MONEY, bill_id=bill_id, receipt_id=receipt.ntpn)
            return
        paid = await self._aggregates.change(BILLS, bill_id, lambda state: self._with_seat(state, won, visit))
        await self._settle_if_paid(paid.state, receipt.ntpn)

    async def seat_offered(self, bill_id: str, offer_until: datetime) -> None:
        """Wait for the end of scheduling's offer of another seat for late money."""
        found = await self._find_seeking_money(bill_id)
        if found is None:
            return
        await self._aggregates.change(
            RECEIPTS,
            found[1].id,
            lambda receipt: (
                receipts.offered(receipt, offer_until, self._rules.receipt)
                if receipt.state == ReceiptState.AWAITS_SEAT
                else Decision(receipt)
            ),
        )

    async def no_seat(self, bill_id: str) -> None:
        """Settle a live bill with money that gets no seat, else refund it."""
        found = await self._find_seeking_money(bill_id)
        if found is None or found[1].state.state != ReceiptState.AWAITS_SEAT:
            return
        if found[1].state.seat_won or found[1].state.remaining == 0:
            return
        await self._finish_without_seat(found[1])

    async def outcome_due(self, record: Record[Receipt]) -> None:
        """Ask scheduling again and alert the operators; after the last try, refund the money."""
        receipt, now = record.state, self._clock.now()
        known = await self._processing.find_bills(receipt, widely=True)
        for bill in known.records.values():
            if await self._settle_if_paid(bill.state, receipt.ntpn):
                return
        if receipt.remaining == 0:
            # refund cases hold all of it: they ask scheduling themselves, and nothing is left to give back here
            await self._aggregates.save(RECEIPTS, record, Decision(receipts.without_deadline(receipt)))
            return
        if receipt.seat_won is None and receipts.gives_up_on_seat(receipt, now, self._rules.receipt):
            await self._finish_without_seat(record)
            return
        alert(LATE_MONEY_WAITS, receipt_id=receipt.ntpn, questions=receipt.seat_questions)
        seeking = receipts.seeker(receipt, states(list(known.records.values())))
        if seeking is not None:
            await self._aggregates.change(BILLS, seeking.bill_id, lambda bill: self._repeat_question(bill, receipt))
        await self._aggregates.save(RECEIPTS, record, receipts.asked_again(receipt, now, self._rules.receipt))

    async def seat_lost(self, bill_id: str, appointment_id: str, version: int, received: str) -> bool:
        """Seek another seat for money that was paid in time while its seat was released.

        Return False if the bill stands on another appointment, or on something else, so nothing was lost.
        """
        ntpn = await self._processing.receipt_of_bill(bill_id)
        await self._processing.drive(ntpn)
        lost = await self._aggregates.change(
            BILLS, bill_id, lambda state: bills.lose_seat(state, appointment_id, version), received=received
        )
        if lost.state.standing != BillOutcome.SEAT_SOUGHT:
            return False
        await self._aggregates.change(RECEIPTS, ntpn, self._awaiting_seat)
        bill = await self._bills.bill(bill_id)
        # a seat may have been found between the two writes
        return bill is None or not await self._settle_if_paid(bill.state, ntpn)

    async def _find_seeking_money(self, bill_id: str) -> tuple[Record[Bill], Record[Receipt]] | None:
        """As `_find_late_receipt`, for events that only concern money without a seat.

        Raises:
            NotYet: the bill is paid, and the loss of its seat is not known here yet.
        """
        found = await self._find_late_receipt(bill_id)
        if found is not None:
            return found
        bill = await self._bills.bill(bill_id)
        if bill is not None and bill.state.state == BillState.PAID and bill.state.standing == BillOutcome.APPOINTMENT:
            raise NotYet(f"the seat of bill {bill_id} is not known to be lost")
        return None

    async def _find_late_receipt(self, bill_id: str) -> tuple[Record[Bill], Record[Receipt]] | None:
        """Return a bill whose money seeks or sought a seat, with its receipt; None if it never did.

        Raises:
            NotYet: the bill is not here.
        """
        bill = await self._bills.bill(bill_id)
        if bill is None:
            raise NotYet(f"bill {bill_id} is not known")
        ntpn = bill.state.late_receipt_id
        if ntpn is None:
            return None
        await self._processing.drive(ntpn)
        driven = await self._bills.bill(bill_id)  # the drive may have recorded a refund, and put the bill on it
        return driven or bill, await self._processing.get(ntpn)

    async def _settle_if_paid(self, bill: Bill, ntpn: str) -> bool:
        """Settle a receipt that already pays this bill; return whether it does."""
        if bill.settled_by != ntpn or bill.standing not in (BillOutcome.APPOINTMENT, BillOutcome.CLOSED):
            return False
        await self._aggregates.change(RECEIPTS, ntpn, lambda receipt: self._settled(receipt, bill.bill_id))
        return True

    def _with_seat(self, bill: Bill, receipt: Receipt, visit: Seat) -> Decision[Bill]:
        seated = bills.seat_confirmed(bill, visit).state
        if bill.settled_by == receipt.ntpn and bill.standing in (BillOutcome.APPOINTMENT, BillOutcome.CLOSED):
            return Decision(seated)
        return bills.pay_late(
            seated,
            receipt.ntpn,
            receipt.paid_at,
            self._clock.now(),
            self._rules.bill,
            refunds_overcome=receipt.refund_entries,
            payment=receipt.payment,
        )

    def _settled(self, receipt: Receipt, bill_id: str) -> Decision[Receipt]:
        if receipt.state == ReceiptState.SETTLES_BILL:
            return Decision(receipt)
        return receipts.settle(receipt, bill_id, self._clock.now())

    async def _claim_money_for_seat(self, bill: Bill, ntpn: str, appointment_id: str) -> Receipt | None:
        """Return the receipt whose money now has the seat; None if it is being refunded or settled another bill.

        Raises:
            NotYet: it went into refund and out again at this moment.
        """
        if bill.state == BillState.SUPERSEDED:
            return None
        for _ in range(WIN_TRIES):
            await self._processing.drive(ntpn)
            receipt = (await self._processing.get(ntpn)).state
            if receipt.state == ReceiptState.IN_REFUND and not await self._refunds.withdraw(
                receipt.refund_id or "", "a seat was found"
            ):
                return None
            withdrawn = receipt.refund_id
            won = await self._aggregates.change(
                RECEIPTS,
                ntpn,
                lambda state: receipts.win_seat(state, appointment_id, withdrawn),  # noqa: B023
            )
            if won.state.seat_won == appointment_id or won.state.state == ReceiptState.SETTLES_BILL:
                return won.state
            if won.state.state != ReceiptState.IN_REFUND:
                return None
        raise NotYet(f"receipt {ntpn} changes at this moment")

    async def _finish_without_seat(self, record: Record[Receipt]) -> None:
        known = await self._processing.find_bills(record.state, widely=True)
        intent = receipts.judge_without_seat(record.state, known.facts)
        if intent.kind == IntentKind.REFUND:
            await self._processing.drive_record(await self._processing.enter_refund(record, intent))
            return
        await self._processing.carry_out(record, intent, known)

    def _repeat_question(self, bill: Bill, receipt: Receipt) -> Decision[Bill]:
        sought = bill.late_receipt_id == receipt.ntpn and bill.standing == BillOutcome.SEAT_SOUGHT
        return self._processing.seat_question(bill, receipt) if sought else Decision(bill)

    def _awaiting_seat(self, receipt: Receipt) -> Decision[Receipt]:
        if receipt.state != ReceiptState.SETTLES_BILL:
            return Decision(receipt)
        return receipts.await_seat(receipt, self._clock.now(), self._rules.receipt)
