"""Next step of an appointment, in words for the applicant: current step, what follows, what to do, until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment, Status
from shared.events.codes import ReleaseReason

JOURNEY: Final = ("hold_seat", "pay", "visit")
"""The steps that this service knows of, in their order."""


@dataclass(frozen=True)
class NextStep:
    """One step of the journey, in words."""

    current_step: str
    remaining_steps: tuple[str, ...]
    next_action: str
    next_action_id: str


_CHOOSE_AGAIN: Final = NextStep(
    "hold_seat",
    ("pay", "visit"),
    "Choose another session and hold a seat there.",
    "Pilih sesi lain dan ambil kursi di sana.",
)
_LOST: Final = NextStep(
    "closed",
    (),
    "The visit was missed. A system fault, illness or force majeure permits a new date without paying again: "
    "ask the office for it before the deadline.",
    "Kunjungan terlewat. Gangguan sistem, sakit, atau keadaan kahar membolehkan tanggal baru tanpa membayar lagi: "
    "mintalah ke kantor sebelum batas waktu.",
)
_MONEY_BACK: Final = NextStep(
    "refund",
    (),
    "The payment goes back to you; follow it under refunds.",
    "Pembayaran dikembalikan; ikuti prosesnya di bagian pengembalian dana.",
)

STEPS: Final[Mapping[Status, NextStep]] = {
    Status.GATHERING: NextStep(
        "hold_seat",
        ("pay", "visit"),
        "Wait a moment: the seats of your family are being gathered.",
        "Tunggu sebentar: kursi untuk keluarga Anda sedang dikumpulkan.",
    ),
    Status.HELD: NextStep(
        "pay",
        ("visit",),
        "Wait for the billing code, then pay it.",
        "Tunggu kode billing, lalu bayar.",
    ),
    Status.AWAITING_PAYMENT: NextStep(
        "pay",
        ("visit",),
        "Pay the billing code before it expires; the seat is kept for you.",
        "Bayar kode billing sebelum habis masa berlakunya; kursi tetap disimpan untuk Anda.",
    ),
    Status.OFFERED: NextStep(
        "answer_offer",
        ("visit",),
        "Accept or decline the offered seat.",
        "Terima atau tolak kursi yang ditawarkan.",
    ),
    Status.CONFIRMED: NextStep(
        "visit",
        (),
        "Come to the office on the day with your original documents and the queue code.",
        "Datang ke kantor pada harinya dengan dokumen asli dan kode antrean.",
    ),
    Status.MOVING: NextStep(
        "visit",
        (),
        "Your visit is being moved; look again in a moment.",
        "Jadwal sedang dipindahkan; muat ulang beberapa saat lagi.",
    ),
    Status.CHECKED_IN: NextStep(
        "visit",
        (),
        "Wait until your queue number is called.",
        "Tunggu sampai nomor antrean Anda dipanggil.",
    ),
    Status.USED: NextStep(
        "done",
        (),
        "The visit is over; follow the application.",
        "Kunjungan selesai; ikuti permohonan Anda.",
    ),
    Status.ON_PROOF: NextStep(
        "visit",
        (),
        "Wait until your queue number is called; your payment is being looked for.",
        "Tunggu sampai nomor antrean Anda dipanggil; pembayaran Anda sedang dicari.",
    ),
    Status.USED_ON_PROOF: NextStep(
        "payment_check",
        (),
        "The visit is over; keep the proof of payment until the payment is found.",
        "Kunjungan selesai; simpan bukti pembayaran sampai pembayaran ditemukan.",
    ),
    Status.VOID: NextStep(
        "closed",
        (),
        "The proof of payment was not valid and the visit does not count. Ask the office about your application.",
        "Bukti pembayaran tidak sah dan kunjungan tidak dihitung. Tanyakan permohonan Anda ke kantor.",
    ),
    Status.SPECIAL_OPEN: NextStep(
        "choose_new_date",
        ("visit",),
        "Choose a new date before the deadline; you do not pay again.",
        "Pilih tanggal baru sebelum batas waktu; Anda tidak membayar lagi.",
    ),
    Status.SPECIAL_MOVING: NextStep(
        "choose_new_date",
        ("visit",),
        "Your new date is being booked; look again in a moment.",
        "Tanggal baru sedang dipesan; muat ulang beberapa saat lagi.",
    ),
    Status.SPECIAL_ENDED: NextStep(
        "closed",
        (),
        "The new date was not chosen in time. Ask the office about your application.",
        "Tanggal baru tidak dipilih tepat waktu. Tanyakan permohonan Anda ke kantor.",
    ),
    Status.NO_SHOW: _LOST,
    Status.RELEASED: _CHOOSE_AGAIN,
    Status.ABANDONED: _CHOOSE_AGAIN,
    Status.UNAVAILABLE: _CHOOSE_AGAIN,
}

_OFFER_ENDS: Final = (ReleaseReason.OFFER_DECLINED, ReleaseReason.OFFER_LAPSED)


def step_of(appointment: Appointment) -> NextStep:
    """Return the present step of the person."""
    if appointment.released_for in _OFFER_ENDS:
        return _MONEY_BACK
    return STEPS[appointment.status]


def call_code_of(appointment: Appointment) -> str:
    """Return the code among `NEXT_CALLS["appointment"]` of what the person does next."""
    return "offer_ended" if appointment.released_for in _OFFER_ENDS else appointment.status.value


def deadline_of(appointment: Appointment) -> datetime | None:
    """Return until when the next action counts; None where nothing is asked or another service sets the time."""
    if appointment.status is Status.HELD:
        return appointment.hold_until
    if appointment.status is Status.OFFERED:
        return appointment.offer_until
    if appointment.status is Status.CONFIRMED:
        return appointment.seat.starts_at
    if appointment.status is Status.SPECIAL_OPEN and appointment.special is not None:
        return appointment.special.until
    return None
