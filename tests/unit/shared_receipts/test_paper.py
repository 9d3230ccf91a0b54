"""The receipt on paper: what is printed, what is cut, and that the same facts give the same bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.errors import Unavailable
from shared.receipts.paper import (
    LARGEST_RECEIPT_BYTES,
    LONGEST_VALUE_CHARS,
    PaymentReceipt,
    RefundReceipt,
    payment_job,
    receipt_version,
    refund_job,
)
from shared.typesetting.typesetter import NotTypeset, Typesetter, typeset
from shared.workers.port import WorkerNotStarted, WorkersBusy
from tests.unit.shared_receipts.reading import codes_of, pages_of, words_of
from tests.unit.shared_workers.failing import Failing

PAID = PaymentReceipt(
    ntpn="A1B2C3D4E5F60718",
    amount=1_350_000,
    paid_at=datetime(2026, 11, 30, 18, 24, 5, tzinfo=UTC),
    purpose="fee",
    ntb="123456789012",
    billing_code="826112300000001",
    channel="mobile_banking",
    legal_basis="PP 45/2024",
    bill_id="bill-1",
    application_id="application-1",
)
PAID_BACK = RefundReceipt(
    refund_id="refund-1",
    order_number="refund-1.1",
    ntpn="A1B2C3D4E5F60718",
    amount=650_000,
    paid_at=datetime(2026, 12, 3, 3, tzinfo=UTC),
    bank_code="002",
    account_masked="*******890",
    application_id="application-1",
)
URL = "https://paspor.example.go.id/"


def test_a_payment_is_printed_with_its_numbers_its_words_and_a_code_to_check_it_by() -> None:
    pdf = typeset(payment_job(PAID, URL))
    printed = words_of(pdf)
    for text in (
        "Bukti Pembayaran",
        "A1B2C3D4E5F60718",
        "Rp1.350.000",
        "satu juta tiga ratus lima puluh ribu rupiah",
        "one million three hundred and fifty thousand rupiah",
        "Biaya paspor (PNBP)",
        "PP 45/2024",
        "1 Desember 2026, 01.24.05 WIB",
        "1 December 2026, 01.24.05 WIB",
        "Mobile banking",
        "123456789012",
        "826112300000001",
        "Pembayaran ini melunasi tagihan di atas.",
    ):
        assert text in printed, text
    assert codes_of(pdf) == ["https://paspor.example.go.id/v1/receipt-checks/A1B2C3D4E5F60718?amount=1350000"]
    assert pages_of(pdf) == 1
    assert len(pdf) < LARGEST_RECEIPT_BYTES


def test_money_that_settles_nothing_says_so() -> None:
    printed = words_of(typeset(payment_job(replace(PAID, settles=False), URL)))
    assert "tidak melunasi tagihan" in printed
    assert "melunasi tagihan di atas" not in printed


def test_a_payout_is_printed_with_its_order_and_the_account_masked_where_it_is_told() -> None:
    printed = words_of(typeset(refund_job(PAID_BACK)))
    for text in ("Bukti Pengembalian", "refund-1.1", "Rp650.000", "3 Desember 2026", "002 / *******890"):
        assert text in printed, text
    mailed = words_of(typeset(refund_job(replace(PAID_BACK, account_masked=""))))
    assert "Rekening yang Anda sebutkan" in mailed
    assert "002" not in mailed.replace("0020", "")


def test_the_same_facts_give_the_same_bytes_and_other_facts_another_version() -> None:
    job, other = payment_job(PAID, URL), payment_job(replace(PAID, ntb="1"), URL)
    assert typeset(job) == typeset(job)
    assert receipt_version(job) == receipt_version(payment_job(PAID, URL))
    assert receipt_version(job) != receipt_version(other)


@pytest.mark.parametrize("value", ["x" * 100_000, "bank 林 さ \x07 <b>", "#set page(width: 1mm)", "*" * 5000])
def test_a_huge_or_an_odd_value_spoils_no_receipt(value: str) -> None:
    """What others tell, such as the way in which it was paid, is cut and printed as far as there are signs for it."""
    pdf = typeset(payment_job(replace(PAID, channel=value, ntb=value, purpose=value), URL))
    assert pages_of(pdf) == 1
    assert "A1B2C3D4E5F60718" in words_of(pdf)


def test_a_value_is_cut_at_its_limit_only() -> None:
    rows = payment_job(replace(PAID, ntb="1" * LONGEST_VALUE_CHARS), URL)["data"]["rows"]
    cut = payment_job(replace(PAID, ntb="1" * (LONGEST_VALUE_CHARS + 1)), URL)["data"]["rows"]
    assert [row[2] for row in rows if row[1].startswith("NTB")] == ["1" * LONGEST_VALUE_CHARS]
    assert [row[2] for row in cut if row[1].startswith("NTB")] == ["1" * (LONGEST_VALUE_CHARS - 3) + "..."]


async def test_a_paper_that_cannot_be_typeset_is_told_by_its_kind_and_never_by_its_content() -> None:
    job = payment_job(PAID, URL)
    with pytest.raises(NotTypeset) as cannot:
        await Typesetter().typeset({**job, "data": {**job["data"], "amount": "Rp1 林"}})
    assert cannot.value.problem == "TypstError"
    for error in (WorkersBusy, WorkerNotStarted):
        with pytest.raises(Unavailable):
            await Typesetter(Failing(error)).typeset(job)
