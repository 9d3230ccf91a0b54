"""Views of day sheets and evening sheets."""

from __future__ import annotations

from services.scheduling.offices.views import local
from services.scheduling.visit.day_sheets.day_sheet import DaySheet
from services.scheduling.visit.day_sheets.evening_schemas import EveningSheetsView, KeptSheetView
from services.scheduling.visit.day_sheets.evening_sheet import EveningSheets
from services.scheduling.visit.day_sheets.schemas import DaySheetView, SheetVisitView


def day_sheet_view(sheet: DaySheet) -> DaySheetView:
    """Return the sheet of a day, without names."""
    visits = [
        SheetVisitView(
            appointment_id=record.id,
            queue_number=record.state.seat.queue_number,
            pool=record.state.seat.pool,
            state=record.state.status.value,
            local_start=local(record.state.seat.starts_at, sheet.office.timezone),
            code_version=record.state.code_version,
        )
        for record in sheet.visits
    ]
    return DaySheetView(
        office_id=sheet.office.office_id,
        date=sheet.day,
        made_at=sheet.made_at,
        offline_seats=sheet.offline_seats,
        visits=visits,
        signed=sheet.signed,
    )


def sheet_json(sheet: DaySheet) -> bytes:
    """Return the same as the file that is kept."""
    return day_sheet_view(sheet).model_dump_json().encode()


def evening_sheets_view(office_id: str, evening: EveningSheets | None) -> EveningSheetsView:
    """Return the kept sheets of an office, newest day first."""
    kept = evening.sheets if evening is not None else ()
    sheets = [
        KeptSheetView(date=sheet.day, made_at=sheet.made_at, visits=sheet.visits, offline_seats=sheet.offline_seats)
        for sheet in sorted(kept, key=lambda sheet: sheet.day, reverse=True)
    ]
    return EveningSheetsView(office_id=office_id, next_at=evening.next_at if evening else None, sheets=sheets)
