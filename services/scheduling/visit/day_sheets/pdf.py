"""The day sheet as PDF: typeset in a thread from the shipped template, accessible (PDF/UA), nothing fetched."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.visit.day_sheets.day_sheet import DaySheet
from shared.store.kinds import Record

TEMPLATE: Final = "day_sheet.typ"
STANDARD: Final = "ua-1"
ZONE_NAMES: Final = {7: "WIB", 8: "WITA", 9: "WIT"}


async def write_sheet(sheet: DaySheet) -> bytes:
    """Return the sheet on paper."""
    return await asyncio.to_thread(_typeset, sheet_data(sheet))


def sheet_data(sheet: DaySheet) -> dict[str, Any]:
    """Return the values of the template, in the office's time."""
    zone = ZoneInfo(sheet.office.timezone)
    made = sheet.made_at.astimezone(zone)
    offset = made.utcoffset()
    hours = round(offset.total_seconds() / 3600) if offset is not None else 0
    return {
        "office_name": sheet.office.name,
        "date": sheet.day.strftime("%d-%m-%Y"),
        "made_at": f"{made:%d-%m-%Y %H.%M} {ZONE_NAMES.get(hours, f'UTC{hours:+d}')}",
        "offline_seats": sheet.offline_seats,
        "mark": sheet.signed[-16:],
        "visits": [_row(record, zone) for record in sheet.visits],
    }


def _row(record: Record[Appointment], zone: ZoneInfo) -> list[str]:
    slot = record.state.seat
    paid = "ya" if record.state.queue_code else "belum"
    return [slot.queue_number, f"{slot.starts_at.astimezone(zone):%H.%M}", slot.pool, record.id[:8], paid]


def _typeset(data: dict[str, Any]) -> bytes:
    # loaded with the first sheet: it weighs 80 MB
    import typst

    pdf = typst.compile(
        _template(),
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=STANDARD,
        ignore_system_fonts=True,
    )
    if not isinstance(pdf, bytes):
        raise TypeError("a sheet is one file")
    return pdf


@cache
def _template() -> bytes:
    return files("services.scheduling.data").joinpath(TEMPLATE).read_bytes()
