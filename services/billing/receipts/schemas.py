"""Payments over HTTP: notices and receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from services.billing.field_types import MAX_RUPIAH, Id, Ntb, Ntpn
from services.billing.payment import Payment
from services.billing.receipts.model import Receipt
from shared.http.schema import Body, IsoMoment, Query, View


class BillQuery(Query):
    """Which bill."""

    bill_id: Id


class PaymentNotice(Body):
    """SIMPONI tells of a payment; ``ntpn`` is null while only the bank has a number. Further members are let be."""

    model_config = ConfigDict(extra="ignore")

    notice_id: Id
    billing_code: Annotated[str, Field(min_length=15, max_length=15, pattern=r"^[0-9]{15}$")]
    ntpn: Ntpn | None = None
    ntb: Ntb
    amount: Annotated[int, Field(gt=0, le=MAX_RUPIAH)]
    paid_at: IsoMoment
    channel: Annotated[str, Field(max_length=40)] = ""

    def payment(self) -> Payment:
        """Return the payment that it tells of."""
        return Payment(self.billing_code, self.ntpn, self.ntb, self.amount, self.paid_at, self.channel)


class NoticeTaken(View):
    """The notice is kept; what becomes of the money is on the bill."""

    accepted: bool = True


class PostingView(View):
    """One movement of a receipt's ledger: account to amount, debits positive, summing to zero."""

    at: datetime
    entries: dict[str, int]
    memo: str
    hash: str


class ReceiptView(View):
    """A receipt with its ledger, for the treasurer."""

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
    simponi_word: str = Field("", description="By which word of SIMPONI's own it is known.")
    channel: str
    state: str
    postings: tuple[PostingView, ...]

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """The receipt as it is shown."""
        postings = tuple(
            PostingView(
                at=posting.at,
                entries={entry.account.value: entry.amount for entry in posting.entries},
                memo=posting.memo,
                hash=posting.hash,
            )
            for posting in receipt.postings
        )
        same = ("ntpn", "ntb", "billing_code", "bill_id", "settles_bill_id", "refund_id", "amount", "paid_at")
        return cls(
            **{name: getattr(receipt, name) for name in (*same, "learnt_at", "learnt_by", "channel")},
            state=receipt.state.value,
            simponi_word=receipt.simponi_word.value,
            postings=postings,
        )


class ReceiptList(View):
    """The receipts of a bill's codes, oldest first."""

    receipts: tuple[ReceiptView, ...]
