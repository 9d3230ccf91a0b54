"""Processes a receipt until it is at rest: one outcome for every rupiah. Each step is stored before the next begins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.billing.alerts import REFUND_MONEY_MISSING, alert
from services.billing.bills import model as bills
from services.billing.bills.application_repository import ApplicationRepository
from services.billing.bills.model import Bill
from services.billing.bills.offices import BillOffices
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.bills.states import ENDED_BILLS, BillState
from services.billing.context import UseCaseContext
from services.billing.joint_bills import model as joint_bills
from services.billing.joint_bills.model import JointBill
from services.billing.joint_bills.repository import JOINT_BILLS, JointBillRepository
from services.billing.ledger.model import Account
from services.billing.receipts import model as receipts
from services.billing.receipts.model import Facts, Intent, IntentKind, Receipt
from services.billing.receipts.ports import RefundOpener
from services.billing.receipts.refund_subject import RefundCause, RefundSubject
from services.billing.receipts.repository import RECEIPTS, ReceiptRepository
from services.billing.receipts.states import ReceiptState
from services.billing.receipts.withdrawal import paid_after
from services.billing.simponi import Simponi
from services.billing.store_part import Missing, states
from shared.errors import UpstreamDown
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import VersionConflict
from shared.store.transitions import IllegalTransition

MOST_STEPS: Final = 20
"""Steps of one drive; each either moves the receipt on or meets a faster writer."""


class ReceiptBills:
    """The bills that a receipt is judged by, with the versions read: the store refuses a write on an older one."""

    def __init__(
        self,
        own: Record[Bill] | None,
        others: list[Record[Bill]],
        withdrawn: bool,
        withdrawn_at: datetime | None = None,
        joint: JointBill | None = None,
    ) -> None:
        self.own = own
        self.joint = joint
        self.records = {record.id: record for record in ([own] if own else []) + others}
        self.facts = Facts(own.state if own else None, tuple(states(others)), withdrawn, withdrawn_at, joint)


class ReceiptProcessing:
    """Judges receipts, carries out their intents and refunds money: the bill is written first, then the receipt."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        receipts: ReceiptRepository,
        applications: ApplicationRepository,
        offices: BillOffices,
        refunds: RefundOpener,
        simponi: Simponi,
        joint_bills: JointBillRepository,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._rules = context.rules
        self._bills = bills
        self._receipts = receipts
        self._applications = applications
        self._offices = offices
        self._refunds = refunds
        self._simponi = simponi
        self._joint_bills = joint_bills
        self.on_unknown_code: Callable[[Receipt], Awaitable[None]] | None = None
        """Called with a receipt on a code that belongs to no bill, before it is refunded."""

    async def drive(self, ntpn: str) -> None:
        """Process a receipt until it is at rest."""
        await self.drive_record(await self.get(ntpn))

    async def drive_due(self, record: Record[Receipt]) -> None:
        """Process a receipt that a crash or an unknown code left unfinished; SIMPONI may be asked."""
        await self.drive_record(record, ask_simponi=True)

    async def get(self, ntpn: str) -> Record[Receipt]:
        """Return the receipt of that NTPN.

        Raises:
            Missing: there is none.
        """
        record = await self._receipts.receipt(ntpn)
        if record is None:
            raise Missing(f"receipt {ntpn}")
        return record

    async def drive_record(
        self, record: Record[Receipt], found: ReceiptBills | None = None, *, ask_simponi: bool = False
    ) -> None:
        """Process a receipt from this version; ``found`` are its bills if they were read already.

        Raises:
            VersionConflict: other writers were faster at every step.
        """
        for _ in range(MOST_STEPS):
            if record.state.at_rest:
                return
            try:
                moved = await self._step(record, found, ask_simponi)
                if moved is None:
                    return
                record = moved
            except (VersionConflict, IllegalTransition):
                record = await self.get(record.id)
            found = None
        raise VersionConflict(f"receipt {record.id} met faster writers {MOST_STEPS} times")

    async def _step(
        self, record: Record[Receipt], found: ReceiptBills | None, ask_simponi: bool
    ) -> Record[Receipt] | None:
        receipt = record.state
        if receipt.state == ReceiptState.IN_REFUND:
            return await self._record_refund(record)
        found = found or await self.find_bills(receipt)
        intent = receipts.judge(receipt, found.facts)
        if intent.kind == IntentKind.WAIT:
            return await self._look_for_bill(record) if ask_simponi else None
        if intent.kind == IntentKind.REFUND:
            return await self.enter_refund(record, intent)
        if intent != receipt.intent:
            return await self._save(record, self.with_intent(receipt, intent, found))
        return await self.carry_out(record, intent, found)

    async def carry_out(self, record: Record[Receipt], intent: Intent, found: ReceiptBills) -> Record[Receipt]:
        """Carry out the intent: the bill first, then the receipt. Return the new receipt."""
        done = await self._write_outcome(record, intent, found)
        if intent.kind != IntentKind.PAY_LATE or intent.bill_id is None:
            return done
        await self.give_back_if_withdrawn_before(intent.bill_id)
        return await self.get(record.id)

    async def _divide(self, record: Record[Receipt], joint: JointBill) -> Record[Receipt]:
        """Make a receipt of each part, note the payment on the joint bill, then mark the receipt as divided.

        Each part is processed by itself from here; a crash leaves that to its own deadline.
        """
        now, policy = self._clock.now(), self._rules.receipt
        parts = receipts.divide(record.state, joint, now, policy)
        for part in parts:
            await self._aggregates.insert(RECEIPTS, part.ntpn, Decision(part))
        await self._aggregates.change(
            JOINT_BILLS,
            joint.joint_bill_id,
            lambda known: joint_bills.pay(known, record.id, record.state.paid_at, now, self._rules.bill),
        )
        saved = await self._aggregates.save(RECEIPTS, record, receipts.divided(record.state, joint.joint_bill_id, now))
        for part in parts:
            await self.drive(part.ntpn)
        return saved

    async def _write_outcome(self, record: Record[Receipt], intent: Intent, found: ReceiptBills) -> Record[Receipt]:
        if intent.kind == IntentKind.DIVIDE and found.joint is not None:
            return await self._divide(record, found.joint)
        target = found.records[intent.bill_id or ""]
        receipt, now = record.state, self._clock.now()
        if intent.kind == IntentKind.ASK_SEAT:
            await self._ask_for_seat(target, receipt)
            waiting = receipts.await_seat(receipt, now, self._rules.receipt)
            return await self._aggregates.save(RECEIPTS, record, waiting)
        await self._pay(target, receipt, late=intent.kind == IntentKind.PAY_LATE)
        if found.own is not None and target.id != found.own.id:
            await self._supersede(found.own, target.id)
        return await self._aggregates.save(RECEIPTS, record, receipts.settle(receipt, target.id, now))

    async def _pay(self, target: Record[Bill], receipt: Receipt, *, late: bool) -> None:
        if target.state.settled_by == receipt.ntpn:
            return
        now = self._clock.now()
        pay = bills.pay_late if late else bills.pay
        decision = pay(target.state, receipt.ntpn, receipt.paid_at, now, self._rules.bill, payment=receipt.payment)
        await self._aggregates.save(BILLS, target, decision)

    async def _ask_for_seat(self, target: Record[Bill], receipt: Receipt) -> None:
        if target.state.late_receipt_id == receipt.ntpn:
            return
        await self._aggregates.save(BILLS, target, self.seat_question(target.state, receipt))

    def seat_question(self, bill: Bill, receipt: Receipt) -> Decision[Bill]:
        """Return the decision to ask scheduling for a seat for this money; a repeat asks again."""
        now = self._clock.now()
        return bills.ask_for_seat(bill, receipt.ntpn, receipt.amount, receipt.paid_at, now, self._rules.bill)

    async def _supersede(self, own: Record[Bill], by_bill_id: str) -> None:
        if own.state.live or own.state.state in ENDED_BILLS:
            now = self._clock.now()
            await self._aggregates.save(BILLS, own, bills.supersede(own.state, by_bill_id, now, self._rules.bill))

    async def find_bills(self, receipt: Receipt, *, widely: bool = False) -> ReceiptBills:
        """Return the receipt's bill and, if they matter or with ``widely``, the other bills of its application."""
        own = await self._own_bill(receipt)
        if own is None:
            joint = await self._own_joint_bill(receipt)
            return ReceiptBills(None, [], withdrawn=False, joint=joint.state if joint else None)
        bill = own.state
        fits = bill.live and bill.amount == receipt.amount and bill.in_time(receipt.paid_at)
        if not widely and (fits or bill.settled_by is not None) and receipt.intent.bill_id in (None, own.id):
            return ReceiptBills(own, [], withdrawn=False)
        application_id = bill.payer.application_id
        others = [record for record in await self._bills.bills_of(application_id) if record.id != own.id]
        application = await self._applications.application(application_id)
        if application is None or not application.withdrawn:
            return ReceiptBills(own, others, withdrawn=False)
        return ReceiptBills(own, others, withdrawn=True, withdrawn_at=application.withdrawn_at)

    async def _own_bill(self, receipt: Receipt) -> Record[Bill] | None:
        if receipt.bill_id is not None:
            return await self._bills.bill(receipt.bill_id)
        return await self._bills.bill_of_code(receipt.billing_code)

    async def _own_joint_bill(self, receipt: Receipt) -> Record[JointBill] | None:
        if receipt.joint_bill_id is not None:
            return await self._joint_bills.joint_bill(receipt.joint_bill_id)
        return await self._joint_bills.joint_bill_of_code(receipt.billing_code)

    def with_intent(self, receipt: Receipt, intent: Intent, found: ReceiptBills) -> Receipt:
        """Return the receipt with this intent and the bill that its code belongs to."""
        if found.own is None and found.joint is None:
            return receipt
        meant = intent if intent.kind != IntentKind.REFUND else receipts.WAIT
        bill_id = found.own.id if found.own is not None else None
        return receipts.record_intent(receipt, meant, bill_id, self._clock.now(), self._rules.receipt)

    async def _save(self, record: Record[Receipt], receipt: Receipt) -> Record[Receipt]:
        return await self._aggregates.save(RECEIPTS, record, Decision(receipt))

    async def _look_for_bill(self, record: Record[Receipt]) -> Record[Receipt] | None:
        """Find the bill of an unknown code with SIMPONI's help; after the last try, refund the money."""
        receipt, now = record.state, self._clock.now()
        owner_id = await self._owner_by_reference(receipt.billing_code)
        bill_id = owner_id if owner_id is not None and await self._bills.bill(owner_id) is not None else None
        if owner_id is not None and bill_id is None and await self._joint_bills.joint_bill(owner_id) is not None:
            return await self._save(record, replace(receipt, joint_bill_id=owner_id))
        if bill_id is not None:
            return await self._save(
                record, receipts.record_intent(receipt, receipts.WAIT, bill_id, now, self._rules.receipt)
            )
        if receipts.gives_up_on_code(receipt, now, self._rules.receipt):
            if self.on_unknown_code is not None:
                await self.on_unknown_code(receipt)
            unknown = Intent(IntentKind.REFUND, None, RefundCause.UNKNOWN_CODE.value)
            return await self.enter_refund(record, unknown)
        await self._save(record, receipts.drive_later(receipt, now, self._rules.receipt))
        return None

    async def _owner_by_reference(self, billing_code: str) -> str | None:
        """Return the bill or joint bill that SIMPONI gave the code for, by its own word."""
        try:
            billing = await self._simponi.status(billing_code)
        except UpstreamDown:
            return None
        if billing is None:
            return None
        return billing.reference.partition(".")[0]

    # refunds

    async def give_back(self, bill_id: str, cause: RefundCause) -> None:
        """Refund the money of a paid bill; a receipt that a crash left midway settles first.

        Money that has just won a seat stays with it: the confirmation of that seat decides again.
        """
        ntpn = await self.receipt_of_bill(bill_id)
        await self.drive(ntpn)
        record = await self.get(ntpn)
        seeks = record.state.state == ReceiptState.AWAITS_SEAT and record.state.seat_won is None
        if record.state.remaining > 0 and (record.state.state == ReceiptState.SETTLES_BILL or seeks):
            intent = Intent(IntentKind.REFUND, bill_id, cause.value)
            record = await self.enter_refund(record, intent)
        await self.drive_record(record)

    async def give_back_if_withdrawn_before(self, bill_id: str) -> None:
        """Refund money that was paid after the withdrawal of its application, in whatever order the events came.

        Each writer of the payment, the withdrawal or the seat's end calls this afterwards, so the last one sees all.
        """
        record = await self._bills.bill(bill_id)
        if record is None or record.state.state != BillState.PAID or record.state.paid_at is None:
            return
        application = await self._applications.application(record.state.payer.application_id)
        if application is not None and paid_after(record.state.paid_at, application.withdrawn_at):
            await self.give_back(bill_id, RefundCause.PAID_AFTER_WITHDRAWAL)

    async def give_back_part(
        self, bill_id: str, amount: int, seed: str, cause: RefundCause = RefundCause.WRONG_AMOUNT
    ) -> str | None:
        """Refund a part of a paid bill's money; the bill keeps its appointment. The same seed is the same case.

        The receipt holds the part first, so that no two cases hold the same rupiah (I5). None: too little is left.
        """
        ntpn = await self.receipt_of_bill(bill_id)
        refund_id = derived_id("refund", ntpn, seed)
        now = self._clock.now()
        memo = f"refund {refund_id}: {cause.value}"
        try:
            held = await self._aggregates.change(
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
        bill = await self._bills.bill(bill_id)
        subject = replace(await self._subject(held.state, bill), amount=amount, whole=False)
        await self._refunds.open(refund_id, subject, cause.value, now)
        return refund_id

    async def receipt_of_bill(self, bill_id: str) -> str:
        """Return the NTPN of the money that pays a bill.

        Raises:
            Missing: nothing pays it.
        """
        bill = await self._bills.bill(bill_id)
        if bill is None or bill.state.settled_by is None:
            raise Missing(f"the money of bill {bill_id}")
        return bill.state.settled_by

    async def enter_refund(self, record: Record[Receipt], intent: Intent) -> Record[Receipt]:
        """Put the money into refund with one write; the refund case follows."""
        refund_id = derived_id("refund", record.id)
        now = self._clock.now()
        entered = receipts.enter_refund(record.state, intent, refund_id, now, self._rules.receipt)
        return await self._save(record, entered)

    async def _record_refund(self, record: Record[Receipt]) -> Record[Receipt]:
        receipt, now = record.state, self._clock.now()
        concerned = receipt.intent.bill_id
        bill = await self._bills.bill(concerned) if concerned is not None else None
        refund_id = receipt.refund_id or derived_id("refund", receipt.ntpn)
        subject = await self._subject(receipt, bill)
        await self._refunds.open_or_reopen(refund_id, subject, receipt.intent.reason or "", now, receipt.refund_entries)
        if bill is not None:
            await self._stand_on_refund(bill, receipt)
        return await self._save(record, receipts.refund_recorded(receipt))

    async def _subject(self, receipt: Receipt, bill: Record[Bill] | None) -> RefundSubject:
        """As `subject_of`, with the office of the application if the bill has no seat."""
        subject = subject_of(receipt, bill)
        if bill is None or subject.office_id is not None:
            return subject
        return replace(subject, office_id=await self._offices.of_bill(bill.state))

    async def _stand_on_refund(self, bill: Record[Bill], receipt: Receipt) -> None:
        def decide(state: Bill) -> Decision[Bill]:
            concerned = receipt.ntpn in (state.late_receipt_id, state.settled_by)
            return bills.stands_on_refund(state, receipt.refund_entries or None) if concerned else Decision(state)

        await self._aggregates.change(BILLS, bill.id, decide, first=bill)


def subject_of(receipt: Receipt, bill: Record[Bill] | None) -> RefundSubject:
    """Return the subject of a refund case about all that is left of this receipt."""
    payer = bill.state.payer if bill else None
    seat = bill.state.seat if bill else None
    return RefundSubject(
        receipt_id=receipt.ntpn,
        amount=receipt.remaining,
        application_id=payer.application_id if payer else None,
        account_id=payer.account_id if payer else None,
        bill_id=bill.id if bill else None,
        office_id=seat.office_id if seat else None,
    )
