"""The chore that tells operators of a year whose holidays no decree has named yet."""

from __future__ import annotations

from typing import Final

from shared.calendar.national import NATIONAL_CALENDAR
from shared.calendar.working_days import JAKARTA, Calendar
from shared.clock import Clock
from shared.logs import get_logger
from shared.service import Chore

DECREE_MISSING: Final = "calendar.decree_missing"
"""The alert: holidays of `year` are predicted. Deadlines in working days and sessions may be off by days."""

CHECKED_EVERY_SECONDS: Final = 86_400.0

_log = get_logger(__name__)


def decree_chore(clock: Clock, calendar: Calendar = NATIONAL_CALENDAR) -> Chore:
    """Return the chore that alerts once a day while a decree is missing: from October on that of the next year."""

    async def check_decree() -> None:
        year = calendar.year_without_decree(clock.now().astimezone(JAKARTA).date())
        if year is not None:
            _log.error(DECREE_MISSING, year=year)

    return Chore("holiday_decree", CHECKED_EVERY_SECONDS, check_decree)
