"""The month in which a printed book waits for its holder: its reminders, and the proxy who may collect it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

REMINDER_DAYS: Final = (3, 14, 21, 28)
"""Days after printing on which the holder is reminded; on the thirtieth the book is cancelled."""

REMINDER_HOUR: Final = 9
"""Reminders are told at this hour of the office's own clock: books are printed at any hour, and people sleep."""


@dataclass(frozen=True)
class Collector:
    """A person who collects a passport for its holder; stored sealed, and nowhere else."""

    full_name: str = field(repr=False)
    nik: str = field(repr=False)


@dataclass(frozen=True)
class Proxy:
    """The person whom the holder lets collect the book. ``sealed`` opens to JSON: ``full_name`` and ``nik``."""

    sealed: str
    announced_at: datetime
    taken_back_at: datetime | None = None
    """From then on a letter of authority for this person counts no more."""

    @property
    def is_announced(self) -> bool:
        """Return whether the holder still wants it."""
        return self.taken_back_at is None


def reminder_at(printed_at: datetime, day: int, timezone: str) -> datetime:
    """Return when the holder is reminded on this day after printing, by the office's own clock."""
    on = printed_at.astimezone(ZoneInfo(timezone)).date() + timedelta(days=day)
    return datetime.combine(on, time(REMINDER_HOUR), ZoneInfo(timezone)).astimezone(printed_at.tzinfo)


def next_reminder_at(printed_at: datetime, reminded_day: int, timezone: str) -> datetime | None:
    """Return when the next reminder is due after that of ``reminded_day`` (0 before the first); None after the last."""
    days = (day for day in REMINDER_DAYS if day > reminded_day)
    return next((reminder_at(printed_at, day, timezone) for day in days), None)


def newest_due_day(printed_at: datetime, reminded_day: int, timezone: str, now: datetime) -> int | None:
    """Return the day of the newest reminder that is due and was not sent; older ones are skipped. None if none is."""
    due = (day for day in REMINDER_DAYS if day > reminded_day and reminder_at(printed_at, day, timezone) <= now)
    return max(due, default=None)
