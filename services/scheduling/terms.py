"""Terms that every room uses: pools of seats, days in a zone, and the applicant for whom a seat is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class Pool(StrEnum):
    """Pools of seats of one session; they never borrow from each other."""

    REGULAR = "regular"
    PRIORITY = "priority"
    WALK_IN = "walk_in"
    SAME_DAY = "same_day"


def local_date(moment: datetime, timezone: str) -> date:
    """Return the day that a moment falls on in that zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()


@dataclass(frozen=True)
class Applying:
    """The application, account and person that a seat is for."""

    application_id: str
    account_id: str
    person_id: str
