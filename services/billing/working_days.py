"""Working days: the days that deadlines of refunds are counted in, by a table of the state's holidays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

JAKARTA: Final = ZoneInfo("Asia/Jakarta")
"""The zone of bills: their day decides the tariff, and the year of the treasury ends in it."""

SATURDAY: Final = 5


def day_in_jakarta(moment: datetime) -> date:
    """Return the day that it is in Jakarta: it decides the tariff, and the year of the treasury."""
    return moment.astimezone(JAKARTA).date()


@dataclass(frozen=True)
class Calendar:
    """The state's holidays; weekends are no working days either."""

    holidays: frozenset[date] = frozenset()

    def is_working(self, day: date) -> bool:
        """Return whether offices of the state work on that day."""
        return day.weekday() < SATURDAY and day not in self.holidays

    def after(self, start: datetime, days: int) -> datetime:
        """Return the end (midnight in Jakarta, as UTC) of the given working day after the day of ``start``."""
        day = day_in_jakarta(start)
        while days > 0:
            day += timedelta(days=1)
            days -= self.is_working(day)
        return datetime.combine(day + timedelta(days=1), time(0), JAKARTA).astimezone(UTC)


def calendar_of(data: Mapping[str, Any]) -> Calendar:
    """Return the calendar that a parsed ``holidays.toml`` holds."""
    return Calendar(frozenset(holiday["day"] for holiday in data["holiday"]))
