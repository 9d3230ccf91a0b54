"""Refusals about applicants who are being removed."""

from __future__ import annotations

from shared.errors import Refusal, fact_types


class ApplicantLeaving(Refusal):
    """The applicant, or the whole account, is being removed: nothing new begins."""

    status = 409
    code = "applicant_leaving"
    facts_told = fact_types(applicant_id=str)
    title = "This person is being removed, or the account is being closed: no application can begin."
    title_id = "Orang ini sedang dihapus, atau akunnya sedang ditutup: permohonan baru tidak dapat dimulai."
    next_action = "Undo the removal first, in your account or by the link in the message about it, then begin again."
    next_action_id = "Batalkan penghapusannya dahulu, di akun Anda atau melalui tautan di pesannya, lalu mulai lagi."
