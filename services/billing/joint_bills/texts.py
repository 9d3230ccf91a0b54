"""Texts for the holder of a joint bill, by state, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.billing.joint_bills.states import JointBillState


@dataclass(frozen=True)
class JointGuidance:
    """The next action of one state."""

    next_action: str
    next_action_id: str


_BACK: Final = JointGuidance(
    "Pay each bill with its own code, or join the bills that can still be paid again.",
    "Bayar setiap tagihan dengan kodenya sendiri, atau gabungkan lagi tagihan yang masih dapat dibayar.",
)

GUIDANCE: Final[Mapping[JointBillState, JointGuidance]] = {
    JointBillState.REQUESTED: JointGuidance(
        "Wait for the joint code; you will be told as soon as it is there. Do not pay the single codes meanwhile.",
        "Tunggu kode gabungan; Anda akan diberi tahu. Jangan membayar kode satuan sementara itu.",
    ),
    JointBillState.ISSUED: JointGuidance(
        "Pay the joint code at any bank, post office or e-wallet before its end; it pays all of its bills.",
        "Bayar kode gabungan melalui bank, kantor pos, atau dompet elektronik; semua tagihannya lunas sekaligus.",
    ),
    JointBillState.ENDING: JointGuidance(
        "Do not pay the joint code any more; each bill gets a code of its own.",
        "Jangan membayar kode gabungan lagi; setiap tagihan akan mendapat kodenya sendiri.",
    ),
    JointBillState.PAID: JointGuidance(
        "Nothing is left to pay; follow your applications.",
        "Pembayaran selesai; ikuti permohonan-permohonan Anda.",
    ),
    JointBillState.EXPIRED: _BACK,
    JointBillState.CANCELLED: _BACK,
    JointBillState.FAILED: _BACK,
}
