"""Refusals about a book whose visit was not paid."""

from __future__ import annotations

from shared.errors import Refusal


class FeeNotPaid(Refusal):
    """The visitor was let in on a proof of payment that is not valid: the book stays at the office until it is paid."""

    status = 409
    code = "fee_not_paid"
    title = "The fee of this passport is not paid: the proof of payment was not valid."
    title_id = "Biaya paspor ini belum dibayar: bukti pembayaran tidak sah."
    next_action = "Keep the book here. The applicant asks the bank, or books a time and pays; then hand it out."
    next_action_id = "Simpan paspor di kantor. Pemohon bertanya ke bank atau memilih waktu dan membayar; lalu serahkan."
