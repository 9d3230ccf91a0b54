"""Texts for the holder of a bill, by state: the step, the next step and the action to take, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.states import BillState
from shared.events.codes import BillPurpose


class BillStep(StrEnum):
    """Steps on the way of a bill, as its holder sees them."""

    CODE_REQUESTED = "code_requested"
    PAY = "pay"
    PAY_TOGETHER = "pay_together"
    CONFIRMATION = "confirmation"
    SETTLEMENT = "settlement"
    LATE_MONEY = "late_money"
    OUTCOME = "outcome"
    REFUND = "refund"
    REFUND_OUTCOME = "refund_outcome"
    RENEWAL = "renewal"
    PAID = "paid"
    FREE_OF_CHARGE = "free_of_charge"
    REPLACED = "replaced"
    ENDED = "ended"


@dataclass(frozen=True)
class Guidance:
    """The texts of one state."""

    current_step: str
    remaining_steps: tuple[str, ...]
    next_action: str
    next_action_id: str

    @property
    def call_code(self) -> str:
        """Return the code among `NEXT_CALLS["bill"]`: the step, or ``over`` where an ended bill has no step left."""
        return "over" if self.current_step == "ended" and not self.remaining_steps else self.current_step


_BY_STATE: Final[Mapping[BillState, Guidance]] = {
    BillState.REQUESTED: Guidance(
        "code_requested",
        ("pay", "confirmation"),
        "Wait for the billing code; you will be told as soon as it is there. Your seat is held.",
        "Tunggu kode billing; Anda akan diberi tahu begitu tersedia. Jadwal Anda ditahan.",
    ),
    BillState.ISSUED: Guidance(
        "pay",
        ("confirmation",),
        "Pay the billing code at any bank, post office or e-wallet before its end.",
        "Bayar kode billing melalui bank, kantor pos, atau dompet elektronik sebelum masa berlakunya berakhir.",
    ),
    BillState.PAID_UNSETTLED: Guidance(
        "settlement",
        ("confirmation",),
        "The bank has taken your money; the treasury's number (NTPN) is awaited. Your seat is kept. Do not pay again.",
        "Bank sudah menerima pembayaran; nomor NTPN sedang ditunggu. Jadwal dipertahankan. Jangan membayar lagi.",
    ),
    BillState.EXPIRY_UNCONFIRMED: Guidance(
        "settlement",
        ("confirmation",),
        "The code has ended and SIMPONI does not answer yet. Your seat is kept. If you have paid, do not pay again.",
        "Kode sudah berakhir dan SIMPONI belum menjawab. Jadwal dipertahankan. Bila sudah membayar, jangan bayar lagi.",
    ),
    BillState.PAID: Guidance(
        "paid", (), "Nothing is left to pay; follow your application.", "Pembayaran selesai; ikuti permohonan Anda."
    ),
    BillState.WAIVED: Guidance(
        "free_of_charge",
        (),
        "Nothing is to pay; follow your application.",
        "Tidak ada yang perlu dibayar; ikuti permohonan Anda.",
    ),
    BillState.EXPIRED: Guidance(
        "ended",
        ("renewal", "pay", "confirmation"),
        "Ask for a new code; nothing has to be typed again. If you have paid, claim your payment with its NTPN or NTB.",
        "Minta kode baru tanpa mengisi ulang. Bila sudah membayar, ajukan klaim dengan nomor NTPN atau NTB.",
    ),
    BillState.FAILED: Guidance(
        "ended",
        ("renewal", "pay", "confirmation"),
        "No code could be had; the seat went back. Ask for a new code, or choose another seat.",
        "Kode tidak dapat diterbitkan; jadwal dikembalikan. Minta kode baru atau pilih jadwal lain.",
    ),
    BillState.CANCELLED: Guidance(
        "ended",
        ("renewal", "pay", "confirmation"),
        "The bill was given up. Ask for a new code, or choose another seat.",
        "Tagihan dibatalkan. Minta kode baru atau pilih jadwal lain.",
    ),
    BillState.SUPERSEDED: Guidance(
        "replaced",
        (),
        "Your payment settled another bill of this application; look there.",
        "Pembayaran Anda melunasi tagihan lain pada permohonan ini; lihat di sana.",
    ),
}

_SEAT_SOUGHT: Final = Guidance(
    "late_money",
    ("outcome",),
    "Your money has arrived and a seat is sought for it; you will be told of a seat, an offer or a refund.",
    "Pembayaran sudah diterima dan jadwal sedang dicarikan; Anda akan diberi tahu hasilnya.",
)

_REFUND: Final = Guidance(
    "refund",
    ("refund_outcome",),
    "No seat was left for your money; a refund case is open. Look at your refunds.",
    "Tidak ada jadwal tersisa untuk pembayaran Anda; pengembalian diproses. Lihat daftar pengembalian.",
)

_TOGETHER: Final = Guidance(
    "pay_together",
    ("confirmation",),
    "Pay the code of the joint bill; it pays this bill and the others. The single code is cancelled.",
    "Bayar kode tagihan gabungan; tagihan ini dan yang lain lunas sekaligus. Kode satuannya dibatalkan.",
)

_OWED_REQUESTED: Final = Guidance(
    "code_requested",
    ("pay",),
    "Wait for the billing code; you will be told as soon as it is there.",
    "Tunggu kode billing; Anda akan diberi tahu begitu tersedia.",
)
_OWED_ENDED: Final = Guidance(
    "ended",
    ("renewal", "pay"),
    "Ask for a new code; your passport waits until this is paid.",
    "Minta kode baru; paspor Anda menunggu sampai tagihan ini dibayar.",
)
_OWED_NO_MORE: Final = Guidance(
    "free_of_charge", (), "Nothing of this is to pay any more.", "Tagihan ini tidak perlu dibayar lagi."
)
_SAME_DAY_ENDED: Final = Guidance(
    "ended",
    (),
    "The surcharge was not paid before 12:00 WIB; your visit stays as it is, in the regular time.",
    "Biaya percepatan tidak dibayar sebelum pukul 12.00 WIB; kunjungan tetap berlaku dalam waktu biasa.",
)
_OWED: Final[Mapping[BillState, Guidance]] = {
    BillState.REQUESTED: _OWED_REQUESTED,
    BillState.EXPIRED: _OWED_ENDED,
    BillState.FAILED: _OWED_ENDED,
    BillState.CANCELLED: _OWED_NO_MORE,
}
_SAME_DAY: Final[Mapping[BillState, Guidance]] = {
    BillState.REQUESTED: _OWED_REQUESTED,
    BillState.EXPIRED: _SAME_DAY_ENDED,
    BillState.FAILED: _SAME_DAY_ENDED,
    BillState.CANCELLED: _SAME_DAY_ENDED,
}
_BY_PURPOSE: Final[Mapping[BillPurpose, Mapping[BillState, Guidance]]] = {
    BillPurpose.TOP_UP: _OWED,
    BillPurpose.PENALTY: _OWED,
    BillPurpose.SAME_DAY: _SAME_DAY,
}
"""Texts that differ for a bill without a seat."""

YEAR_END_WARNING: Final = "All codes of the year end on 31 December; this one is valid for less than usual."
YEAR_END_WARNING_ID: Final = "Semua kode berakhir pada 31 Desember; kode ini berlaku lebih singkat dari biasanya."


def guidance(bill: Bill) -> Guidance:
    """Return the texts for this bill."""
    if bill.standing == BillOutcome.SEAT_SOUGHT:
        return _SEAT_SOUGHT
    if bill.standing == BillOutcome.REFUND:
        return _REFUND
    if bill.state == BillState.ISSUED and bill.payable_code is None:
        return _TOGETHER if bill.joint is not None else _BY_STATE[BillState.REQUESTED]
    return _BY_PURPOSE.get(bill.purpose, _BY_STATE).get(bill.state, _BY_STATE[bill.state])
