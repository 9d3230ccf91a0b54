"""Refusals about joint bills."""

from __future__ import annotations

from services.billing.joint_bills.states import JointBillState
from shared.errors import NotFound, Refusal, fact_types


class JointBillUnknown(NotFound):
    """No joint bill of that id, or it is somebody else's."""

    code = "joint_bill_unknown"
    title = "There is no such joint bill."
    title_id = "Tagihan gabungan tidak ditemukan."
    next_action = "Look at one of its bills: it names the joint bill that it belongs to."
    next_action_id = "Buka salah satu tagihannya: di sana tertera tagihan gabungannya."


class BillNamedTwice(Refusal):
    """One bill stands in the list twice."""

    status = 422
    code = "bill_named_twice"
    facts_told = fact_types(bill_id=str)
    title = "The same bill is named twice."
    title_id = "Tagihan yang sama disebut dua kali."
    next_action = "Name each bill once."
    next_action_id = "Sebutkan setiap tagihan satu kali saja."


class BillCannotBeJoined(Refusal):
    """The bill is paid, has ended, has no code yet, or is part of a joint bill."""

    status = 409
    code = "bill_cannot_be_joined"
    facts_told = fact_types(bill_id=str, joint_bill_id=str)
    title = "One of the bills cannot be paid together with the others now."
    title_id = "Salah satu tagihan saat ini tidak dapat dibayar bersama yang lain."
    next_action = "Name only bills that have a code and are unpaid; cancel the joint bill that it belongs to first."
    next_action_id = "Sebutkan hanya tagihan yang sudah berkode dan belum dibayar; batalkan dulu tagihan gabungannya."


class BillEndsTooSoon(Refusal):
    """A joint code would end with this bill, before a family could pay it."""

    status = 409
    code = "bill_ends_too_soon"
    facts_told = fact_types(bill_id=str, least_seconds=int)
    title = "One of the bills ends too soon to be paid together with others."
    title_id = "Masa berlaku salah satu tagihan terlalu singkat untuk dibayar bersama."
    next_action = "Pay that bill with its own code, and join the others."
    next_action_id = "Bayar tagihan itu dengan kodenya sendiri, lalu gabungkan yang lain."


class JointBillIsOver(Refusal):
    """A joint bill that is paid or has ended cannot be cancelled."""

    status = 409
    code = "joint_bill_is_over"
    facts_told = fact_types(state=JointBillState)
    title = "This joint bill is paid or has ended already."
    title_id = "Tagihan gabungan ini sudah dibayar atau sudah berakhir."
    next_action = "Nothing is to do; look at the bills that it was for."
    next_action_id = "Tidak ada yang perlu dilakukan; lihat tagihan-tagihannya."
