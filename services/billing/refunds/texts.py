"""Texts for the holder of a refund case, by state, with the acting role, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.billing.refunds.model import Refund
from services.billing.refunds.states import RefundState


@dataclass(frozen=True)
class Stage:
    """One state in words: who acts next, and what the holder can do."""

    actor: str
    title: str
    title_id: str
    next_action: str
    next_action_id: str


STAGES: Final[Mapping[RefundState, Stage]] = {
    RefundState.OPENED: Stage(
        "treasurer",
        "Opened by us: your money is set aside for you",
        "Dibuka oleh kami: uang Anda sudah disisihkan",
        "Name the bank account that the money shall go to.",
        "Sebutkan rekening bank tujuan pengembalian.",
    ),
    RefundState.REQUESTED: Stage(
        "treasurer",
        "Requested: the office looks whether everything is there",
        "Diajukan: kantor memeriksa kelengkapan",
        "Name the bank account that the money shall go to; then wait for the office.",
        "Sebutkan rekening bank tujuan; lalu tunggu pemeriksaan kantor.",
    ),
    RefundState.INCOMPLETE: Stage(
        "applicant",
        "Something is missing",
        "Ada yang belum lengkap",
        "Send what was asked for before the deadline.",
        "Kirim yang diminta sebelum batas waktu.",
    ),
    RefundState.COMPLETE: Stage(
        "treasurer",
        "Complete: the payment is looked into",
        "Lengkap: pembayaran sedang diteliti",
        "You need do nothing.",
        "Anda tidak perlu melakukan apa pun.",
    ),
    RefundState.RESEARCHED: Stage(
        "office_head",
        "Looked into: the office recommends",
        "Sudah diteliti: menunggu rekomendasi kantor",
        "You need do nothing.",
        "Anda tidak perlu melakukan apa pun.",
    ),
    RefundState.RECOMMENDED: Stage(
        "decider",
        "Recommended: a second officer decides",
        "Direkomendasikan: menunggu keputusan petugas kedua",
        "You need do nothing.",
        "Anda tidak perlu melakukan apa pun.",
    ),
    RefundState.APPROVED: Stage(
        "scheduling",
        "Approved: your seat is given back first",
        "Disetujui: jadwal Anda dilepas lebih dahulu",
        "You need do nothing.",
        "Anda tidak perlu melakukan apa pun.",
    ),
    RefundState.RELEASED: Stage(
        "treasury",
        "Approved: the treasury is asked to pay",
        "Disetujui: kas negara diminta membayar",
        "If no account is confirmed yet, name one; else wait.",
        "Bila rekening belum terkonfirmasi, sebutkan rekening; bila sudah, tunggu.",
    ),
    RefundState.ORDERED: Stage(
        "treasury",
        "Ordered: the treasury pays",
        "Perintah bayar terbit: kas negara membayar",
        "Wait for the money on your account.",
        "Tunggu uang masuk ke rekening Anda.",
    ),
    RefundState.PAID: Stage(
        "nobody",
        "Paid back",
        "Sudah dibayar",
        "Look at your account; nothing is left to do.",
        "Periksa rekening Anda; tidak ada langkah lagi.",
    ),
    RefundState.CREDITED: Stage(
        "nobody",
        "Credited on a coming fee",
        "Diperhitungkan untuk biaya berikutnya",
        "Pay a coming bill with this credit, or have it paid out.",
        "Gunakan saldo ini untuk membayar tagihan berikutnya, atau minta dibayarkan.",
    ),
    RefundState.REFUSED: Stage(
        "applicant",
        "Refused, with the rule named",
        "Ditolak, dengan aturan yang disebutkan",
        "Send new proof, or object before the deadline.",
        "Kirim bukti baru, atau ajukan keberatan sebelum batas waktu.",
    ),
    RefundState.OBJECTED: Stage(
        "headquarters",
        "Objected: headquarters looks again; silence grants it",
        "Keberatan diajukan: kantor pusat memeriksa; diam berarti dikabulkan",
        "Wait for the answer.",
        "Tunggu jawaban.",
    ),
    RefundState.WITHDRAWN: Stage(
        "nobody",
        "Withdrawn: the money found its use",
        "Dibatalkan: uang sudah terpakai untuk layanan",
        "Follow your application.",
        "Ikuti permohonan Anda.",
    ),
}

TAKEN_BACK: Final = Stage(
    "nobody",
    "Taken back by whoever asked: the payment stays as it was",
    "Ditarik oleh pengaju: pembayaran tetap seperti semula",
    "Follow your application; you may ask again.",
    "Ikuti permohonan Anda; Anda dapat mengajukan lagi.",
)
"""In words, for a request; a case that billing opened ends in the same state once its money has found a seat."""


def stage_of(refund: Refund) -> Stage:
    """Return where a case stands, in words."""
    taken_back = refund.state == RefundState.WITHDRAWN and not refund.automatic
    return TAKEN_BACK if taken_back else STAGES[refund.state]


HOW: Final = (
    "Ask for your money at the bill that you paid, with a reason of this table and a sentence about what happened.",
    "Name the bank account of the payer; the bank confirms it, nobody else sees its number.",
    "Money that was paid twice, too late, in a wrong amount or on an unknown code is set aside by itself: you need not "
    "ask. So is the fee of a visit that the state's own systems stopped, if the new date was not used.",
    "Every step has a person and a deadline; you are told of each one.",
    "You can take your request back until it is decided; the payment then stays as it was.",
    "A refusal names its rule. You can send new proof, or object within three months; without an answer within six "
    "months the objection is granted.",
    "The fee pays the steps of service: it is not paid back where the service was given, or the visit was missed by "
    "your own omission.",
)
HOW_ID: Final = (
    "Ajukan pengembalian pada tagihan yang dibayar, dengan alasan dari tabel ini dan keterangan singkat.",
    "Sebutkan rekening bank pembayar; bank mengonfirmasi, nomornya tidak dilihat pihak lain.",
    "Pembayaran ganda, terlambat, salah jumlah, atau dengan kode tidak dikenal disisihkan otomatis tanpa permohonan. "
    "Begitu pula biaya kunjungan yang terhenti karena sistem negara, bila jadwal pengganti tidak digunakan.",
    "Setiap langkah mempunyai petugas dan batas waktu; Anda diberi tahu setiap kali.",
    "Permohonan dapat Anda tarik kembali selama belum diputuskan; pembayaran tetap seperti semula.",
    "Penolakan menyebut aturannya. Anda dapat mengirim bukti baru, atau mengajukan keberatan dalam tiga bulan; bila "
    "tidak dijawab dalam enam bulan, keberatan dikabulkan.",
    "Biaya membayar tahapan layanan: tidak dikembalikan bila layanan sudah diberikan, atau kunjungan terlewat karena "
    "kelalaian sendiri.",
)
