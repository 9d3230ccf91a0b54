"""Refusals of legal holds."""

from __future__ import annotations

from services.identity.legal_holds.hold import HoldState
from shared.errors import NotFound, Refusal, fact_types


class HoldUnknown(NotFound):
    """No hold has that id."""

    code = "hold_unknown"
    title = "There is no such legal hold."
    title_id = "Penahanan data tersebut tidak ditemukan."
    next_action = "List the holds at GET /v1/staff/legal-holds and use an id from there."
    next_action_id = "Buka daftar penahanan data di GET /v1/staff/legal-holds dan gunakan id dari sana."


class HoldSubjectUnknown(NotFound):
    """Identity knows no such account or person; `subject_id` is the one that was named."""

    code = "hold_subject_unknown"
    facts_told = fact_types(subject_id=str)
    title = "There is no such account or person to hold."
    title_id = "Akun atau orang yang hendak ditahan datanya tidak ditemukan."
    next_action = "Check the kind and the id, for example person and the person_id of an applicant, and send it again."
    next_action_id = "Periksa jenis dan id, misalnya person dan person_id seorang pemohon, lalu kirim ulang."


class HoldTooLong(Refusal):
    """A hold ends in the future and within `longest_days` days."""

    status = 422
    code = "hold_too_long"
    facts_told = fact_types(longest_days=int)
    title = "A legal hold must end in the future, within five years."
    title_id = "Penahanan data harus berakhir di masa depan, paling lama lima tahun."
    next_action = "Name an end such as a year from now; a case that goes on gets a new hold."
    next_action_id = "Sebutkan akhir, misalnya setahun dari sekarang; perkara yang berlanjut mendapat penahanan baru."


class NothingProposed(Refusal):
    """The hold stands so that nothing waits for this answer; `state` says how."""

    status = 409
    code = "nothing_proposed"
    facts_told = fact_types(hold_id=str, state=HoldState)
    title = "Nothing about this hold waits for that."
    title_id = "Tidak ada hal pada penahanan ini yang menunggu tindakan tersebut."
    next_action = "Look at the hold at GET /v1/staff/legal-holds/{hold_id}: it was decided, lifted or is over."
    next_action_id = "Lihat penahanan di GET /v1/staff/legal-holds/{hold_id}: sudah diputus, dicabut, atau berakhir."
