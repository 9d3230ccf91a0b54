"""Payments over HTTP: notices and receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from services.billing.field_types import MAX_RUPIAH, Id
from services.billing.payment import Payment
from services.billing.receipts.model import Receipt, SimponiWord
from services.billing.receipts.states import ReceiptState
from shared.fields.numbers import BillingCode, Ntb, Ntpn
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoMoment, Query, View


class BillQuery(Query):
    """The bill in the query."""

    bill_id: Id


class PaymentNotice(Body):
    """SIMPONI tells of a payment; ``ntpn`` is null while only the bank has a number."""

    notice_id: Id
    billing_code: BillingCode
    ntpn: Ntpn | None = None
    ntb: Ntb
    amount: Annotated[int, Field(gt=0, le=MAX_RUPIAH)]
    paid_at: IsoMoment
    channel: Annotated[str, Field(max_length=40)] = ""

    def payment(self) -> Payment:
        """Return the payment of the notice."""
        return Payment(self.billing_code, self.ntpn, self.ntb, self.amount, self.paid_at, self.channel)


class NoticeTaken(View):
    """The notice is stored; the bill shows the outcome of the money."""

    accepted: bool = True


class PostingView(View):
    """One movement of a receipt's ledger: account to amount, debits positive, summing to zero."""

    at: datetime
    entries: dict[str, int]
    memo: str
    hash: str


class ReceiptView(View):
    """A receipt with its ledger, for the treasurer."""

    receipt_id: str = Field("", description="The NTPN; of a part of a payment for several bills, with its number.")
    ntpn: str
    ntb: str
    billing_code: str
    bill_id: str | None
    settles_bill_id: str | None
    refund_id: str | None
    amount: int
    currency: str = "IDR"
    paid_at: datetime
    learnt_at: datetime
    learnt_by: str
    simponi_word: Annotated[str, OneOf(SimponiWord)] = Field(
        "", description="By which word of SIMPONI's own it is known."
    )
    channel: str
    state: Annotated[str, OneOf(ReceiptState)]
    postings: tuple[PostingView, ...]

    @classmethod
    def from_receipt(cls, receipt: Receipt) -> Self:
        """Return the view of a receipt with its postings."""
        postings = [
            {**vars(posting), "entries": {entry.account.value: entry.amount for entry in posting.entries}}
            for posting in receipt.postings
        ]
        shown = {
            "receipt_id": receipt.ntpn,
            "ntpn": receipt.treasury_ntpn,
            "simponi_word": receipt.simponi_word,
            "postings": postings,
        }
        return cls.model_validate({**vars(receipt), **shown})


class ReceiptList(ListView):
    """The receipts of a bill's codes, oldest first."""

    receipts: tuple[ReceiptView, ...]
