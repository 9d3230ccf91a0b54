"""Receipts for payers over HTTP, and their public check."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints

from services.billing.field_types import MAX_RUPIAH
from services.billing.payment import PART, treasury_number
from services.billing.receipt_papers.service import BookedPayment
from services.billing.receipts.states import ReceiptState
from shared.calendar.working_days import JAKARTA
from shared.events.codes import BillPurpose
from shared.fields.numbers import MOST_TYPED_CHARS, NTPN
from shared.http.codes import OneOf
from shared.http.schema import LocalMoment, Path, Query, View
from shared.receipts.amounts import amount_in_words
from shared.receipts.paper import RefundReceipt

SHOWN_SIGNS = 4
"""The last signs of an NTPN that its check shows: enough to compare with the paper in hand."""


PART_NUMBER: Final = re.compile(r"([0-9a-f]{1,12}\.)?[0-9]{1,3}")
"""The number of a part, behind the treasury's: of one code for several bills, or of a credit."""


def read_receipt_number(text: str) -> str:
    """Return the NTPN in its written form, with the part that may stand behind it.

    Raises:
        PydanticCustomError: it is not such a number.
    """
    number, part = treasury_number(text), text.partition(PART)[2]
    return NTPN.read(number) + PART + part if PART_NUMBER.fullmatch(part) else NTPN.read(text)


class ReceiptPath(Path):
    """The payment in the path, by its NTPN, or a part of one."""

    ntpn: Annotated[
        str, StringConstraints(min_length=1, max_length=MOST_TYPED_CHARS), AfterValidator(read_receipt_number)
    ] = Field(description=NTPN.expected, examples=[NTPN.example])


class AmountQuery(Query):
    """The amount that is printed on the receipt, in rupiah."""

    amount: Annotated[int, Field(gt=0, le=MAX_RUPIAH)]


class PaymentReceiptView(View, in_indonesian=("purpose_text", "amount_in_words")):
    """The receipt of one payment, for its payer."""

    ntpn: str
    ntb: str
    billing_code: str
    bill_id: str
    application_id: str
    amount: int
    currency: str = "IDR"
    amount_in_words: str
    amount_in_words_id: str
    purpose: Annotated[str, OneOf(BillPurpose)]
    purpose_text: str
    purpose_text_id: str
    legal_basis: str
    channel: str
    paid_at: datetime
    paid_at_local: LocalMoment
    """The bank's time, in Jakarta."""
    settles_bill: bool
    """Whether it pays its bill: money that was paid twice, wrongly or late may not."""
    state: Annotated[str, OneOf(ReceiptState)]
    pdf: str
    """The path of the receipt as PDF."""

    @classmethod
    def from_payment(cls, booked: BookedPayment) -> Self:
        """Return the view of a payment."""
        facts = booked.facts
        purpose_id, purpose = facts.purpose_texts
        return cls(
            ntpn=facts.treasury_ntpn,
            ntb=facts.ntb,
            billing_code=facts.billing_code,
            bill_id=facts.bill_id,
            application_id=facts.application_id,
            amount=facts.amount,
            amount_in_words=amount_in_words(facts.amount, "en"),
            amount_in_words_id=amount_in_words(facts.amount, "id"),
            purpose=facts.purpose,
            purpose_text=purpose,
            purpose_text_id=purpose_id,
            legal_basis=facts.legal_basis,
            channel=facts.channel,
            paid_at=facts.paid_at,
            paid_at_local=facts.paid_at.astimezone(JAKARTA).isoformat(),
            settles_bill=facts.settles,
            state=booked.state.value,
            pdf=f"/v1/receipts/{facts.ntpn}/pdf",
        )


class RefundReceiptView(View, in_indonesian=("amount_in_words",)):
    """The receipt of one payout, for its payee."""

    refund_id: str
    order_number: str
    ntpn: str
    """The payment whose money went back."""
    application_id: str | None
    amount: int
    currency: str = "IDR"
    amount_in_words: str
    amount_in_words_id: str
    bank_code: str | None
    account_masked: str | None
    paid_at: datetime
    paid_at_local: LocalMoment
    pdf: str
    """The path of the receipt as PDF."""

    @classmethod
    def from_refund(cls, facts: RefundReceipt) -> Self:
        """Return the view of a payout."""
        return cls(
            refund_id=facts.refund_id,
            order_number=facts.order_number,
            ntpn=facts.treasury_ntpn,
            application_id=facts.application_id or None,
            amount=facts.amount,
            amount_in_words=amount_in_words(facts.amount, "en"),
            amount_in_words_id=amount_in_words(facts.amount, "id"),
            bank_code=facts.bank_code or None,
            account_masked=facts.account_masked or None,
            paid_at=facts.paid_at,
            paid_at_local=facts.paid_at.astimezone(JAKARTA).isoformat(),
            pdf=f"/v1/refunds/{facts.refund_id}/receipt/pdf",
        )


class ReceiptCheckView(View, in_indonesian=("purpose_text",)):
    """The answer to whoever holds a receipt: it is genuine. Nothing of a person, and nothing that is not printed on it
    but where the money is now.
    """

    ntpn_masked: str
    amount: int
    currency: str = "IDR"
    purpose: Annotated[str, OneOf(BillPurpose)]
    purpose_text: str
    purpose_text_id: str
    paid_on: date
    """The day in Jakarta."""
    state: Annotated[str, OneOf(ReceiptState)]

    @classmethod
    def from_payment(cls, booked: BookedPayment) -> Self:
        """Return the answer about a payment."""
        facts = booked.facts
        purpose_id, purpose = facts.purpose_texts
        return cls(
            ntpn_masked="*" * (len(facts.treasury_ntpn) - SHOWN_SIGNS) + facts.treasury_ntpn[-SHOWN_SIGNS:],
            amount=facts.amount,
            purpose=facts.purpose,
            purpose_text=purpose,
            purpose_text_id=purpose_id,
            paid_on=facts.paid_at.astimezone(JAKARTA).date(),
            state=booked.state.value,
        )
