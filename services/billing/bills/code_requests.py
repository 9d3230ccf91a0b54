"""Asking SIMPONI for the codes of bills, from deadlines only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from services.billing.bills import model as bills
from services.billing.bills.model import Bill, Code
from services.billing.bills.states import BillState
from services.billing.bills.writes import change_unless_moved_on
from services.billing.context import UseCaseContext
from services.billing.metrics import Metrics
from services.billing.payment import Payment
from services.billing.rules import YearClosed, validity, whole_seconds
from services.billing.simponi import Simponi, SimponiBilling, SimponiRefused
from shared.errors import UpstreamDown
from shared.logs import get_logger
from shared.store.decision import Decision
from shared.store.kinds import Record

log = get_logger(__name__)

TakePayments = Callable[[tuple[Payment, ...], str], Awaitable[None]]
"""Takes note of the payments that came with an answer, and by which way they were learnt."""


class CodeRequests:
    """The use case of a bill whose code is due."""

    def __init__(
        self, context: UseCaseContext, simponi: Simponi, metrics: Metrics, take_payments: TakePayments
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.bill
        self._simponi = simponi
        self._metrics = metrics
        self._take_payments = take_payments

    async def ask_due(self, record: Record[Bill]) -> None:
        """Ask SIMPONI for the code; the answer, a wait or a failure with its cause is written."""
        bill, now = record.state, self._clock.now()
        if bill.state is BillState.ISSUED:
            await self._ask_another(record)
            return
        last_moment = bill.last_moment
        if last_moment is not None and now >= last_moment:
            cause = "session_started" if bill.pay_until is None else "cut_off_passed"
            await self._write(record, bills.fail, cause)
            return
        span = validity(now, last_moment, self._policy)
        if isinstance(span, YearClosed):
            await self._write(record, bills.wait_for_year, span.opens_at)
            return
        try:
            billing = await self._simponi.issue(bill.reference, bill.amount, span.expires_at, description_of(bill))
        except UpstreamDown as down:
            log.warning("billing.code_not_issued", bill_id=record.id, reason=down.reason)
            await self._write(record, bills.no_answer)
        except SimponiRefused as no:
            await self._write(record, bills.refused, no.code)
        else:
            await self._answered(record, billing, span.shortened_by_year_end)

    async def _ask_another(self, record: Record[Bill]) -> None:
        """Ask for another code of a bill that a joint bill has left; it is valid as long as the bill is."""
        bill, now = record.state, self._clock.now()
        if bill.expires_at is None or now >= bill.expires_at:
            await self._write(record, bills.ask_code_again)
            return
        try:
            billing = await self._simponi.issue(bill.reference, bill.amount, bill.expires_at, description_of(bill))
        except (UpstreamDown, SimponiRefused) as no:
            log.warning("billing.code_not_reissued", bill_id=record.id, reason=str(no))
            await self._write(record, bills.ask_code_again)
            return
        await self._write(record, bills.reissue, Code(billing.billing_code, billing.expires_at))
        await self._take_payments(billing.payments, "issue")

    async def _answered(self, record: Record[Bill], billing: SimponiBilling, shortened: bool) -> None:
        now = self._clock.now()
        if billing.amount != record.state.amount:
            await self._write(record, bills.refused, "amount_differs")
        elif billing.expires_at < whole_seconds(now) and not billing.payments:
            await self._write(record, bills.renew_reference, billing.billing_code)
        else:
            await self._write(record, bills.issue, Code(billing.billing_code, billing.expires_at), shortened)
            waited = (now - record.state.requested_at).total_seconds()
            self._metrics.code_wait.observe(max(0.0, waited))
            log.info("billing.code_issued", bill_id=record.id, waited_seconds=round(waited, 3))
            await self._take_payments(billing.payments, "issue")

    async def _write(self, record: Record[Bill], step: Callable[..., Decision[Bill]], *facts: Any) -> None:
        """Write a step of the bill, ``step(bill, *facts, now, policy)``, unless the bill has moved on."""
        now = self._clock.now()
        await change_unless_moved_on(self._aggregates, record, lambda bill: step(bill, *facts, now, self._policy))


def description_of(bill: Bill) -> str:
    """Return what SIMPONI shows of the bill: the titles of its lines."""
    return "; ".join(line.title_id for line in bill.price.lines)
