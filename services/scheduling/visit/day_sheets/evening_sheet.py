"""Evening sheets: the day sheet of tomorrow, made each evening, so that it is there when the network fails.

The evening is on the office's own clock. A sheet that is made late, because the service was away, is made for the day
that the office needs next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

KEPT_DAYS: Final = 14
"""How long sheets stay after their day: an offline day is typed in within a week of it, and a dispute takes another."""


@dataclass(frozen=True)
class StoredSheet:
    """One sheet as it was made: its facts, and where its two files are."""

    day: date
    made_at: datetime
    visits: int
    offline_seats: int
    json_file: str
    pdf_file: str


@dataclass(frozen=True)
class EveningSheets:
    """The sheets of an office, the newest last, and when the next one is made."""

    office_id: str
    timezone: str
    next_at: datetime
    sheets: tuple[StoredSheet, ...] = ()


def evening_deadlines(evening: EveningSheets) -> Mapping[str, datetime]:
    """Return when the next sheet is made."""
    return {"make": evening.next_at}


def next_evening(now: datetime, timezone: str, at: time) -> datetime:
    """Return the next moment after now at which the office's clock shows that time."""
    zone = ZoneInfo(timezone)
    today = datetime.combine(now.astimezone(zone).date(), at, zone)
    return today if today > now else today + timedelta(days=1)


def sheet_day(now: datetime, timezone: str, at: time) -> date:
    """Return the day whose sheet is made now: tomorrow from the evening on, before it today (it was missed)."""
    local = now.astimezone(ZoneInfo(timezone))
    return local.date() + timedelta(days=1) if local.time() >= at else local.date()


def with_sheet(
    evening: EveningSheets, sheet: StoredSheet | None, today: date, next_at: datetime
) -> tuple[EveningSheets, tuple[StoredSheet, ...]]:
    """Return the office's sheets with the new one, if there is one; and the sheets that are no longer kept."""
    others = [kept for kept in evening.sheets if sheet is None or kept.day != sheet.day]
    over = tuple(kept for kept in others if kept.day + timedelta(days=KEPT_DAYS) < today)
    rest = tuple(kept for kept in others if kept not in over)
    sheets = rest if sheet is None else (*rest, sheet)
    return replace(evening, sheets=sheets, next_at=next_at), over
