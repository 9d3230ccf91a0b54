"""Refusals about bills, their renewal and their end."""

from __future__ import annotations

from services.billing.bills.states import BillState
from shared.errors import NotFound, Refusal, fact_types


class BillUnknown(NotFound):
    """No bill of that id, or it is somebody else's."""

    code = "bill_unknown"
    title = "There is no such bill."
    title_id = "Tagihan tidak ditemukan."
    next_action = "List the bills of your application and use an id from there."
    next_action_id = "Buka daftar tagihan permohonan Anda dan gunakan id dari sana."


class BillStillPayable(Refusal):
    """A new code was asked for while the present one can be paid."""

    status = 409
    code = "bill_still_payable"
    title = "The present code can still be paid."
    title_id = "Kode yang sekarang masih dapat dibayar."
    next_action = "Pay the present code, or wait until it ends."
    next_action_id = "Bayar kode yang sekarang, atau tunggu sampai berakhir."


class BillIsPaid(Refusal):
    """The bill has its money."""

    status = 409
    code = "bill_is_paid"
    title = "This bill is paid."
    title_id = "Tagihan ini sudah dibayar."
    next_action = "Nothing is left to pay; follow your application."
    next_action_id = "Tidak ada lagi yang perlu dibayar; ikuti permohonan Anda."


class MoneyIsOnItsWay(Refusal):
    """A bank took money for this bill; only the treasury's number is missing."""

    status = 409
    code = "money_is_on_its_way"
    title = "A bank has taken money for this bill and the treasury's number is awaited."
    title_id = "Bank sudah menerima pembayaran tagihan ini dan nomor NTPN sedang ditunggu."
    next_action = "Wait; your seat is kept and you will be told."
    next_action_id = "Tunggu; jadwal Anda dipertahankan dan Anda akan diberi tahu."


class MoneyIsBeingPlaced(Refusal):
    """Late money for this bill seeks its seat."""

    status = 409
    code = "money_is_being_placed"
    title = "Your late payment has arrived and a seat is sought for it."
    title_id = "Pembayaran terlambat Anda sudah diterima dan jadwal sedang dicarikan."
    next_action = "Wait for the outcome; it comes within a minute or as an offer."
    next_action_id = "Tunggu hasilnya; datang dalam satu menit atau berupa penawaran."
    retry_after_seconds = 60


class AnotherBillIsLive(Refusal):
    """The application has another bill that waits for money."""

    status = 409
    code = "another_bill_is_live"
    facts_told = fact_types(bill_id=str)
    title = "The application has another bill that can be paid."
    title_id = "Permohonan ini mempunyai tagihan lain yang dapat dibayar."
    next_action = "Pay that bill, or cancel it first."
    next_action_id = "Bayar tagihan itu, atau batalkan dahulu."


class BillCannotBeRenewed(Refusal):
    """The bill waits on no seat, is free, was replaced, or its application was withdrawn."""

    status = 409
    code = "bill_cannot_be_renewed"
    facts_told = fact_types(state=BillState, renewed_by=str)
    title = "This bill cannot have a new code."
    title_id = "Tagihan ini tidak dapat diberi kode baru."
    next_action = "Look at your application for its next step."
    next_action_id = "Lihat langkah berikutnya pada permohonan Anda."


class SeatIsGone(Refusal):
    """The same seat was asked for before, and scheduling said that it is taken."""

    status = 409
    code = "seat_is_gone"
    facts_told = fact_types(reason=str)
    title = "The seat of this bill was taken by somebody else."
    title_id = "Jadwal tagihan ini sudah diambil pemohon lain."
    next_action = "Choose another seat; nothing has to be typed again."
    next_action_id = "Pilih jadwal lain; tidak perlu mengisi ulang."


class BillHasEnded(Refusal):
    """The bill can no longer be given up."""

    status = 409
    code = "bill_has_ended"
    facts_told = fact_types(state=BillState)
    title = "This bill has ended already."
    title_id = "Tagihan ini sudah berakhir."
    next_action = "Nothing is to do; ask for a new code if you still want the seat."
    next_action_id = "Tidak ada yang perlu dilakukan; minta kode baru bila masih menginginkan jadwal."


class BillIsOwed(Refusal):
    """A difference or a penalty cannot be given up: the passport waits for it."""

    status = 409
    code = "bill_is_owed"
    title = "This bill is owed for your passport and cannot be given up."
    title_id = "Tagihan ini wajib dibayar untuk paspor Anda dan tidak dapat dibatalkan."
    next_action = "Pay it; ask for a new code if this one has ended, or ask the office if you think it is wrong."
    next_action_id = "Bayar tagihan ini; minta kode baru bila sudah berakhir, atau tanyakan kantor bila keliru."
