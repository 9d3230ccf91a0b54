"""Refusals about the privacy notice."""

from __future__ import annotations

from shared.errors import NotFound, Refusal, fact_types


class NoticeVersionUnknown(NotFound):
    """There is no version of this number."""

    code = "notice_version_unknown"
    title = "The privacy notice has no version of this number."
    title_id = "Pemberitahuan privasi tidak mempunyai versi dengan nomor ini."
    next_action = "Ask without a version for the one in force; it names all numbers, for example 1."
    next_action_id = "Minta tanpa versi untuk yang berlaku; di sana semua nomor disebutkan, misalnya 1."


class PurposeUnknown(NotFound):
    """The notice in force has no such purpose."""

    code = "purpose_unknown"
    title = "The privacy notice has no such purpose."
    title_id = "Pemberitahuan privasi tidak mempunyai tujuan ini."
    next_action = "Choose a purpose from the notice, for example reminders."
    next_action_id = "Pilih tujuan dari pemberitahuan, misalnya reminders."


class NoticeHasChanged(Refusal):
    """The version that was agreed to is not the one in force; ``notice_version`` is."""

    status = 409
    code = "notice_has_changed"
    facts_told = fact_types(notice_version=int)
    title = "The privacy notice has a newer version than the one you agree to."
    title_id = "Pemberitahuan privasi sudah mempunyai versi yang lebih baru daripada yang Anda setujui."
    next_action = "Read the version in force and send its number as notice_version, for example 2."
    next_action_id = "Baca versi yang berlaku dan kirim nomornya sebagai notice_version, misalnya 2."
