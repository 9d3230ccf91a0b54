"""Receipts: from a notice or a poll to one outcome for every rupiah. Each step is written before the next begins."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.billing.domain import bill as bills
from services.billing.domain import receipt as receipts
from services.billing.domain import refund as refunds
from services.billing.domain.bill import Bill, Evidence, Standing
from services.billing.domain.policy import JAKARTA, Policies
from services.billing.domain.receipt import Facts, Intent, IntentKind, Payment, Receipt
from services.billing.domain.refund import RefundCause, RefundReasons
from services.billing.domain.states import (
    ENDED_BILLS,
    BillState,
    Decision,
    IllegalTransition,
    ReceiptState,
    RefundState,
)
from services.billing.repository import BILLS, RECEIPTS, REFUNDS, Missing, Repository, states
from services.billing.service.alerts import (
    LATE_MONEY_WAITS,
    RECEIPT_DIFFERS,
    SEAT_WITHOUT_MONEY,
    alert,
)
from services.billing.service.ports import Simponi
from shared.clock import Clock
from shared.errors import UpstreamDown
from shared.ids import derived_id
from shared.logs import get_logger
from shared.service import NotYet
from shared.store.kinds import Record
from shared.store.port import VersionConflict

log = get_logger(__name__)

MOST_STEPS: Final = 20
"""Steps of one drive; each either moves the receipt on or meets a faster writer."""


class Known:
    """What a judgement rests on, with the versions that were read: a write on an older one is refused by the store."""

    def __init__(self, own: Record[Bill] | None, others: list[Record[Bill]], withdrawn: bool) -> None:
        self.own = own
        self.records = {record.id: record for record in ([own] if own else []) + others}
        self.facts = Facts(own.state if own else None, tuple(states(others)), withdrawn)


class Money:
    """The use cases of receipts."""

    def __init__(
        self, repository: Repository, simponi: Simponi, clock: Clock, policies: Policies, reasons: RefundReasons
    ) -> None:
        self._repository = repository
        self._simponi = simponi
        self._clock = clock
        self._policies = policies
        self._reasons = reasons

    async def take_all(self, payments: tuple[Payment, ...], learnt_by: str) -> None:
        """Take every payment that SIMPONI tells of on a code."""
        for payment in payments:
            await self.take(payment, learnt_by)

    async def take(self, payment: Payment, learnt_by: str) -> None:
        """Take note of a payment, whether by push or by poll, once or often, early or late: one outcome."""
        if payment.ntpn is None:
            await self._note_bank_receipt(payment)
            return
        known = await self._repository.receipt(payment.ntpn)
        if known is not None:
            if not receipts.same_payment(known.state, payment):
                alert(RECEIPT_DIFFERS, receipt_id=payment.ntpn, learnt_by=learnt_by)
            await self._drive(known)
            return
        receipt = receipts.receive(payment, learnt_by, self._clock.now(), self._policies.receipt)
        found = await self._known(receipt)
        intent = receipts.judge(receipt, found.facts)
        receipt = self._meaning(receipt, intent, found)
        record = await self._repository.insert(RECEIPTS, receipt.ntpn, Decision(receipt))
        if record is None:
            await self.drive(receipt.ntpn)
            return
        log.info("billing.money_arrived", receipt_id=receipt.ntpn, learnt_by=learnt_by, intent=intent.kind.value)
        await self._drive(record, found)

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

    async def drive(self, ntpn: str) -> None:
        """Move a receipt on to where it rests."""
        await self._drive(await self._receipt(ntpn))

    async def _receipt(self, ntpn: str) -> Record[Receipt]:
        record = await self._repository.receipt(ntpn)
        if record is None:
            raise Missing(f"receipt {ntpn}")
        return record

    async def drive_due(self, record: Record[Receipt]) -> None:
        """Move on a receipt that a crash or an unknown code left behind; here SIMPONI may be asked."""
        await self._drive(record, ask_simponi=True)

    async def _drive(self, record: Record[Receipt], found: Known | None = None, *, ask_simponi: bool = False) -> None:
        for _ in range(MOST_STEPS):
            if record.state.at_rest:
                return
            try:
                moved = await self._step(record, found, ask_simponi)
                if moved is None:
                    return
                record = moved
            except (VersionConflict, IllegalTransition):
                record = await self._receipt(record.id)
            found = None
        raise VersionConflict(f"receipt {record.id} met faster writers {MOST_STEPS} times")

    async def _step(self, record: Record[Receipt], found: Known | None, ask_simponi: bool) -> Record[Receipt] | None:
        receipt = record.state
        if receipt.state == ReceiptState.IN_REFUND:
            return await self._record_refund(record)
        found = found or await self._known(receipt)
        intent = receipts.judge(receipt, found.facts)
        if intent.kind == IntentKind.WAIT:
            return await self._look_for_bill(record) if ask_simponi else None
        if intent.kind == IntentKind.REFUND:
            return await self._enter_refund(record, intent)
        if intent != receipt.intent:
            return await self._save(record, self._meaning(receipt, intent, found))
        return await self._do(record, intent, found)

    async def _do(self, record: Record[Receipt], intent: Intent, found: Known) -> Record[Receipt]:
        """Do what was meant: the bill first, then the receipt."""
        target = found.records[intent.bill_id or ""]
        receipt, now = record.state, self._clock.now()
        if intent.kind == IntentKind.ASK_SEAT:
            await self._ask_for_seat(target, receipt)
            waiting = receipts.await_seat(receipt, now, self._policies.receipt)
            return await self._repository.save(RECEIPTS, record, waiting)
        await self._pay(target, receipt, late=intent.kind == IntentKind.PAY_LATE)
        if found.own is not None and target.id != found.own.id:
            await self._supersede(found.own, target.id)
        return await self._repository.save(RECEIPTS, record, receipts.settle(receipt, target.id, now))

    async def _pay(self, target: Record[Bill], receipt: Receipt, *, late: bool) -> None:
        if target.state.settled_by == receipt.ntpn:
            return
        now = self._clock.now()
        pay = bills.pay_late if late else bills.pay
        decision = pay(target.state, receipt.ntpn, receipt.paid_at, now, self._policies.bill)
        await self._repository.save(BILLS, target, decision)

    async def _ask_for_seat(self, target: Record[Bill], receipt: Receipt) -> None:
        if target.state.late_receipt_id == receipt.ntpn:
            return
        await self._repository.save(BILLS, target, self._question(target.state, receipt))

    def _question(self, bill: Bill, receipt: Receipt) -> Decision[Bill]:
        now = self._clock.now()
        return bills.ask_for_seat(bill, receipt.ntpn, receipt.amount, receipt.paid_at, now, self._policies.bill)

    async def _supersede(self, own: Record[Bill], by_bill_id: str) -> None:
        if own.state.live or own.state.state in ENDED_BILLS:
            now = self._clock.now()
            await self._repository.save(BILLS, own, bills.supersede(own.state, by_bill_id, now, self._policies.bill))

    async def _known(self, receipt: Receipt, *, widely: bool = False) -> Known:
        own = await self._own_bill(receipt)
        if own is None:
            return Known(None, [], withdrawn=False)
        bill = own.state
        fits = bill.live and bill.amount == receipt.amount and bill.in_time(receipt.paid_at)
        if not widely and (fits or bill.settled_by is not None) and receipt.intent.bill_id in (None, own.id):
            return Known(own, [], withdrawn=False)
        application_id = bill.payer.application_id
        others = [each for each in await self._repository.bills_of(application_id) if each.id != own.id]
        application = await self._repository.application(application_id)
        return Known(own, others, withdrawn=application is not None and application.withdrawn)

    async def _own_bill(self, receipt: Receipt) -> Record[Bill] | None:
        if receipt.bill_id is not None:
            return await self._repository.bill(receipt.bill_id)
        return await self._repository.bill_of_code(receipt.billing_code)

    def _meaning(self, receipt: Receipt, intent: Intent, found: Known) -> Receipt:
        if found.own is None:
            return receipt
        meant = intent if intent.kind != IntentKind.REFUND else receipts.WAIT
        return receipts.mean(receipt, meant, found.own.id, self._clock.now(), self._policies.receipt)

    async def _save(self, record: Record[Receipt], receipt: Receipt) -> Record[Receipt]:
        return await self._repository.save(RECEIPTS, record, Decision(receipt))

    async def _look_for_bill(self, record: Record[Receipt]) -> Record[Receipt] | None:
        """A code that belongs to no bill: SIMPONI knows for whom it was issued, or the money goes back in the end."""
        receipt, now = record.state, self._clock.now()
        bill_id = await self._bill_by_reference(receipt.billing_code)
        if bill_id is not None:
            return await self._save(record, receipts.mean(receipt, receipts.WAIT, bill_id, now, self._policies.receipt))
        if receipts.gives_up_on_code(receipt, now, self._policies.receipt):
            unknown = Intent(IntentKind.REFUND, None, RefundCause.UNKNOWN_CODE.value)
            return await self._enter_refund(record, unknown)
        await self._save(record, receipts.drive_later(receipt, now, self._policies.receipt))
        return None

    async def _bill_by_reference(self, billing_code: str) -> str | None:
        try:
            billing = await self._simponi.status(billing_code)
        except UpstreamDown:
            return None
        if billing is None:
            return None
        bill_id = billing.reference.partition(".")[0]
        return bill_id if await self._repository.bill(bill_id) else None

    # refunds

    async def _enter_refund(self, record: Record[Receipt], intent: Intent) -> Record[Receipt]:
        """From this one write on the money is in refund; the case follows."""
        refund_id = derived_id("refund", record.id)
        now = self._clock.now()
        entered = receipts.enter_refund(record.state, intent, refund_id, now, self._policies.receipt)
        return await self._save(record, entered)

    async def _record_refund(self, record: Record[Receipt]) -> Record[Receipt]:
        receipt, now = record.state, self._clock.now()
        concerned = receipt.intent.bill_id
        bill = await self._repository.bill(concerned) if concerned is not None else None
        reason = self._reasons.reason(receipt.intent.reason or "", now.astimezone(JAKARTA).date())
        payer = bill.state.payer if bill else None
        refund_id = receipt.refund_id or derived_id("refund", receipt.ntpn)
        opened = refunds.open_refund(
            refund_id,
            receipt.ntpn,
            receipt.amount,
            reason,
            now,
            application_id=payer.application_id if payer else None,
            account_id=payer.account_id if payer else None,
            bill_id=bill.id if bill else None,
        )
        await self._repository.insert(REFUNDS, refund_id, opened)
        if bill is not None:
            await self._stand_on_refund(bill, receipt)
        return await self._save(record, receipts.refund_recorded(receipt))

    async def _stand_on_refund(self, bill: Record[Bill], receipt: Receipt) -> None:
        def decide(state: Bill) -> Decision[Bill]:
            concerned = receipt.ntpn in (state.late_receipt_id, state.settled_by)
            return bills.stands_on_refund(state) if concerned else Decision(state)

        await self._repository.change(BILLS, bill.id, decide, first=bill)

    # late money

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

    async def _without_seat(self, record: Record[Receipt]) -> None:
        known = await self._known(record.state, widely=True)
        intent = receipts.judge_without_seat(record.state, known.facts)
        if intent.kind == IntentKind.REFUND:
            await self._drive(await self._enter_refund(record, intent))
            return
        await self._do(record, intent, known)

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

    def _repeat_question(self, bill: Bill, receipt: Receipt) -> Decision[Bill]:
        sought = bill.late_receipt_id == receipt.ntpn and bill.standing == Standing.SEAT_SOUGHT
        return self._question(bill, receipt) if sought else Decision(bill)

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

    async def _money_of(self, bill_id: str) -> str:
        bill = await self._repository.bill(bill_id)
        if bill is None or bill.state.settled_by is None:
            raise Missing(f"the money of bill {bill_id}")
        return bill.state.settled_by

    def _seeking(self, receipt: Receipt) -> Decision[Receipt]:
        if receipt.state != ReceiptState.SETTLES_BILL:
            return Decision(receipt)
        return receipts.await_seat(receipt, self._clock.now(), self._policies.receipt)

    async def give_back(self, bill_id: str, cause: RefundCause) -> None:
        """The money of a paid bill goes back."""
        record = await self._receipt(await self._money_of(bill_id))
        if record.state.state == ReceiptState.SETTLES_BILL:
            intent = Intent(IntentKind.REFUND, bill_id, cause.value)
            record = await self._enter_refund(record, intent)
        await self._drive(record)
