"""Working days of the state: weekends, public holidays and joint leave do not count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

JAKARTA: Final = ZoneInfo("Asia/Jakarta")
SATURDAY: Final = 5

DECREE_EXPECTED_MONTH: Final = 10
"""From this month on the next year's decree is missed: those of 2026 and 2027 were signed in September."""


def day_in_jakarta(moment: datetime) -> date:
    """Return the day of Jakarta that a moment belongs to: the treasury's day."""
    return moment.astimezone(JAKARTA).date()


@dataclass(frozen=True)
class HolidayYear:
    """The holidays of one year, each with its name."""

    year: int
    public: Mapping[date, str]
    decree: str | None = None
    """The joint decree of the three ministers that names these days; None: predicted, so provisional."""
    joint_leave: Mapping[date, str] | None = None
    """Cuti bersama: state offices are closed. Known by decree only."""

    @property
    def days(self) -> Mapping[date, str]:
        """All days on which state offices are closed beside weekends."""
        return {**self.public, **(self.joint_leave or {})}


@dataclass(frozen=True)
class Calendar:
    """Tells working days from others. Without holidays, as in `Calendar()`, only weekends are none."""

    holidays: frozenset[date] = frozenset()
    every_year: frozenset[tuple[int, int]] = frozenset()
    """(month, day) of holidays with a fixed date, for years that have no table."""
    decreed_years: frozenset[int] = frozenset()

    def is_holiday(self, day: date) -> bool:
        """Return whether it is a public holiday or joint leave, by decree or as predicted."""
        return day in self.holidays or (day.month, day.day) in self.every_year

    def is_working(self, day: date) -> bool:
        """Return whether offices of the state work on that day."""
        return day.weekday() < SATURDAY and not self.is_holiday(day)

    def is_provisional(self, day: date) -> bool:
        """Return whether the holidays of that day's year are predicted, for want of a decree."""
        return day.year not in self.decreed_years

    def working_day_after(self, day: date, days: int) -> date:
        """Return the given working day after ``day``, which itself never counts; with 0 the day itself."""
        left = days
        while left > 0:
            day += timedelta(days=1)
            left -= self.is_working(day)
        return day

    def after(self, start: datetime, days: int) -> datetime:
        """Return the end (midnight in Jakarta, as UTC) of the given working day after ``start``'s own day."""
        day = self.working_day_after(start.astimezone(JAKARTA).date(), days)
        return datetime.combine(day + timedelta(days=1), time(0), JAKARTA).astimezone(UTC)

    def year_without_decree(self, today: date) -> int | None:
        """Return the year whose decree should be in the table by now and is not; None while nothing is missing."""
        years = (today.year, today.year + 1) if today.month >= DECREE_EXPECTED_MONTH else (today.year,)
        return next((year for year in years if year not in self.decreed_years), None)


def calendar_of(years: Iterable[HolidayYear], every_year: Iterable[tuple[int, int]] = ()) -> Calendar:
    """Return the calendar of these years."""
    table = tuple(years)
    return Calendar(
        holidays=frozenset(day for year in table for day in year.days),
        every_year=frozenset(every_year),
        decreed_years=frozenset(year.year for year in table if year.decree is not None),
    )


def dated(year: int, lines: str) -> Mapping[date, str]:
    """Return the days of lines such as ``08-17 Proklamasi Kemerdekaan``, each with its name.

    Raises:
        ValueError: a line does not begin with a day of that year.
    """
    parts = (line.strip().partition(" ") for line in lines.strip().splitlines())
    return {date.fromisoformat(f"{year}-{day}"): name for day, _, name in parts}
