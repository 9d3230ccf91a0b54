"""Receipts for payers, as data and as PDF, and the public check of one. Nothing is kept: what is told is booked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from services.billing.access import may_see
from services.billing.bills.model import Bill
from services.billing.bills.own_bill import OwnBills
from services.billing.bills.repository import BillRepository
from services.billing.ledger.model import Account
from services.billing.receipt_papers.errors import BillNotPaid, ReceiptNotConfirmed, ReceiptUnknown, RefundNotPaid
from services.billing.receipts.model import ACCOUNT_OF, Receipt
from services.billing.receipts.repository import ReceiptRepository
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.errors import RefundUnknown
from services.billing.refunds.repository import RefundRepository
from services.billing.refunds.states import RefundState
from services.billing.refunds.vault import Vault
from shared.errors import Unavailable
from shared.person_keys.errors import PersonErased
from shared.receipts.paper import LARGEST_RECEIPT_BYTES, PaymentReceipt, RefundReceipt, payment_job, refund_job
from shared.tokens import Caller
from shared.typesetting.typesetter import NotTypeset, Typesetter

GOES_BACK: Final = frozenset({ReceiptState.IN_REFUND, ReceiptState.REFUNDED, ReceiptState.CREDITED})
"""States of money that pays no bill any more."""


@dataclass(frozen=True)
class BookedPayment:
    """One payment with the state that its money is in."""

    facts: PaymentReceipt
    state: ReceiptState


class ReceiptPapers:
    """The use cases of receipts as papers."""

    def __init__(
        self,
        own_bills: OwnBills,
        bills: BillRepository,
        receipts: ReceiptRepository,
        refunds: RefundRepository,
        vault: Vault,
        typesetter: Typesetter,
        public_url: str,
    ) -> None:
        self._own_bills = own_bills
        self._bills = bills
        self._receipts = receipts
        self._refunds = refunds
        self._vault = vault
        self._typesetter = typesetter
        self._public_url = public_url

    async def of_bill(self, caller: Caller, bill_id: str) -> BookedPayment:
        """Return the payment that pays a bill.

        Raises:
            BillUnknown: there is none, or it is another account's. BillNotPaid: no money has paid it.
        """
        bill = (await self._own_bills.find(caller, bill_id)).state
        receipt = await self._receipts.receipt(bill.settled_by) if bill.settled_by is not None else None
        if receipt is None:
            raise BillNotPaid(state=bill.state)
        return _booked(receipt.state, bill)

    async def payment(self, caller: Caller, ntpn: str) -> BookedPayment:
        """Return a payment on a bill of the caller, whatever its money is used for.

        Raises:
            ReceiptUnknown: there is none, or it is another account's, or its code is of no bill.
        """
        booked = await self._find(ntpn)
        if booked is None or not may_see(caller, booked[1].payer.account_id):
            raise ReceiptUnknown
        return _booked(*booked)

    async def refund(self, caller: Caller, refund_id: str) -> RefundReceipt:
        """Return the payout of a refund of the caller.

        Raises:
            RefundUnknown: there is none, or it is another account's. RefundNotPaid: the treasury has not paid it.
        """
        record = await self._refunds.refund(refund_id)
        if record is None or not may_see(caller, record.state.account_id):
            raise RefundUnknown
        case = record.state
        if case.state != RefundState.PAID or case.ended_at is None:
            raise RefundNotPaid(state=case.state)
        masked = ""
        if case.account is not None:
            with suppress(PersonErased):
                masked = await self._vault.masked_number(case, case.account)
        return RefundReceipt(
            refund_id=case.refund_id,
            order_number=case.order_number,
            ntpn=case.receipt_id,
            amount=case.amount,
            paid_at=case.ended_at,
            bank_code=case.account.bank_code if case.account else "",
            account_masked=masked,
            application_id=case.application_id or "",
        )

    async def check(self, ntpn: str, amount: int) -> BookedPayment:
        """Return the payment with this number and this amount, for anybody who holds its receipt.

        Raises:
            ReceiptNotConfirmed: there is none; a wrong amount is answered like a wrong number.
        """
        booked = await self._find(ntpn)
        if booked is None or booked[0].amount != amount:
            raise ReceiptNotConfirmed
        return _booked(*booked)

    def payment_job(self, receipt: PaymentReceipt) -> Mapping[str, Any]:
        """Return the typesetter's job of a payment's receipt."""
        return payment_job(receipt, self._public_url)

    def refund_job(self, receipt: RefundReceipt) -> Mapping[str, Any]:
        """Return the typesetter's job of a payout's receipt."""
        return refund_job(receipt)

    async def typeset(self, job: Mapping[str, Any]) -> bytes:
        """Return the receipt as PDF.

        Raises:
            Unavailable: the typesetter is busy, or could not make it; the same call may succeed later.
        """
        try:
            pdf = await self._typesetter.typeset(job)
        except NotTypeset:
            raise Unavailable from None
        if len(pdf) > LARGEST_RECEIPT_BYTES:
            raise Unavailable
        return pdf

    async def _find(self, ntpn: str) -> tuple[Receipt, Bill] | None:
        """Return a receipt with the bill that it pays, else with the bill of its code."""
        record = await self._receipts.receipt(ntpn)
        if record is None:
            return None
        bill_id = record.state.settles_bill_id or record.state.bill_id
        bill = await self._bills.bill(bill_id) if bill_id is not None else None
        return (record.state, bill.state) if bill is not None else None


def money_state(receipt: Receipt) -> ReceiptState:
    """Return where the money is: where refund cases hold all of it, where the newest of them has brought it."""
    if receipt.remaining > 0:
        return receipt.state
    return _STATE_OF[receipt.shares[-1].account]


_STATE_OF: Final[Mapping[Account, ReceiptState]] = {account: state for state, account in ACCOUNT_OF.items()}


def _booked(receipt: Receipt, bill: Bill) -> BookedPayment:
    state = money_state(receipt)
    facts = PaymentReceipt(
        ntpn=receipt.ntpn,
        amount=receipt.amount,
        paid_at=receipt.paid_at,
        purpose=bill.purpose.value,
        settles=bill.settled_by == receipt.ntpn and state not in GOES_BACK,
        ntb=receipt.ntb,
        billing_code=receipt.billing_code,
        channel=receipt.channel,
        legal_basis=bill.price.legal_basis,
        bill_id=bill.bill_id,
        application_id=bill.payer.application_id,
    )
    return BookedPayment(facts, state)
