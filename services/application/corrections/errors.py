"""Refusals about corrections and what is owed for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from typing_extensions import TypedDict

from shared.errors import Refusal, fact_types
from shared.events.codes import BillPurpose
from shared.http.codes import OneOf


class OwedBill(TypedDict):
    """A bill that is not paid."""

    bill_id: str
    purpose: Annotated[str, OneOf(BillPurpose)]
    amount: int


class NothingCorrected(Refusal):
    """A correction says what holds already."""

    status = 409
    code = "nothing_corrected"
    title = "The correction says what the application says already."
    title_id = "Perbaikan sama dengan isi permohonan saat ini."
    next_action = "Read the application; correct only what is wrong."
    next_action_id = "Lihat permohonan; perbaiki hanya yang keliru."


class ProofNotSeen(Refusal):
    """Force majeure frees from the penalty only with a letter of the village or another authority."""

    status = 422
    code = "proof_not_seen"
    title = "Force majeure needs its proof: a letter of the village or another authority."
    title_id = "Keadaan kahar memerlukan bukti: surat kelurahan atau pihak berwenang lain."
    next_action = "Look at the letter, then repeat with proof_seen: true."
    next_action_id = "Periksa suratnya, lalu ulangi dengan proof_seen: true."


class PriceNotKnownYet(Refusal):
    """The price of a correction is not known yet."""

    status = 409
    code = "price_not_known_yet"
    title = "What the correction costs is being worked out."
    title_id = "Biaya akibat perbaikan sedang dihitung."
    next_action = "Repeat in a few seconds."
    next_action_id = "Ulangi beberapa detik lagi."
    retry_after_seconds = 3


class PaymentOwed(Refusal):
    """A difference or a penalty is not paid: the passport waits for it."""

    status = 409
    code = "payment_owed"
    facts_told = fact_types(bills=list[OwedBill])
    title = "A difference or a penalty of this application is not paid."
    title_id = "Ada selisih biaya atau biaya beban permohonan ini yang belum dibayar."
    next_action = "Have the named bills paid, then record the outcome; a code that has ended can be renewed."
    next_action_id = "Minta tagihan tersebut dibayar, lalu catat hasilnya; kode yang berakhir dapat diperbarui."

    def __init__(self, bills: Sequence[tuple[str, str, int]]) -> None:
        super().__init__(
            bills=[{"bill_id": bill_id, "purpose": purpose, "amount": amount} for bill_id, purpose, amount in bills]
        )
