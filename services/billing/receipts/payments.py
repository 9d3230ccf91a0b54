"""Payment intake: a payment is told by a notice, a poll or a file, once or often; it has one receipt."""

from __future__ import annotations

from services.billing.alerts import RECEIPT_DIFFERS, alert
from services.billing.bills import model as bills
from services.billing.bills.model import Evidence
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.context import UseCaseContext
from services.billing.joint_bills.repository import JointBillRepository
from services.billing.payment import Payment
from services.billing.receipts import model as receipts
from services.billing.receipts.model import Receipt, SimponiWord
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.receipts.repository import RECEIPTS, ReceiptRepository
from shared.logs import get_logger
from shared.store.decision import Decision
from shared.store.kinds import Record

log = get_logger(__name__)


class PaymentIntake:
    """Books payments as receipts and hands them to the processing."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        receipts: ReceiptRepository,
        processing: ReceiptProcessing,
        joint_bills: JointBillRepository,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._rules = context.rules
        self._bills = bills
        self._receipts = receipts
        self._processing = processing
        self._joint_bills = joint_bills

    async def take_all(self, payments: tuple[Payment, ...], learnt_by: str) -> None:
        """Book every payment that SIMPONI reports for a code."""
        for payment in payments:
            await self.take(payment, learnt_by)

    async def take(self, payment: Payment, learnt_by: str, word: SimponiWord | None = None) -> None:
        """Book a payment. Pushed or polled, once or often, early or late, it has one outcome.

        ``word`` is SIMPONI's own word for it where ``learnt_by`` does not tell.
        """
        if payment.ntpn is None:
            await self._note_bank_receipt(payment)
            return
        known = await self._receipts.receipt(payment.ntpn)
        if known is not None:
            if not receipts.same_payment(known.state, payment):
                alert(RECEIPT_DIFFERS, receipt_id=payment.ntpn, learnt_by=learnt_by)
            elif known.state.simponi_word is SimponiWord.UNRECORDED:
                known = await self._give_word(known, payment, learnt_by, word)
            await self._processing.drive_record(known)
            return
        receipt = receipts.receive(payment, learnt_by, self._clock.now(), self._rules.receipt, word)
        found = await self._processing.find_bills(receipt)
        intent = receipts.judge(receipt, found.facts)
        receipt = self._processing.with_intent(receipt, intent, found)
        record = await self._aggregates.insert(RECEIPTS, receipt.ntpn, Decision(receipt))
        if record is None:
            await self._processing.drive(receipt.ntpn)
            return
        log.info("billing.money_arrived", receipt_id=receipt.ntpn, learnt_by=learnt_by, intent=intent.kind.value)
        await self._processing.drive_record(record, found)

    async def _give_word(
        self, known: Record[Receipt], payment: Payment, learnt_by: str, word: SimponiWord | None
    ) -> Record[Receipt]:
        """Record SIMPONI's word on an older receipt that has none, as a new receipt would record it."""
        recorded = receipts.receive(payment, learnt_by, self._clock.now(), self._rules.receipt, word).word
        return await self._aggregates.change(
            RECEIPTS, known.id, lambda receipt: Decision(receipts.give_word(receipt, recorded)), first=known
        )

    async def _note_bank_receipt(self, payment: Payment) -> None:
        now = self._clock.now()
        record = await self._bills.bill_of_code(payment.billing_code)
        if record is not None:
            await self._note_evidence(record.id, Evidence(payment.ntb, payment.amount, payment.paid_at, now))
            return
        joint = await self._joint_bills.joint_bill_of_code(payment.billing_code)
        if joint is None or joint.state.amount != payment.amount:
            log.warning("billing.bank_receipt_without_bill")
            return
        for member in joint.state.members:
            await self._note_evidence(member.bill_id, Evidence(payment.ntb, member.amount, payment.paid_at, now))

    async def _note_evidence(self, bill_id: str, evidence: Evidence) -> None:
        await self._aggregates.change(
            BILLS, bill_id, lambda bill: bills.note_bank_receipt(bill, evidence, evidence.seen_at, self._rules.bill)
        )

    async def knows_code(self, billing_code: str) -> bool:
        """Return whether the code belongs to a bill or a joint bill."""
        if await self._bills.bill_of_code(billing_code) is not None:
            return True
        return await self._joint_bills.joint_bill_of_code(billing_code) is not None
