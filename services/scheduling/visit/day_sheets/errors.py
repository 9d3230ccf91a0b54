"""Refusals of day sheets, same-day lists and offline files."""

from __future__ import annotations

from datetime import date, datetime

from shared.errors import NotFound, Refusal, fact_types


class SameDayListNotReady(Refusal):
    """Same-day seats can still be paid for; `ready_at` says when the list is complete."""

    status = 409
    code = "same_day_list_not_ready"
    facts_told = fact_types(ready_at=datetime)
    title = "The same-day list is ready at 12:00 WIB."
    title_id = "Daftar layanan hari yang sama siap pada pukul 12.00 WIB."
    next_action = "Ask again from the time named here."
    next_action_id = "Minta kembali mulai waktu yang disebutkan di sini."


class OfflineDayAhead(Refusal):
    """The day has not come in the office's zone."""

    status = 422
    code = "offline_day_ahead"
    title = "This day has not come yet."
    title_id = "Hari ini belum tiba."
    next_action = "Name the day on which the arrivals were written down."
    next_action_id = "Sebutkan hari ketika kedatangan dicatat."


class SheetNotKept(NotFound):
    """No sheet of that day was made in an evening, or it is no longer kept."""

    code = "sheet_not_kept"
    facts_told = fact_types(date=date)
    title = "No sheet of this day is kept."
    title_id = "Tidak ada lembar untuk hari ini yang tersimpan."
    next_action = "Export the sheet of the day itself; it is made at once."
    next_action_id = "Unduh lembar hari itu sendiri; lembar dibuat seketika."
