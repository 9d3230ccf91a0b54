"""Texts about leaving: what stands against it, and what stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.identity.leaving.leaving import LeavingState
from shared.events.codes import LeavingObjection, StayingRecord


@dataclass(frozen=True, slots=True)
class LeavingText:
    """A sentence in both languages, and what to do about it."""

    en: str
    id: str
    next_en: str = ""
    next_id: str = ""


OBJECTIONS: Final[Mapping[str, LeavingText]] = {
    LeavingObjection.LIVE_APPLICATION: LeavingText(
        "An application is open.",
        "Masih ada permohonan yang berjalan.",
        "Withdraw it or let it come to its end, then ask again.",
        "Tarik permohonan itu atau tunggu sampai selesai, lalu minta lagi.",
    ),
    LeavingObjection.PASSPORT_NOT_COLLECTED: LeavingText(
        "A passport is printed and waits at the office.",
        "Paspor sudah dicetak dan menunggu di kantor.",
        "Collect it at the office, then ask again.",
        "Ambil paspornya di kantor, lalu minta lagi.",
    ),
    LeavingObjection.MONEY_UNDER_WAY: LeavingText(
        "Money is under way: a payment without its end, a refund, or a question about a payment.",
        "Masih ada uang yang diproses: pembayaran yang belum selesai, pengembalian, atau pertanyaan pembayaran.",
        "See the application for where the money stands; when it has come to its end, ask again.",
        "Lihat status uangnya pada permohonan; setelah selesai, minta lagi.",
    ),
    LeavingObjection.LAST_ADDRESS: LeavingText(
        "It has become the only address of the account.",
        "Alamat ini sekarang satu-satunya alamat akun.",
        "Add another address, then ask again, or close the account.",
        "Tambahkan alamat lain, lalu minta lagi, atau tutup akunnya.",
    ),
    LeavingObjection.GUARDIAN_OF_OTHERS: LeavingText(
        "A child was added whose guardian is to go.",
        "Ada anak yang ditambahkan, dan walinya akan dihapus.",
        "Give the child another guardian, or name the child too, then ask again.",
        "Ganti wali anak itu, atau sebutkan juga anaknya, lalu minta lagi.",
    ),
    LeavingObjection.GROWN_CHILD: LeavingText(
        "A person who was added as a child has grown up meanwhile, and decides themselves.",
        "Orang yang dahulu didaftarkan sebagai anak kini sudah dewasa dan memutuskan sendiri.",
        "Let them agree at an immigration office with their identity card, then ask again.",
        "Mintalah orang itu menyetujuinya di kantor imigrasi dengan KTP, lalu minta lagi.",
    ),
}
"""By code."""

UNKNOWN_OBJECTION: Final = LeavingText(
    "Something of the account is not finished.",
    "Ada hal di akun ini yang belum selesai.",
    "Look at your applications, finish what is open, then ask again.",
    "Lihat permohonan Anda, selesaikan yang masih terbuka, lalu minta lagi.",
)
"""For a code of a newer service."""

STAYS: Final[Mapping[str, LeavingText]] = {
    StayingRecord.ISSUANCE_RECORD: LeavingText(
        "The record that a passport was issued stays at the immigration office until its retention date.",
        "Catatan penerbitan paspor tetap disimpan kantor imigrasi sampai akhir masa penyimpanannya.",
    ),
    StayingRecord.PAYMENT_RECORD: LeavingText(
        "The state's records of payments stay until their retention date.",
        "Catatan penerimaan negara atas pembayaran tetap disimpan sampai akhir masa penyimpanannya.",
    ),
}
"""By code; a code that is not here is told as it is."""

NEXT: Final[Mapping[LeavingState, LeavingText]] = {
    LeavingState.ASKED: LeavingText(
        "The services look whether anything stands against it.", "Layanan memeriksa apakah ada yang menghalangi."
    ),
    LeavingState.OBJECTED: LeavingText(
        "It cannot be yet. See the reasons, then ask again.", "Belum dapat dilakukan. Lihat alasannya, lalu minta lagi."
    ),
    LeavingState.IN_GRACE: LeavingText(
        "Nothing is to do. Undo it before grace_until if you have changed your mind.",
        "Tidak ada yang perlu dilakukan. Batalkan sebelum grace_until bila Anda berubah pikiran.",
    ),
    LeavingState.ASKED_AGAIN: LeavingText(
        "The time to undo is over. The services look once more.",
        "Waktu pembatalan sudah habis. Layanan memeriksa sekali lagi.",
    ),
    LeavingState.UNDONE: LeavingText(
        "It was undone, and nothing was removed.", "Sudah dibatalkan, tidak ada yang dihapus."
    ),
    LeavingState.ORDERED: LeavingText("The services erase the data.", "Layanan sedang menghapus data."),
    LeavingState.ERASED: LeavingText("The data are erased.", "Data sudah dihapus."),
}
"""By state."""
