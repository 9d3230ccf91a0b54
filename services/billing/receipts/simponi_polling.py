"""Polls SIMPONI: each open code is checked at intervals, and a last time before its bill expires."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from services.billing.alerts import (
    CODE_UNKNOWN_TO_SIMPONI,
    alert,
)
from services.billing.bills import model as bills
from services.billing.bills.model import Bill
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.bills.writes import change_unless_moved_on
from services.billing.context import UseCaseContext
from services.billing.receipts.payments import PaymentIntake
from services.billing.receipts.simponi_batching import SimponiBatcher, Urgency
from services.billing.simponi import SimponiBilling
from shared.errors import UpstreamDown
from shared.logs import get_logger
from shared.store.decision import Decision
from shared.store.kinds import Record

log = get_logger(__name__)


WAITING_FOR_END: Final = frozenset({BillState.ISSUED, BillState.EXPIRY_UNCONFIRMED})


class SimponiPolling:
    """Deadlines of bills whose code is due to be polled."""

    def __init__(self, context: UseCaseContext, questions: SimponiBatcher, payments: PaymentIntake) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.bill
        self._questions = questions
        self._payments = payments

    async def poll_due(self, record: Record[Bill]) -> None:
        """Poll the code: a lost notice is made up by the next poll."""
        answered, not_before = True, self._clock.now()
        try:
            billing = await self._questions.status(record.state.billing_code or "", _urgency(record.state))
        except UpstreamDown as down:
            log.info("billing.poll_unanswered", bill_id=record.id, reason=down.reason)
            billing, answered = None, False
            not_before += timedelta(seconds=down.retry_after_seconds or 0)
        if billing is not None:
            await self._payments.take_all(billing.payments, "poll")
            await self._confirm_claims(record, billing)
        await change_unless_moved_on(
            self._aggregates,
            record,
            lambda state: bills.polled(
                state, self._clock.now(), self._policy, answered=answered, not_before=not_before
            ),
        )

    async def _confirm_claims(self, record: Record[Bill], billing: SimponiBilling) -> None:
        if not record.state.claims:
            return
        numbers = frozenset(
            number for payment in billing.payments for number in (payment.ntpn, payment.ntb) if number is not None
        )
        await self._aggregates.change(BILLS, record.id, lambda state: bills.confirm_claims(state, numbers))

    async def expire_due(self, record: Record[Bill]) -> None:
        """Poll a last time: an unpaid bill expires; without an answer it keeps its seat for now."""
        end = bills.expire
        for code in bills.codes_in_force(record.state):
            if not await self._look_at(code, record.id):
                end = bills.doubt
        await change_unless_moved_on(self._aggregates, record, lambda state: self._end(state, end))

    async def _look_at(self, billing_code: str, bill_id: str) -> bool:
        """Take the payments of a code; return whether SIMPONI said anything about it."""
        try:
            billing = await self._questions.status(billing_code, Urgency.LAST_QUESTION)
        except UpstreamDown:
            return False
        if billing is None:
            alert(CODE_UNKNOWN_TO_SIMPONI, bill_id=bill_id)
            return False
        await self._payments.take_all(billing.payments, "poll")
        return True

    def _end(self, bill: Bill, end: Callable[..., Decision[Bill]]) -> Decision[Bill]:
        """End the bill if it still waits: money that came meanwhile has changed it, and its version."""
        return end(bill, self._clock.now(), self._policy) if bill.state in WAITING_FOR_END else Decision(bill)


def _urgency(bill: Bill) -> Urgency:
    return Urgency.CLAIMED if bill.state == BillState.PAID_UNSETTLED or "claim" in bill.due else Urgency.ROUTINE
