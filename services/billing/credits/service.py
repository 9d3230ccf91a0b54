"""Use cases of credits: read them, pay a bill with one, have the rest paid out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.billing.access import may_see
from services.billing.bills.model import Bill
from services.billing.bills.own_bill import OwnBills
from services.billing.bills.states import BillState
from services.billing.context import UseCaseContext
from services.billing.credits import model as credit_model
from services.billing.credits.credit_ids import payout_id_of
from services.billing.credits.errors import BillNotForCredit, CreditIsUsedUp, CreditTooSmall, CreditUnknown
from services.billing.credits.model import Credit, Draw
from services.billing.credits.repository import CREDITS, CreditRepository
from services.billing.ledger.model import Account
from services.billing.receipts import model as receipts
from services.billing.receipts.model import Intent, IntentKind, Receipt
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.receipts.refund_subject import RefundCause
from services.billing.receipts.repository import RECEIPTS
from services.billing.store_part import states
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller

PAYABLE: Final = frozenset({BillState.REQUESTED, BillState.ISSUED})


class CreditService:
    """Read and use the credits of the caller's account."""

    def __init__(
        self, context: UseCaseContext, stored: CreditRepository, own_bills: OwnBills, processing: ReceiptProcessing
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.receipt
        self._credits = stored
        self._own_bills = own_bills
        self._processing = processing

    async def credits(self, caller: Caller) -> list[Credit]:
        """Return the credits of the caller's account, and of those that were joined into it."""
        return states(await self._credits.credits_of(caller.account_ids))

    async def credit(self, caller: Caller, credit_id: str) -> Credit:
        """Return one credit.

        Raises:
            CreditUnknown: there is none, or it is another account's.
        """
        return (await self._find_own(caller, credit_id)).state

    async def pay_bill(self, caller: Caller, credit_id: str, bill_id: str, command_id: str) -> Credit:
        """Pay a bill with a credit; what is left stays. A repeat for the same bill changes nothing.

        Raises:
            CreditUnknown. BillUnknown: there is no such bill, or it is another account's. BillNotForCredit: it is not
                waiting for its money, or is a member of a joint bill. CreditIsUsedUp. CreditTooSmall.
        """
        record = await self._find_own(caller, credit_id)
        bill = (await self._own_bills.find(caller, bill_id)).state
        if all(draw.bill_id != bill_id for draw in record.state.draws):
            _refuse_unless_payable(bill)

        def decide(credit: Credit) -> Decision[Credit]:
            try:
                return credit_model.draw_for_bill(credit, bill_id, bill.amount, self._clock.now())
            except credit_model.TooLittleLeft:
                raise CreditTooSmall(rest=credit.rest, amount=bill.amount) from None

        return await self._draw(record, decide, command_id)

    async def pay_out(self, caller: Caller, credit_id: str, command_id: str) -> Credit:
        """Have what is left of a credit paid out: a refund case that is approved already, and asks for a bank account.

        Raises:
            CreditUnknown. CreditIsUsedUp: bills have used all of it.
        """
        record = await self._find_own(caller, credit_id)
        refund_id = payout_id_of(credit_id)
        return await self._draw(
            record, lambda credit: credit_model.pay_out(credit, refund_id, self._clock.now()), command_id
        )

    async def book_due(self, record: Record[Credit]) -> None:
        """Go on after a crash between a draw and its receipt."""
        await self._book(record.state)

    async def _draw(
        self, record: Record[Credit], decide: Callable[[Credit], Decision[Credit]], command_id: str
    ) -> Credit:
        try:
            drawn = await self._aggregates.change(CREDITS, record.id, decide, first=record, received=command_id)
        except IllegalTransition as over:
            raise CreditIsUsedUp(state=over.state.value) from None
        return await self._book(drawn.state)

    async def _book(self, credit: Credit) -> Credit:
        """Give each draw that has none its receipt, and process it; again after a crash, and none of them twice."""
        for draw in credit.draws[credit.booked :]:
            source = (await self._processing.get(credit.receipt_id)).state
            receipt = self._receipt_of(credit, draw, source)
            await self._aggregates.insert(RECEIPTS, receipt.ntpn, Decision(receipt))
            await self._processing.drive(receipt.ntpn)
        done = len(credit.draws)
        return (
            await self._aggregates.change(CREDITS, credit.credit_id, lambda now: credit_model.booked(now, done))
        ).state

    def _receipt_of(self, credit: Credit, draw: Draw, source: Receipt) -> Receipt:
        now = self._clock.now()
        receipt = receipts.draw(
            source,
            credit.receipt_of(draw),
            draw.amount,
            Account.CREDITED,
            now,
            self._policy,
            bill_id=draw.bill_id,
            paid_at=draw.drawn_at,
        )
        if draw.bill_id is not None:
            return receipt
        payout = Intent(IntentKind.REFUND, credit.bill_id, RefundCause.CREDIT_PAID_OUT.value)
        return receipts.enter_refund(receipt, payout, payout_id_of(credit.credit_id), now, self._policy)

    async def _find_own(self, caller: Caller, credit_id: str) -> Record[Credit]:
        record = await self._credits.credit(credit_id)
        if record is None or not may_see(caller, record.state.account_id):
            raise CreditUnknown
        return record


def _refuse_unless_payable(bill: Bill) -> None:
    if bill.joint is not None:
        raise BillNotForCredit(state=bill.state.value, joint_bill_id=bill.joint.joint_bill_id)
    if bill.state not in PAYABLE:
        raise BillNotForCredit(state=bill.state.value)
