"""The form of a service's part of an export: fields with a label in both languages, and the way each is corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field


class Correction(StrEnum):
    """Ways in which a field is corrected."""

    ADDRESS = "address"
    PARTICULARS = "particulars"
    CONSENTS = "consents"
    PREFERENCES = "preferences"
    SESSIONS = "sessions"
    QUESTIONNAIRE = "questionnaire"
    DOCUMENT = "document"
    VISIT = "visit"
    BANK_ACCOUNT = "bank_account"
    OFFICE = "office"
    RECORD = "record"


@dataclass(frozen=True)
class CorrectionText:
    """How it is done, in both languages, and the call that does it; none where the office does it, or no one."""

    id: str
    en: str
    call: str | None = None


CORRECTIONS: Final[Mapping[Correction, CorrectionText]] = {
    Correction.ADDRESS: CorrectionText(
        "Ganti di akun Anda; kode dikirim ke alamat baru dan lama.",
        "Change it in your account; codes go to the new address and an old one.",
        "PUT /v1/account/email",
    ),
    Correction.PARTICULARS: CorrectionText(
        "Perbaiki sendiri sampai permohonan dikirim; setelah itu kantor memperbaikinya dengan dokumen asli.",
        "Correct it yourself until an application is submitted; then the office does, with the original.",
        "PUT /v1/applicants/{applicant_id}",
    ),
    Correction.CONSENTS: CorrectionText(
        "Beri atau cabut di akun Anda.", "Give or withdraw it in your account.", "PUT /v1/account/consents/{purpose}"
    ),
    Correction.PREFERENCES: CorrectionText(
        "Pilih bahasa dan saluran pesan di akun Anda.",
        "Choose language and channels of messages in your account.",
        "PUT /v1/preferences",
    ),
    Correction.SESSIONS: CorrectionText(
        "Keluarkan perangkat yang bukan milik Anda.", "Sign out what is not yours.", "POST /v1/tokens/revoke"
    ),
    Correction.QUESTIONNAIRE: CorrectionText(
        "Jawab lagi sampai permohonan dikirim; setelah itu petugas memperbaikinya.",
        "Answer again until the application is submitted; then an officer corrects it.",
        "PUT /v1/applications/{application_id}/questionnaire",
    ),
    Correction.DOCUMENT: CorrectionText(
        "Unggah berkas lain sebagai gantinya.",
        "Upload another document in its place.",
        "POST /v1/applications/{application_id}/documents",
    ),
    Correction.VISIT: CorrectionText(
        "Pindahkan kunjungan ke waktu lain.",
        "Move the visit to another time.",
        "POST /v1/appointments/{appointment_id}/reschedule",
    ),
    Correction.BANK_ACCOUNT: CorrectionText(
        "Tulis rekening lain selama pengembalian belum diperintahkan.",
        "Write another account until the refund is ordered.",
        "PUT /v1/refunds/{refund_id}/bank-account",
    ),
    Correction.OFFICE: CorrectionText(
        "Datang ke kantor imigrasi dengan dokumen asli.", "Come to the immigration office with the original."
    ),
    Correction.RECORD: CorrectionText(
        "Ini catatan tentang apa yang terjadi; ia tidak diubah. Bila keliru, tulis kepada pejabat pelindungan data.",
        "This is a record of what happened; it is not changed. If it is wrong, write to the data protection officer.",
    ),
}
"""The sentence and the call of each way; `tests/contract/test_own_data.py` finds each call among the endpoints."""


class OwnData(BaseModel):
    """Base of the models of a part. A wrong one is logged as an error, so its content is left out of that."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


def own(label_id: str, label_en: str, correction: Correction = Correction.RECORD) -> Any:
    """Return the declaration of a field: its label in both languages, and how it is corrected."""
    text = CORRECTIONS[correction]
    return Field(
        json_schema_extra={
            "label": {"id": label_id, "en": label_en},
            "correction": {"id": text.id, "en": text.en, "call": text.call},
        }
    )
