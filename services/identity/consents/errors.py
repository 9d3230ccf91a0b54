"""Refusals about consents."""

from __future__ import annotations

from datetime import date

from shared.errors import Refusal, TooManyRequests, fact_types


class PurposeIsNeeded(Refusal):
    """The purpose cannot be withdrawn alone; ``ends`` and ``ends_in_indonesian`` say what would end."""

    status = 409
    code = "purpose_is_needed"
    facts_told = fact_types(ends=str, ends_in_indonesian=str, ends_id=str)
    title = "This purpose is needed, so it ends only with the account or the application."
    title_id = "Tujuan ini wajib, jadi hanya berakhir bersama akun atau permohonan."
    next_action = "Read in ends what would end, for example the account; if that is your wish, close the account."
    next_action_id = (
        "Baca di ends_in_indonesian apa yang akan berakhir, misalnya akun; bila itu keinginan Anda, tutup akun Anda."
    )


class NotAskedYet(Refusal):
    """A child decides at 17; until then the guardian has agreed."""

    status = 409
    code = "child_not_asked_yet"
    facts_told = fact_types(asked_from=date)
    title = "The child is asked from the age of 17; until then the guardian has agreed."
    title_id = "Anak ditanya sejak usia 17 tahun; sampai saat itu wali yang menyetujui."
    next_action = "Come back after asked_from, for example 2032-06-10."
    next_action_id = "Kembali setelah asked_from, misalnya 2032-06-10."


class TooManyChoices(TooManyRequests):
    """The account has changed its choices as often as a day allows."""

    code = "too_many_choices"
    facts_told = fact_types(limit=int)
    title = "These choices were changed as often as a day allows."
    title_id = "Pilihan ini sudah diubah sebanyak batas satu hari."
    next_action = "Keep the choice as it is, and change it again after the time given."
    next_action_id = "Biarkan pilihan seperti adanya, dan ubah lagi setelah waktu yang disebutkan."
