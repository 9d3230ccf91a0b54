"""The running rules of money, checked the same way in tests and in production: I3, I4, I5 and I13."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from services.billing.alerts import MONEY_RULE_BROKEN, alert
from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.repository import BillRepository
from services.billing.bills.states import BillState
from services.billing.cases.payment_confirmation import PaymentConfirmation
from services.billing.credits.model import Credit, is_sound
from services.billing.credits.repository import CreditRepository
from services.billing.joint_bills.repository import JointBillRepository
from services.billing.ledger.model import Account
from services.billing.payment import PART
from services.billing.receipts.model import ACCOUNT_OF, Receipt, SimponiWord, ledger_faults
from services.billing.receipts.repository import ReceiptRepository
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.model import Refund
from services.billing.refunds.repository import RefundRepository
from services.billing.refunds.states import RefundState
from services.billing.refunds.transitions import account_for
from shared.calendar.working_days import JAKARTA
from shared.clock import Clock
from shared.logs import get_logger
from shared.service import InvariantReport
from shared.store.kinds import Record

MOST_NAMED: Final = 100
MOST_TOLD: Final = 10
"""Ids in one alert; the rest is at /health/invariants."""

NIGHT_HOUR: Final = 2
"""In Jakarta: the hour in which the rules are checked."""

LOOKS: Final = 2
"""A rule over two documents is looked at again before it counts as broken: they are read one after the other."""

log = get_logger(__name__)

_GOING_BACK: Final = frozenset(
    {ReceiptState.IN_REFUND, ReceiptState.REFUNDED, ReceiptState.CREDITED, ReceiptState.RETAINED}
)


class MoneyChecks:
    """The checks; each streams over one kind and reads what it refers to."""

    def __init__(
        self,
        clock: Clock,
        bills: BillRepository,
        receipts: ReceiptRepository,
        refunds: RefundRepository,
        confirming: PaymentConfirmation,
        joint_bills: JointBillRepository,
        stored_credits: CreditRepository,
    ) -> None:
        self._clock = clock
        self._bills = bills
        self._receipts = receipts
        self._refunds = refunds
        self._joint_bills = joint_bills
        self._credits = stored_credits
        self.more_rules: Mapping[str, Callable[[], Awaitable[InvariantReport]]] = {}
        """Rules of others that are checked each night too."""
        self._confirming = confirming

    async def nightly(self) -> None:
        """Check every rule once a night, and alert the operators about the ids that break one."""
        if self._clock.now().astimezone(JAKARTA).hour != NIGHT_HOUR:
            return
        rules = {
            "I3": self.every_rupiah_is_in_one_place,
            "I4": self.every_paid_bill_leads_somewhere,
            "I5": self.no_refund_exceeds_its_receipt,
            **self.more_rules,
            "I13": self.every_receipt_has_simponis_word,
        }
        await self._ask_for_missing_words()
        for rule, check in rules.items():
            report = await check()
            if not report.holds:
                alert(MONEY_RULE_BROKEN, rule=rule, broken=list(report.broken[:MOST_TOLD]))
            log.info("billing.rule_checked", rule=rule, checked=report.checked, holds=report.holds)

    async def every_rupiah_is_in_one_place(self) -> InvariantReport:
        """I3: each receipt's postings chain, balance and end on the account of its state, and others agree with it."""
        return await report_on(self._receipts.all_receipts(), self._receipt_is_sound)

    async def every_paid_bill_leads_somewhere(self) -> InvariantReport:
        """I4: a paid bill has its money and exactly one of appointment, search for a seat, refund, closed."""
        return await report_on(self._bills.all_bills(), self._paid_bill_is_sound)

    async def no_refund_exceeds_its_receipt(self) -> InvariantReport:
        """I5: one case per receipt, for no more than it holds; and no credit is used for more than it holds."""
        refunds = await report_on(self._refunds.all_refunds(), self._refund_is_sound)
        uses = await report_on(self._credits.all_credits(), self._credit_is_sound)
        return InvariantReport(refunds.checked + uses.checked, (*refunds.broken, *uses.broken)[:MOST_NAMED])

    async def every_receipt_has_simponis_word(self) -> InvariantReport:
        """I13: each receipt records how SIMPONI itself told of it: a notice, an answer, a file of its own."""
        return await report_on(self._receipts.all_receipts(), self._has_a_word)

    async def _has_a_word(self, record: Record[Receipt]) -> bool:
        return record.state.simponi_word is not SimponiWord.UNRECORDED

    async def _ask_for_missing_words(self) -> None:
        """Ask SIMPONI about older receipts that settlement files told of, before words were recorded."""
        async for record in self._receipts.all_receipts():
            if not await self._has_a_word(record):
                await self._confirming.confirm_unrecorded(record.state)

    async def _receipt_is_sound(self, record: Record[Receipt]) -> bool:
        for _ in range(LOOKS):
            newest = await self._receipts.receipt(record.id)
            if newest is None or ledger_faults(newest.state):
                return False
            if await self._others_agree(newest.state):
                return True
        return False

    async def _others_agree(self, receipt: Receipt) -> bool:
        if receipt.state == ReceiptState.SETTLES_BILL:
            bill = await self._bills.bill(receipt.settles_bill_id or "")
            return bill is not None and bill.state.settled_by == receipt.ntpn
        if receipt.state == ReceiptState.IN_REFUND and receipt.refund_recorded:
            refund = await self._refunds.refund(receipt.refund_id or "")
            return refund is not None and refund.state.receipt_id == receipt.ntpn
        return receipt.state != ReceiptState.DIVIDED or await self._parts_are_the_whole(receipt)

    async def _parts_are_the_whole(self, receipt: Receipt) -> bool:
        joint = await self._joint_bills.joint_bill(receipt.joint_bill_id or "")
        numbers = [member.number for member in joint.state.members] if joint is not None else []
        parts = [await self._receipts.receipt(f"{receipt.ntpn}{PART}{number}") for number in numbers]
        return sum(part.state.amount for part in parts if part is not None) == receipt.amount

    async def _credit_is_sound(self, record: Record[Credit]) -> bool:
        for _ in range(LOOKS):
            newest = await self._credits.credit(record.id)
            if newest is not None and is_sound(newest.state) and await self._draws_have_receipts(newest.state):
                return True
        return False

    async def _draws_have_receipts(self, credit: Credit) -> bool:
        for draw in credit.draws[: credit.booked]:
            receipt = await self._receipts.receipt(credit.receipt_of(draw))
            drawn = (receipt.state.drawn_from, receipt.state.amount) if receipt is not None else None
            if drawn != (Account.CREDITED, draw.amount):
                return False
        return True

    async def _paid_bill_is_sound(self, record: Record[Bill]) -> bool:
        if record.state.state != BillState.PAID:
            return True
        for _ in range(LOOKS):
            newest = await self._bills.bill(record.id)
            if newest is not None and await self._has_money_and_end(newest.state):
                return True
        return False

    async def _has_money_and_end(self, bill: Bill) -> bool:
        receipt = await self._receipts.receipt(bill.settled_by or "")
        if receipt is None or bill.standing is None or receipt.state.amount != bill.amount:
            return False
        money = receipt.state
        if money.state == ReceiptState.SETTLES_BILL and money.settles_bill_id != bill.bill_id:
            return False
        going_back = money.state in _GOING_BACK and money.refund_recorded
        return {
            BillOutcome.APPOINTMENT: bill.seat is not None and not going_back,
            BillOutcome.SPECIAL_RESCHEDULE: bill.special is not None and not going_back,
            BillOutcome.SEAT_SOUGHT: bill.late_receipt_id == bill.settled_by,
            BillOutcome.REFUND: money.state in _GOING_BACK or await self._is_asked_back(money.ntpn),
            BillOutcome.CLOSED: bill.closed_reason is not None,
        }[bill.standing]

    async def _is_asked_back(self, ntpn: str) -> bool:
        ended = (RefundState.REFUSED, RefundState.WITHDRAWN)
        return any(case.state.state not in ended for case in await self._refunds.refunds_on(ntpn))

    async def _refund_is_sound(self, record: Record[Refund]) -> bool:
        for _ in range(LOOKS):
            newest = await self._refunds.refund(record.id)
            if newest is not None and await self._receipt_shows(newest.state):
                return True
        return False

    async def _receipt_shows(self, refund: Refund) -> bool:
        """Return whether the receipt holds what the case says, and all cases together hold no more than it."""
        receipt = await self._receipts.receipt(refund.receipt_id)
        if receipt is None or not 0 < refund.amount <= receipt.state.amount or receipt.state.remaining < 0:
            return False
        wanted = account_for(refund)
        if wanted is None or not refund.booked:
            return True
        share = receipt.state.share(refund.refund_id)
        if share is not None:
            return (share.account, share.amount) == (wanted, refund.amount)
        return receipt.state.refund_id == refund.refund_id and ACCOUNT_OF[receipt.state.state] == wanted


async def report_on(
    records: AsyncIterator[Record[Any]], sound: Callable[[Record[Any]], Awaitable[bool]]
) -> InvariantReport:
    """Check each record and return the report; at most `MOST_NAMED` broken ones are named."""
    checked, broken = 0, list[str]()
    async for record in records:
        checked += 1
        if not await sound(record) and len(broken) < MOST_NAMED:
            broken.append(record.id)
    return InvariantReport(checked, tuple(broken))
