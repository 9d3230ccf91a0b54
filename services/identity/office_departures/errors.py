"""Refusals of letting an office's staff leave."""

from __future__ import annotations

from shared.errors import NotFound, Refusal, fact_types


class DepartureUnknown(NotFound):
    """You planned no departure under that id in the last 24 hours."""

    code = "departure_unknown"
    title = "You planned no departure under this id in the last 24 hours."
    title_id = "Tidak ada rencana Anda dengan id ini dalam 24 jam terakhir."
    next_action = "Plan the departure of the office and use the id of that answer."
    next_action_id = "Buat rencana untuk kantor tersebut dan gunakan id dari jawabannya."


class OfficeStaffChanged(Refusal):
    """Other people work at the office than were named in the plan; nothing was done."""

    status = 409
    code = "office_staff_changed"
    facts_told = fact_types(office_id=str)
    title = "The staff of this office have changed since the plan; nothing was done."
    title_id = "Petugas kantor ini berubah sejak rencana dibuat; belum ada yang dilakukan."
    next_action = "Plan the departure again and look at who is named in it."
    next_action_id = "Buat rencana lagi dan periksa siapa saja yang disebutkan."


class OfficeHasNoStaff(Refusal):
    """All staff of this office have left, or there were none."""

    status = 409
    code = "office_has_no_staff"
    facts_told = fact_types(office_id=str)
    title = "This office has no staff who could leave."
    title_id = "Kantor ini tidak memiliki petugas yang dapat keluar."
    next_action = "List the staff of the office."
    next_action_id = "Buka daftar petugas kantor tersebut."
