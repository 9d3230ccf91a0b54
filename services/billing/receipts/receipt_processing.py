"""Receipts: from a notice or a poll to one outcome for every rupiah."""

from __future__ import annotations

from dataclasses import replace

from services.billing.alerts import RECEIPT_DIFFERS, REFUND_MONEY_MISSING, alert
from services.billing.bills import model as bills
from services.billing.bills.model import Evidence
from services.billing.ledger.model import Account
from services.billing.receipts import model as receipts
from services.billing.receipts.driving import Known
from services.billing.receipts.late_payments import LateMoney
from services.billing.receipts.model import Intent, IntentKind, Payment, Receipt, SimponiWord
from services.billing.receipts.withdrawal import paid_after
from services.billing.refunds import model as refunds
from services.billing.refunds.model import RefundCause
from services.billing.repositories import BILLS, RECEIPTS, REFUNDS
from services.billing.rules import JAKARTA
from services.billing.states import BillState, Decision, ReceiptState, RefundState
from shared.ids import derived_id
from shared.logs import get_logger
from shared.store.kinds import Record

log = get_logger(__name__)


class Money(LateMoney):
    """The use cases of receipts."""

    async def take_all(self, payments: tuple[Payment, ...], learnt_by: str) -> None:
        """Take every payment that SIMPONI tells of on a code."""
        for payment in payments:
            await self.take(payment, learnt_by)

    async def take(self, payment: Payment, learnt_by: str, word: SimponiWord | None = None) -> None:
        """Take note of a payment, whether by push or by poll, once or often, early or late: one outcome.

        ``word`` is SIMPONI's own word for it where ``learnt_by`` does not tell.
        """
        if payment.ntpn is None:
            await self._note_bank_receipt(payment)
            return
        known = await self._repository.receipt(payment.ntpn)
        if known is not None:
            if not receipts.same_payment(known.state, payment):
                alert(RECEIPT_DIFFERS, receipt_id=payment.ntpn, learnt_by=learnt_by)
            elif known.state.simponi_word is SimponiWord.UNRECORDED:
                known = await self._give_word(known, payment, learnt_by, word)
            await self._drive(known)
            return
        receipt = receipts.receive(payment, learnt_by, self._clock.now(), self._policies.receipt, word)
        found = await self._known(receipt)
        intent = receipts.judge(receipt, found.facts)
        receipt = self._meaning(receipt, intent, found)
        record = await self._repository.insert(RECEIPTS, receipt.ntpn, Decision(receipt))
        if record is None:
            await self.drive(receipt.ntpn)
            return
        log.info("billing.money_arrived", receipt_id=receipt.ntpn, learnt_by=learnt_by, intent=intent.kind.value)
        await self._drive(record, found)

    async def _give_word(
        self, known: Record[Receipt], payment: Payment, learnt_by: str, word: SimponiWord | None
    ) -> Record[Receipt]:
        """SIMPONI's word for an older receipt that had none: what a receipt of now would record."""
        said = receipts.receive(payment, learnt_by, self._clock.now(), self._policies.receipt, word).word
        return await self._repository.change(
            RECEIPTS, known.id, lambda receipt: Decision(receipts.give_word(receipt, said)), first=known
        )

    async def _note_bank_receipt(self, payment: Payment) -> None:
        record = await self._repository.bill_of_code(payment.billing_code)
        if record is None:
            log.warning("billing.bank_receipt_without_bill")
            return
        now = self._clock.now()
        evidence = Evidence(payment.ntb, payment.amount, payment.paid_at, now)
        await self._repository.change(
            BILLS,
            record.id,
            lambda bill: bills.note_bank_receipt(bill, evidence, now, self._policies.bill),
            first=record,
        )

    async def _do(self, record: Record[Receipt], intent: Intent, found: Known) -> Record[Receipt]:
        done = await super()._do(record, intent, found)
        if intent.kind != IntentKind.PAY_LATE or intent.bill_id is None:
            return done
        await self.give_back_if_withdrawn_before(intent.bill_id)
        return await self._receipt(record.id)

    async def give_back(self, bill_id: str, cause: RefundCause) -> None:
        """The money of a paid bill goes back; a receipt that a crash left midway settles first.

        Money that has won a seat at this moment stays with it: who confirms that seat decides anew.
        """
        ntpn = await self._money_of(bill_id)
        await self.drive(ntpn)
        record = await self._receipt(ntpn)
        seeks = record.state.state == ReceiptState.AWAITS_SEAT and record.state.seat_won is None
        if record.state.remaining > 0 and (record.state.state == ReceiptState.SETTLES_BILL or seeks):
            intent = Intent(IntentKind.REFUND, bill_id, cause.value)
            record = await self._enter_refund(record, intent)
        await self._drive(record)

    async def give_back_if_withdrawn_before(self, bill_id: str) -> None:
        """Money that was paid after the withdrawal of its application goes back, whichever was heard first.

        Whoever writes the payment, the withdrawal or the seat's end looks here afterwards, so the last one sees all.
        """
        record = await self._repository.bill(bill_id)
        if record is None or record.state.state != BillState.PAID or record.state.paid_at is None:
            return
        application = await self._repository.application(record.state.payer.application_id)
        if application is not None and paid_after(record.state.paid_at, application.withdrawn_at):
            await self.give_back(bill_id, RefundCause.PAID_AFTER_WITHDRAWAL)

    async def give_back_part(
        self, bill_id: str, amount: int, seed: str, cause: RefundCause = RefundCause.WRONG_AMOUNT
    ) -> str | None:
        """A part of a paid bill's money goes back, and what the bill stands on stays; the same seed is the same case.

        The receipt holds the part first, so that no two cases can have the same rupiah (I5); None: so much is not left.
        """
        ntpn = await self._money_of(bill_id)
        refund_id = derived_id("refund", ntpn, seed)
        now = self._clock.now()
        memo = f"refund {refund_id}: {cause.value}"
        try:
            held = await self._repository.change(
                RECEIPTS,
                ntpn,
                lambda receipt: Decision(
                    receipt
                    if receipt.share(refund_id)
                    else receipts.book(receipt, refund_id, amount, Account.REFUND_DUE, memo, now)
                ),
            )
        except receipts.NothingLeft:
            alert(REFUND_MONEY_MISSING, refund_id=refund_id)
            return None
        reason = self._reasons.reason(cause.value, now.astimezone(JAKARTA).date())
        bill = await self._repository.bill(bill_id)
        until = self._policies.refund.step_due(RefundState.OPENED, now)
        subject = replace(await self._subject(held.state, bill), amount=amount, whole=False)
        await self._repository.insert(REFUNDS, refund_id, refunds.open_refund(refund_id, subject, reason, now, until))
        return refund_id
