"""Driving a receipt to where it rests: one outcome for every rupiah. Each step is written before the next begins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.billing.access import Offices
from services.billing.bills import model as bills
from services.billing.bills.model import Bill
from services.billing.receipts import model as receipts
from services.billing.receipts.model import Facts, Intent, IntentKind, Receipt
from services.billing.refunds import model as refunds
from services.billing.refunds.model import RefundCause, RefundReasons
from services.billing.repositories import BILLS, RECEIPTS, REFUNDS, Missing, Repository, states
from services.billing.rules import JAKARTA, Policies
from services.billing.simponi import Simponi
from services.billing.states import ENDED_BILLS, Decision, IllegalTransition, ReceiptState, RefundState
from shared.clock import Clock
from shared.errors import UpstreamDown
from shared.ids import derived_id
from shared.store.kinds import Record
from shared.store.port import VersionConflict

MOST_STEPS: Final = 20
"""Steps of one drive; each either moves the receipt on or meets a faster writer."""


class Known:
    """What a judgement rests on, with the versions that were read: a write on an older one is refused by the store."""

    def __init__(
        self,
        own: Record[Bill] | None,
        others: list[Record[Bill]],
        withdrawn: bool,
        withdrawn_at: datetime | None = None,
    ) -> None:
        self.own = own
        self.records = {record.id: record for record in ([own] if own else []) + others}
        self.facts = Facts(own.state if own else None, tuple(states(others)), withdrawn, withdrawn_at)


class Driver:
    """Judges receipts and does what was meant: the bill first, then the receipt."""

    def __init__(
        self, repository: Repository, simponi: Simponi, clock: Clock, policies: Policies, reasons: RefundReasons
    ) -> None:
        self._repository = repository
        self._simponi = simponi
        self._clock = clock
        self._policies = policies
        self._reasons = reasons
        self.on_unknown_code: Callable[[Receipt], Awaitable[None]] | None = None
        """Told of money on a code that belongs to no bill, before it goes back."""

    async def drive(self, ntpn: str) -> None:
        """Move a receipt on to where it rests."""
        await self._drive(await self._receipt(ntpn))

    async def drive_due(self, record: Record[Receipt]) -> None:
        """Move on a receipt that a crash or an unknown code left behind; here SIMPONI may be asked."""
        await self._drive(record, ask_simponi=True)

    async def _receipt(self, ntpn: str) -> Record[Receipt]:
        record = await self._repository.receipt(ntpn)
        if record is None:
            raise Missing(f"receipt {ntpn}")
        return record

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
        if application is None or not application.withdrawn:
            return Known(own, others, withdrawn=False)
        return Known(own, others, withdrawn=True, withdrawn_at=application.withdrawn_at)

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
            if self.on_unknown_code is not None:
                await self.on_unknown_code(receipt)
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
        refund_id = receipt.refund_id or derived_id("refund", receipt.ntpn)
        until = self._policies.refund.step_due(RefundState.OPENED, now)
        entry = receipt.refund_entries
        opened = refunds.open_refund(refund_id, await self._subject(receipt, bill), reason, now, until, entry=entry)
        if await self._repository.insert(REFUNDS, refund_id, opened) is None:
            await self._repository.change(REFUNDS, refund_id, lambda case: refunds.reopen(case, now, until, entry))
        if bill is not None:
            await self._stand_on_refund(bill, receipt)
        return await self._save(record, receipts.refund_recorded(receipt))

    async def _subject(self, receipt: Receipt, bill: Record[Bill] | None) -> refunds.Subject:
        """As `subject_of`, with the office of the application where the bill itself has no seat."""
        subject = subject_of(receipt, bill)
        if bill is None or subject.office_id is not None:
            return subject
        return replace(subject, office_id=await Offices(self._repository).of_bill(bill.state))

    async def _stand_on_refund(self, bill: Record[Bill], receipt: Receipt) -> None:
        def decide(state: Bill) -> Decision[Bill]:
            concerned = receipt.ntpn in (state.late_receipt_id, state.settled_by)
            return bills.stands_on_refund(state, receipt.refund_entries or None) if concerned else Decision(state)

        await self._repository.change(BILLS, bill.id, decide, first=bill)


def subject_of(receipt: Receipt, bill: Record[Bill] | None) -> refunds.Subject:
    """Whose money a case about this receipt is about: all that is left of it."""
    payer = bill.state.payer if bill else None
    seat = bill.state.seat if bill else None
    return refunds.Subject(
        receipt_id=receipt.ntpn,
        amount=receipt.remaining,
        application_id=payer.application_id if payer else None,
        account_id=payer.account_id if payer else None,
        bill_id=bill.id if bill else None,
        office_id=seat.office_id if seat else None,
    )
