"""Refund processing: events and deadlines of cases, and the booking of each decision on its receipt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.billing.alerts import (
    REFUND_MONEY_MISSING,
    REFUND_PAYMENT_UNKNOWN,
    REFUND_STEP_OVERDUE,
    alert,
)
from services.billing.bills.model import Bill
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.cases.payment_confirmation import PaymentConfirmation
from services.billing.context import UseCaseContext
from services.billing.credits import model as credit_model
from services.billing.credits.credit_ids import credit_id_of
from services.billing.credits.repository import CREDITS
from services.billing.payment import treasury_number
from services.billing.receipts import model as receipts
from services.billing.receipts.repository import RECEIPTS, ReceiptRepository
from services.billing.refunds import transitions as steps
from services.billing.refunds.model import BankAccount, Refund
from services.billing.refunds.repository import REFUNDS, RefundRepository
from services.billing.refunds.states import RefundState
from services.billing.refunds.treasury import OrderState, RefundOrder, Treasury
from services.billing.refunds.vault import Vault
from services.billing.store_part import Missing
from shared.errors import UpstreamDown
from shared.events.codes import ReleaseReason, ReleaseRefusal
from shared.events.envelope import Envelope
from shared.events.scheduling import AppointmentReleased, ReleaseRefused
from shared.logs import get_logger
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition

log = get_logger(__name__)

MOST_WRITES: Final = 6
"""Bookings of one drive: an approval without a seat takes two."""

Decide = Callable[[Refund], Decision[Refund]]


class RefundCases:
    """Use cases of refunds that events and deadlines start."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        receipts: ReceiptRepository,
        refunds: RefundRepository,
        treasury: Treasury,
        vault: Vault,
        confirming: PaymentConfirmation,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.refund
        self._bills = bills
        self._receipts = receipts
        self._refunds = refunds
        self._treasury = treasury
        self._vault = vault
        self._confirming = confirming

    # the receipt first, then the bill, then the case: each again after a crash, and none of them twice

    async def drive(self, refund_id: str) -> Refund:
        """Book the case's state on the receipt and the bill."""
        for _ in range(MOST_WRITES):
            record = await self._refunds.refund(refund_id)
            if record is None:
                raise Missing(f"refund {refund_id}")
            if record.state.booked:
                return record.state
            await self._book(record)
        raise Missing(f"refund {refund_id} cannot be booked")

    async def _book(self, record: Record[Refund]) -> None:
        refund = record.state
        if not await self._book_receipt(refund):
            await self._change(record, lambda case: self._nothing_left(case))
            return
        bill = await self._book_bill(refund)
        if refund.state == RefundState.CREDITED and refund.account_id is not None:
            await self._open_credit(refund, refund.account_id)
        await self._change(record, lambda case: self._booked(refund, case, bill))

    async def _open_credit(self, refund: Refund, account_id: str) -> None:
        opened = credit_model.open_credit(
            credit_id_of(refund.refund_id),
            refund.refund_id,
            refund.receipt_id,
            refund.amount,
            account_id,
            refund.application_id,
            refund.bill_id,
            self._clock.now(),
        )
        await self._aggregates.insert(CREDITS, opened.state.credit_id, opened)

    def _nothing_left(self, case: Refund) -> Decision[Refund]:
        if case.state != RefundState.APPROVED or case.booked:
            return Decision(case)
        return steps.refuse(case, steps.NOTHING_LEFT, steps.SYSTEM, self._clock.now(), self._policy)

    def _booked(self, seen: Refund, case: Refund, bill: Bill | None) -> Decision[Refund]:
        """Mark the case as booked if it is still in the state that was booked; else it is booked again."""
        if case.booked or case.state != seen.state or len(case.steps) != len(seen.steps):
            return Decision(case)
        return steps.booked(case, bill, self._clock.now(), self._policy)

    async def _book_receipt(self, refund: Refund) -> bool:
        """Book the amount on the receipt; return False if it does not hold so much any more."""
        now, account = self._clock.now(), steps.account_for(refund)
        memo = f"refund {refund.refund_id}: {refund.state}"
        try:
            await self._aggregates.change(
                RECEIPTS,
                refund.receipt_id,
                lambda receipt: Decision(receipts.book(receipt, refund.refund_id, refund.amount, account, memo, now)),
            )
        except receipts.NothingLeft:
            if refund.state != RefundState.APPROVED:
                alert(REFUND_MONEY_MISSING, refund_id=refund.refund_id)
                raise
            return False
        return True

    async def _book_bill(self, refund: Refund) -> Bill | None:
        record = await self._bills.bill(refund.bill_id) if refund.bill_id is not None else None
        if record is None:
            return None
        # a superseded bill's money pays another one, and the visit is that one's
        paid_id = record.state.superseded_by or record.id
        changed = await self._aggregates.change(BILLS, paid_id, lambda bill: steps.standing_of(refund, bill))
        return changed.state

    async def book_due(self, record: Record[Refund]) -> None:
        """Continue after a crash between two of the writes."""
        await self.drive(record.id)

    # scheduling's answers

    async def appointment_released(self, event: AppointmentReleased, envelope: Envelope) -> None:
        """Release the refunds of an appointment whose seat scheduling has released.

        A seat that went back for another reason is no answer: another one may have been won with the same money.
        """
        if event.reason != ReleaseReason.REFUND_APPROVED:
            return
        if event.refund_id is not None:
            await self._seat_is_back(event.refund_id, envelope.id)
            return
        for record in await self._refunds.refunds_at(event.appointment_id):
            await self._seat_is_back(record.id, envelope.id)

    async def release_refused(self, event: ReleaseRefused, envelope: Envelope) -> None:
        """Refuse the refund of a used seat; if the seat was gone already, release the refund."""
        if event.reason != ReleaseRefusal.ALREADY_USED:
            await self._seat_is_back(event.refund_id, envelope.id)
            return
        if await self._refunds.refund(event.refund_id) is None:
            return
        await self._aggregates.change(
            REFUNDS, event.refund_id, lambda case: self._if_waiting(case, self._seat_was_used), received=envelope.id
        )
        await self.drive(event.refund_id)

    async def _seat_is_back(self, refund_id: str, received: str) -> None:
        if await self._refunds.refund(refund_id) is None:
            return
        await self._aggregates.change(
            REFUNDS, refund_id, lambda case: self._if_waiting(case, self._released), received=received
        )
        await self.drive(refund_id)

    @staticmethod
    def _if_waiting(case: Refund, decide: Decide) -> Decision[Refund]:
        return decide(case) if steps.waits_for_seat(case) else Decision(case)

    def _released(self, case: Refund) -> Decision[Refund]:
        return steps.release(case, steps.SYSTEM, self._clock.now(), self._policy)

    def _seat_was_used(self, case: Refund) -> Decision[Refund]:
        return steps.refuse(case, steps.SEAT_USED, steps.SYSTEM, self._clock.now(), self._policy)

    async def seat_due(self, record: Record[Refund]) -> None:
        """Ask scheduling again for the release of the seat."""
        now = self._clock.now()
        await self._change(
            record,
            lambda case: self._if_waiting(case, lambda waiting: steps.ask_seat_again(waiting, now, self._policy)),
        )

    # deadlines of people

    async def step_due(self, record: Record[Refund]) -> None:
        """Escalate a step that was not taken in time, or apply the rule for silence."""
        now = self._clock.now()
        changed = await self._change(record, lambda case: steps.step_overdue(case, now, self._policy))
        if changed is None:
            return
        if changed.state.escalations:
            alert(
                REFUND_STEP_OVERDUE,
                refund_id=record.id,
                state=changed.state.state.value,
                escalations=changed.state.escalations,
            )
        await self.drive(record.id)

    # SIMPONI, asked once more before a step counts

    async def confirm_due(self, record: Record[Refund]) -> None:
        """Ask SIMPONI whether it knows the payment; the step that waits for it is taken, refused, or waits on."""
        asked = record.state.confirmation
        receipt = await self._receipts.receipt(record.state.receipt_id)
        if asked is None or receipt is None:
            return
        try:
            known = await self._confirming.simponi_knows(receipt.state)
        except UpstreamDown as down:
            log.info("billing.simponi_silent", refund_id=record.id, reason=down.reason)
            await self._change(record, lambda case: steps.unanswered(case, asked, self._clock.now()))
            return
        now = self._clock.now()
        if known:
            await self._change(record, lambda case: steps.confirmed(case, asked, now, self._policy))
            await self.drive(record.id)
            return
        alert(REFUND_PAYMENT_UNKNOWN, refund_id=record.id, step=asked.command.value)
        await self._confirming.open_unconfirmed_case(receipt.state)
        await self._change(record, lambda case: steps.denied(case, asked, now))

    # the bank and the treasury, asked from deadlines only

    async def verify_due(self, record: Record[Refund]) -> None:
        """Ask the bank to verify the payer's account."""
        account = record.state.account
        if account is None:
            return
        try:
            matches = await self._treasury.matches(await self._vault.payee(record.state, account))
        except UpstreamDown as down:
            log.info("billing.bank_silent", refund_id=record.id, reason=down.reason)
            now = self._clock.now()
            await self._change(record, lambda case: steps.bank_silent(case, account.given_at, now, self._policy))
            return
        now = self._clock.now()
        await self._change(record, lambda case: steps.account_answered(case, account.given_at, matches, now))

    async def order_due(self, record: Record[Refund]) -> None:
        """Order the payment; a repeat carries the same number, so it is paid once."""
        case = record.state
        if case.account is None or case.state != RefundState.RELEASED or not case.booked:
            await self.drive(record.id)
            return
        sent = await self._change(record, steps.send_order)
        if sent is None:
            return
        order = await self._order(case, case.account)
        try:
            answer = await self._treasury.order(order)
        except UpstreamDown as down:
            log.info("billing.treasury_silent", refund_id=record.id, reason=down.reason)
            await self._change(sent, lambda current: steps.order_unanswered(current, self._clock.now(), self._policy))
            return
        await self._apply_answer(sent, order.order_number, answer)

    async def _order(self, case: Refund, account: BankAccount) -> RefundOrder:
        payee = await self._vault.payee(case, account)
        return RefundOrder(case.order_number, treasury_number(case.receipt_id), case.amount, payee)

    async def track_due(self, record: Record[Refund]) -> None:
        """Ask the treasury for the state of the order."""
        number = record.state.order_number
        try:
            answer = await self._treasury.order_state(number)
            if answer == OrderState.UNKNOWN and record.state.account is not None:
                answer = await self._treasury.order(await self._order(record.state, record.state.account))
        except UpstreamDown as down:
            log.info("billing.treasury_silent", refund_id=record.id, reason=down.reason)
            await self._change(record, lambda current: steps.track_later(current, self._clock.now(), self._policy))
            return
        await self._apply_answer(record, number, answer)

    async def _apply_answer(self, record: Record[Refund], number: str, answer: OrderState) -> None:
        now = self._clock.now()
        if answer == OrderState.REJECTED:
            await self._change(record, lambda case: steps.order_rejected(case, number, now, self._policy))
            return
        taken = await self._change(record, lambda case: steps.ordered(case, number, now, self._policy))
        if taken is None:
            return
        if answer == OrderState.PAID:
            await self._aggregates.change(REFUNDS, record.id, lambda case: steps.paid(case, number, now, self._policy))
        elif record.state.state == RefundState.ORDERED:
            await self._aggregates.change(REFUNDS, record.id, lambda case: steps.track_later(case, now, self._policy))
        await self.drive(record.id)

    async def _change(self, record: Record[Refund], decide: Decide) -> Record[Refund] | None:
        """Decide on the record first; return None if the case has moved on and the command is illegal now."""
        try:
            return await self._aggregates.change(REFUNDS, record.id, decide, first=record)
        except IllegalTransition as moved:
            log.info("billing.refund_overtaken", refund_id=record.id, state=moved.state.value)
            return None
