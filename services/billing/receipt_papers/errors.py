"""Refusals about receipts as papers."""

from __future__ import annotations

from services.billing.bills.states import BillState
from services.billing.refunds.states import RefundState
from shared.errors import NotFound, Refusal, fact_types


class ReceiptUnknown(NotFound):
    """No payment of that number, or it is another account's."""

    code = "receipt_unknown"
    title = "There is no such receipt."
    title_id = "Bukti pembayaran tidak ditemukan."
    next_action = "List the bills of your application: each paid one names its NTPN."
    next_action_id = "Buka daftar tagihan permohonan Anda: setiap tagihan yang lunas menyebut NTPN-nya."


class BillNotPaid(Refusal):
    """A receipt was asked for of a bill that no money has paid."""

    status = 409
    code = "bill_not_paid"
    facts_told = fact_types(state=BillState)
    title = "No money has paid this bill, so there is no receipt of it."
    title_id = "Tagihan ini belum dibayar, sehingga belum ada bukti pembayaran."
    next_action = "Look at the bill for what is to be done; if you have paid, wait for the NTPN or claim your payment."
    next_action_id = "Lihat langkah pada tagihan; bila sudah membayar, tunggu NTPN atau ajukan klaim pembayaran."


class RefundNotPaid(Refusal):
    """A receipt was asked for of a refund that the treasury has not paid."""

    status = 409
    code = "refund_not_paid"
    facts_told = fact_types(state=RefundState)
    title = "This refund is not paid out, so there is no receipt of it."
    title_id = "Pengembalian ini belum dibayarkan, sehingga belum ada buktinya."
    next_action = "Look at the refund case for its next step and its deadline."
    next_action_id = "Lihat langkah berikutnya dan tenggatnya pada perkara pengembalian."


class ReceiptNotConfirmed(NotFound):
    """No payment has both this number and this amount: the paper is not genuine, or was read wrongly."""

    code = "receipt_not_confirmed"
    title = "No payment with this NTPN and this amount is known here."
    title_id = "Tidak ada pembayaran dengan NTPN dan jumlah ini."
    next_action = "Compare both with the paper and type them again; a receipt that stays unknown is not ours."
    next_action_id = "Bandingkan dengan bukti dan ketik ulang; bukti yang tetap tidak dikenal bukan dari kami."
