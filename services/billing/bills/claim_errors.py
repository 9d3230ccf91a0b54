"""Refusals about payments."""

from __future__ import annotations

from shared.errors import Refusal, fact_types


class NoCodeToPay(Refusal):
    """A payment was claimed on a bill that never had a code."""

    status = 409
    code = "no_code_to_pay"
    title = "This bill has no code, so nobody can have paid it."
    title_id = "Tagihan ini belum mempunyai kode, sehingga belum dapat dibayar."
    next_action = "Wait for the code, or name the bill whose code you paid."
    next_action_id = "Tunggu kodenya, atau sebutkan tagihan yang kodenya Anda bayar."


class TooManyClaims(Refusal):
    """More claims on one bill than are looked into."""

    status = 409
    code = "too_many_claims"
    facts_told = fact_types(limit=int)
    title = "As many payment claims as are taken for one bill are there already."
    title_id = "Jumlah klaim pembayaran untuk satu tagihan sudah mencapai batas."
    next_action = "Wait until the present claims are looked into."
    next_action_id = "Tunggu sampai klaim yang ada selesai diperiksa."
