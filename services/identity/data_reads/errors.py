"""Refusals about reads of personal data and the holds that delay their showing."""

from __future__ import annotations

from services.identity.data_reads.hold import ReadingHoldState
from shared.errors import NotFound, Refusal, fact_types


class ReadingHoldUnknown(NotFound):
    """There is no such hold."""

    code = "reading_hold_unknown"
    title = "There is no such hold."
    title_id = "Penundaan ini tidak ada."
    next_action = "List the holds at GET /v1/data-read-holds."
    next_action_id = "Lihat daftar penundaan di GET /v1/data-read-holds."


class ReadingHoldDecided(Refusal):
    """The hold was decided or lifted before; `state` says how it stands."""

    status = 409
    code = "reading_hold_decided"
    facts_told = fact_types(state=ReadingHoldState)
    title = "This hold was decided before."
    title_id = "Penundaan ini sudah diputuskan."
    next_action = "Look at it in the list at GET /v1/data-read-holds."
    next_action_id = "Lihat keadaannya di daftar GET /v1/data-read-holds."


class ReadingHoldTooLong(Refusal):
    """A hold ends in the future, and after some days at the latest; `most_days` says how many."""

    status = 422
    code = "reading_hold_too_long"
    facts_told = fact_types(most_days=int)
    title = "A hold ends after today and not later than the longest time that is allowed."
    title_id = "Penundaan berakhir setelah hari ini dan tidak melebihi waktu terlama yang diizinkan."
    next_action = "Choose an earlier date; propose a further hold when it ends, if the ground still holds."
    next_action_id = "Pilih tanggal lebih awal; usulkan penundaan berikutnya bila dasarnya masih berlaku."
