"""Days of an office as a table shows them: what is free, by kind of seat, and when what is not yet given out opens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

SHOWN_POOLS: Final = ("regular", "priority", "same_day")
"""Seats that people can book themselves; places at the counter are given out there."""


@dataclass(frozen=True)
class Time:
    """One session."""

    session_id: str
    local_start: str
    local_end: str
    free: Mapping[str, int]
    all: Mapping[str, int]
    opens_at: str | None
    """Seats are given out from then on, where that lies ahead."""

    @property
    def is_bookable(self) -> bool:
        """Whether a seat of it can be held at this moment."""
        return self.opens_at is None and sum(self.free.values()) > 0


@dataclass(frozen=True)
class Day:
    """One day of an office."""

    date: str
    times: tuple[Time, ...]

    def free(self, pool: str) -> int:
        """Return the free seats of a pool that can be held now."""
        return sum(time.free.get(pool, 0) for time in self.times if time.opens_at is None)

    def seats(self, pool: str) -> int:
        """Return all seats of a pool."""
        return sum(time.all.get(pool, 0) for time in self.times)

    @property
    def is_bookable(self) -> bool:
        """Whether anything can be held."""
        return any(time.is_bookable for time in self.times)

    @property
    def opens_at(self) -> str | None:
        """When the first seats of a day open that has none to give yet."""
        coming = [time.opens_at for time in self.times if time.opens_at is not None]
        return min(coming) if coming and len(coming) == len(self.times) else None


def days_of(quota: Mapping[str, Any], now: datetime, *, last_booking: datetime | None = None) -> list[Day]:
    """Return the days of `GET /v1/offices/{office_id}/quota` with a session to come.

    Sessions that begin before `last_booking` cannot be booked any more, but for same-day seats.
    """
    days = []
    for day in quota["days"]:
        times = tuple(_times(day["sessions"], now, last_booking))
        if times:
            days.append(Day(day["date"], times))
    return days


def _times(sessions: Iterable[Mapping[str, Any]], now: datetime, last_booking: datetime | None) -> Iterable[Time]:
    for session in sessions:
        if datetime.fromisoformat(session["local_end"]) <= now:
            continue
        is_near = last_booking is not None and datetime.fromisoformat(session["starts_at"]) < last_booking
        opens = session["opens_at"]
        yield Time(
            session["session_id"],
            session["local_start"],
            session["local_end"],
            {
                pool: 0 if is_near and pool != "same_day" else session["pools"][pool]["free"]
                for pool in SHOWN_POOLS
                if pool in session["pools"]
            },
            {pool: session["pools"][pool]["capacity"] for pool in SHOWN_POOLS if pool in session["pools"]},
            opens if opens is not None and datetime.fromisoformat(opens) > now else None,
        )
