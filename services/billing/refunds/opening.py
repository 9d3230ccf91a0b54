"""Refund cases that billing opens by itself, and withdraws where their money found its use after all."""

from __future__ import annotations

from datetime import datetime

from services.billing.context import UseCaseContext
from services.billing.receipts.refund_subject import RefundCause, RefundSubject
from services.billing.refunds import model as refunds
from services.billing.refunds.model import Refund, RefundReason, RefundReasons
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.states import RefundState
from services.billing.refunds.step_limits import step_due
from shared.calendar.working_days import day_in_jakarta
from shared.store.decision import Decision
from shared.store.transitions import IllegalTransition


class RefundOpening:
    """The port :class:`services.billing.receipts.ports.RefundOpener`."""

    def __init__(self, context: UseCaseContext, reasons: RefundReasons) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.refund
        self._reasons = reasons

    async def open(self, refund_id: str, subject: RefundSubject, cause: str, now: datetime) -> None:
        """See the port."""
        until = step_due(self._policy, RefundState.OPENED, now)
        opened = refunds.open_refund(refund_id, subject, self._reason(cause, now), now, until)
        await self._aggregates.insert(REFUNDS, refund_id, opened)

    async def open_or_reopen(
        self, refund_id: str, subject: RefundSubject, cause: str, now: datetime, entry: int
    ) -> None:
        """See the port. What is left of a credit was approved before."""
        until = step_due(self._policy, RefundState.OPENED, now)
        if cause == RefundCause.CREDIT_PAID_OUT:
            due = step_due(self._policy, RefundState.RELEASED, now)
            approved = refunds.open_approved(refund_id, subject, self._reason(cause, now), now, due, entry)
            await self._aggregates.insert(REFUNDS, refund_id, approved)
            return
        opened = refunds.open_refund(refund_id, subject, self._reason(cause, now), now, until, entry=entry)
        if await self._aggregates.insert(REFUNDS, refund_id, opened) is None:
            await self._aggregates.change(REFUNDS, refund_id, lambda case: refunds.reopen(case, now, until, entry))

    async def withdraw(self, refund_id: str, note: str) -> bool:
        """See the port."""

        def decide(case: Refund) -> Decision[Refund]:
            if case.state == RefundState.WITHDRAWN:
                return Decision(case)
            return refunds.withdraw(case, self._clock.now(), note)

        try:
            withdrawn = await self._aggregates.change(REFUNDS, refund_id, decide)
        except IllegalTransition:
            return False
        return withdrawn.state.state == RefundState.WITHDRAWN

    def _reason(self, cause: str, now: datetime) -> RefundReason:
        return self._reasons.reason(cause, day_in_jakarta(now))
