"""Asks SIMPONI whether it knows a payment, claimed or booked, before money moves because of it.

Questions go through the one queue in front of SIMPONI, so they share its budget of calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from services.billing.cases.follow_up import CaseFollowUp, about_receipt
from services.billing.context import UseCaseContext
from services.billing.payment import Payment
from services.billing.receipts import model as receipts
from services.billing.receipts.model import Receipt, SimponiWord
from services.billing.receipts.payments import PaymentIntake
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.settled_lines import SettledLineRepository
from services.billing.receipts.simponi_batching import SimponiBatcher, Urgency
from services.billing.simponi import SimponiBilling
from shared.errors import UpstreamDown
from shared.events.codes import PaymentCaseKind
from shared.logs import get_logger
from shared.store.decision import Decision

log = get_logger(__name__)

SETTLEMENT: Final = "settlement"
"""``learnt_by`` of a receipt that a settlement file told of first."""


class PaymentConfirmation:
    """Confirm payments with SIMPONI."""

    def __init__(
        self,
        context: UseCaseContext,
        settled_lines: SettledLineRepository,
        questions: SimponiBatcher,
        payments: PaymentIntake,
        cases: CaseFollowUp,
    ) -> None:
        self._aggregates = context.aggregates
        self._settled_lines = settled_lines
        self._questions = questions
        self._payments = payments
        self._cases = cases
        cases.confirm = self.simponi_knows

    async def ask_about(self, codes: Iterable[str]) -> Mapping[str, SimponiBilling | None]:
        """Return what SIMPONI knows of each code; all are asked about together, in few calls.

        Raises:
            UpstreamDown: it does not answer about one of them now.
        """
        wanted = list(dict.fromkeys(codes))
        asked = (self._questions.status(code, Urgency.ROUTINE) for code in wanted)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        answers_by_code: dict[str, SimponiBilling | None] = {}
        for code, answer in zip(wanted, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            answers_by_code[code] = answer
        return answers_by_code

    async def simponi_knows(self, receipt: Receipt) -> bool:
        """Return whether SIMPONI knows this payment with this amount: by its answer about the code, or, of a code that
        it does not know, by a settlement file of its own.

        Raises:
            UpstreamDown: it does not answer now.
        """
        billing = (await self.ask_about([receipt.billing_code]))[receipt.billing_code]
        if billing is not None:
            known = ((payment.ntpn, payment.amount) for payment in billing.payments)
            return (receipt.treasury_ntpn, receipt.treasury_amount) in known
        line = await self._settled_lines.settled_line(receipt.treasury_ntpn)
        return line is not None and (line.amount, line.billing_code) == (receipt.treasury_amount, receipt.billing_code)

    async def book_claimed(self, payment: Payment) -> None:
        """Book a claimed payment that SIMPONI confirmed, with the values that SIMPONI gives."""
        await self._payments.take(payment, SETTLEMENT, SimponiWord.CONFIRMED_CLAIM)

    async def open_unconfirmed_case(self, receipt: Receipt) -> None:
        """Open the case about money that is booked here and that SIMPONI does not know; never a second one."""
        await self._cases.open(PaymentCaseKind.RECEIPT_UNCONFIRMED, (receipt.ntpn,), about_receipt(receipt))

    async def confirm_unrecorded(self, receipt: Receipt) -> bool:
        """Ask SIMPONI for its word on an older receipt that has none; return whether it gave it.

        What it does not know becomes a case. Without an answer nothing changes: the next night asks again.
        """
        try:
            known = await self.simponi_knows(receipt)
        except UpstreamDown:
            return False
        if not known:
            await self.open_unconfirmed_case(receipt)
            return False
        word = SimponiWord.CONFIRMED_CLAIM
        await self._aggregates.change(RECEIPTS, receipt.ntpn, lambda state: Decision(receipts.give_word(state, word)))
        log.info("billing.receipt_confirmed", receipt_id=receipt.ntpn)
        return True
