"""Refusals of several rooms; each room has its own in its `errors.py`."""

from __future__ import annotations

from shared.errors import NotAllowed, Refusal, fact_types


class NotYourOffice(NotAllowed):
    """Staff see the applications of their own office only."""

    code = "not_your_office"
    facts_told = fact_types(office_id=str, session_id=str)
    title = "This application belongs to another office."
    title_id = "Permohonan ini milik kantor lain."
    next_action = "Ask the office that the appointment is at."
    next_action_id = "Hubungi kantor tempat janji temu."


class ReasonCodeMissing(Refusal):
    """A refusal, or an interview that ends incomplete, names its reason."""

    status = 422
    code = "reason_code_missing"
    title = "A refusal, or an interview that ends incomplete, needs a reason."
    title_id = "Penolakan, atau wawancara yang belum lengkap, memerlukan alasan."
    next_action = "Send reason_code."
    next_action_id = "Kirim reason_code."


class ReasonCodeUnknown(Refusal):
    """A refusal is told in writing: its reason is one that has words and a rule."""

    status = 422
    code = "reason_code_unknown"
    facts_told = fact_types(known=list[str])
    title = "There are no words for this reason of a refusal; nothing was recorded."
    title_id = "Alasan penolakan ini tidak memiliki penjelasan; tidak ada yang dicatat."
    next_action = "Send one of the codes in known."
    next_action_id = "Kirim salah satu kode dalam known."
