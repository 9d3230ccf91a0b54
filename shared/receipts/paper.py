"""The receipt of one payment or one refund as a job of the typesetter: bilingual, without a name, the same everywhere.

Billing typesets it when it is fetched, notification when it is mailed; the same facts give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from babel.dates import format_datetime

from shared.calendar.working_days import JAKARTA
from shared.events.codes import BillPurpose
from shared.fields.names import PLACE_NAME
from shared.receipts.amounts import amount_in_words, write_rupiah
from shared.typesetting.typeset_worker import read_template

PACKAGE: Final = "shared.receipts"
TEMPLATE: Final = "receipt.typ"
PDF: Final = "application/pdf"
LARGEST_RECEIPT_BYTES: Final = 200_000
"""Of the PDF, which goes with a mail; one has about 30 KB, fonts included."""

QR_MASK: Final = 2
"""One of the eight, as it is: to judge them all takes longer than the rest of the paper, and readers undo each."""

LONGEST_VALUE_CHARS: Final = 120
"""Of one value on the paper: two lines. A longer one is cut, so that no value pushes another off the page."""

Pair = tuple[str, str]
"""A text in Indonesian and in English."""

PURPOSES: Final[Mapping[str, Pair]] = {
    BillPurpose.FEE: ("Biaya paspor (PNBP)", "Passport fee (state revenue)"),
    BillPurpose.TOP_UP: ("Kekurangan bayar setelah koreksi permohonan", "Difference after a corrected application"),
    BillPurpose.PENALTY: ("Biaya beban paspor hilang atau rusak", "Penalty for a lost or damaged passport"),
    BillPurpose.SAME_DAY: ("Biaya percepatan layanan", "Same-day surcharge"),
}
CHANNELS: Final[Mapping[str, Pair]] = {
    "teller": ("Teller bank", "Bank counter"),
    "atm": ("ATM", "ATM"),
    "edc": ("Mesin EDC", "Card terminal"),
    "internet_banking": ("Internet banking", "Internet banking"),
    "mobile_banking": ("Mobile banking", "Mobile banking"),
    "post_office": ("Kantor pos", "Post office"),
    "shop": ("Minimarket", "Convenience store"),
    "marketplace": ("Lokapasar", "Online marketplace"),
    "wallet": ("Dompet elektronik", "E-wallet"),
}
"""Words for the ways to pay that SIMPONI names; another one is printed as it is named."""

_MOMENT: Final = "d MMMM y, HH.mm.ss 'WIB'"
_LOCALES: Final[Mapping[str, str]] = {"id": "id_ID", "en": "en_GB"}


def _without_part(ntpn: str) -> str:
    return ntpn.partition(".")[0]


@dataclass(frozen=True)
class PaymentReceipt:
    """The facts of one payment. Times are the bank's, in whole seconds; ``purpose`` is a `BillPurpose`.

    ``ntpn`` of a part of a payment, or of what a credit paid, is the treasury's number with a dot and the part.
    """

    ntpn: str
    amount: int
    paid_at: datetime
    purpose: str
    settles: bool = True
    """Whether it pays its bill: money that was paid twice, wrongly or late may not."""
    ntb: str = ""
    billing_code: str = ""
    channel: str = ""
    legal_basis: str = ""
    bill_id: str = ""
    application_id: str = ""

    @property
    def treasury_ntpn(self) -> str:
        """The treasury's own number, as the bank's slip has it."""
        return _without_part(self.ntpn)

    @property
    def purpose_texts(self) -> Pair:
        """The purpose in both languages."""
        return PURPOSES.get(self.purpose, (self.purpose, self.purpose))

    @property
    def file_name(self) -> str:
        """The name under which the PDF is kept."""
        return f"bukti-pembayaran-{self.ntpn}.pdf"


@dataclass(frozen=True)
class RefundReceipt:
    """The facts of one payout. ``ntpn`` names the payment whose money went back."""

    refund_id: str
    order_number: str
    ntpn: str
    amount: int
    paid_at: datetime
    bank_code: str = ""
    account_masked: str = ""
    """All but its last digits hidden; empty in a mail, which anybody on its way may read."""
    application_id: str = ""

    @property
    def treasury_ntpn(self) -> str:
        """The treasury's own number of the payment."""
        return _without_part(self.ntpn)

    @property
    def file_name(self) -> str:
        """The name under which the PDF is kept."""
        return f"bukti-pengembalian-{self.refund_id}.pdf"


def payment_job(receipt: PaymentReceipt, public_url: str) -> dict[str, Any]:
    """Return the typesetter's job of a payment's receipt; its QR code leads to the public check."""
    rows = (
        ("Untuk", "For", *receipt.purpose_texts),
        ("Dasar hukum", "Legal basis", receipt.legal_basis),
        ("Waktu bayar", "Paid at", _moment(receipt.paid_at, "id"), _moment(receipt.paid_at, "en")),
        ("Melalui", "Paid by", *CHANNELS.get(receipt.channel, (receipt.channel,))),
        ("NTB/NTP (nomor bank atau pos)", "NTB/NTP (number of the bank or post office)", receipt.ntb),
        ("Kode billing", "Billing code", receipt.billing_code),
        (
            "Bagian dari pembayaran",
            "Part of the payment",
            "" if receipt.ntpn == receipt.treasury_ntpn else receipt.ntpn,
        ),
        ("Nomor tagihan", "Bill", receipt.bill_id),
        ("Nomor permohonan dalam sistem", "Application in the system", receipt.application_id),
    )
    settled = (
        ("Pembayaran ini melunasi tagihan di atas.", "This payment settles the bill above.")
        if receipt.settles
        else (
            "Pembayaran ini tidak melunasi tagihan; lihat jadwal atau pengembalian pada permohonan.",
            "This payment does not settle the bill; see the application for its seat or its refund.",
        )
    )
    data = {
        "title": ("Bukti Pembayaran", "Receipt of payment"),
        "number": ("NTPN (nomor transaksi penerimaan negara)", "Treasury receipt number", receipt.treasury_ntpn),
        "note": settled,
        "qr": ("Periksa keaslian", "Check that it is genuine"),
        **_amount_and_rows(receipt.amount, rows),
    }
    return {
        "package": PACKAGE,
        "template": TEMPLATE,
        "data": data,
        "qr": check_url(receipt, public_url),
        "qr_mask": QR_MASK,
    }


def check_url(receipt: PaymentReceipt, public_url: str) -> str:
    """Return where anybody checks the receipt: by what is printed on it, so that it tells nothing new."""
    return f"{public_url.rstrip('/')}/v1/receipt-checks/{receipt.ntpn}?amount={receipt.amount}"


def refund_job(receipt: RefundReceipt) -> dict[str, Any]:
    """Return the typesetter's job of a payout's receipt."""
    bank, account = receipt.bank_code, receipt.account_masked
    named = ("Rekening yang Anda sebutkan pada pengembalian ini", "The account that you named for this refund")
    rows = (
        ("Waktu bayar", "Paid at", _moment(receipt.paid_at, "id"), _moment(receipt.paid_at, "en")),
        ("Nomor pengembalian", "Refund case", receipt.refund_id),
        ("Ke rekening", "To the account", *((f"{bank} / {account}",) if account else named)),
        ("NTPN pembayaran asal", "NTPN of the payment", receipt.treasury_ntpn),
        ("Nomor permohonan dalam sistem", "Application in the system", receipt.application_id),
    )
    data = {
        "title": ("Bukti Pengembalian", "Receipt of refund"),
        "number": ("Nomor perintah bayar kas negara", "Number of the treasury's payment order", receipt.order_number),
        "note": (
            "Kas negara sudah membayar jumlah ini ke rekening di atas.",
            "The treasury has paid this amount to the account above.",
        ),
        **_amount_and_rows(receipt.amount, rows),
    }
    return {"package": PACKAGE, "template": TEMPLATE, "data": data}


def receipt_version(job: Mapping[str, Any]) -> bytes:
    """Return what the bytes of the paper depend on, for its ETag: known without typesetting it."""
    return json.dumps(job, sort_keys=True).encode() + read_template(PACKAGE, TEMPLATE)


def _amount_and_rows(amount: int, rows: tuple[tuple[str, ...], ...]) -> dict[str, Any]:
    return {
        "amount": write_rupiah(amount),
        "words": (amount_in_words(amount, "id"), amount_in_words(amount, "en")),
        "rows": [[label, label_en, *map(_printable, values)] for label, label_en, *values in rows if values[0]],
    }


def _printable(value: str) -> str:
    """Return a value that the fonts have signs for, and that leaves room for others."""
    shown = "".join(
        sign if (sign.isascii() and sign.isprintable()) or sign in PLACE_NAME.accepted else "?" for sign in value
    )
    return shown if len(shown) <= LONGEST_VALUE_CHARS else f"{shown[: LONGEST_VALUE_CHARS - 3]}..."


def _moment(moment: datetime, language: str) -> str:
    return str(format_datetime(moment, _MOMENT, JAKARTA, _LOCALES[language]))
