"""Whether a visitor may check in at this moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from services.scheduling.booking.seats.seat import Slot
from services.scheduling.rules import Rules
from services.scheduling.terms import local_date


class CheckInProblem(StrEnum):
    """Why a visitor cannot be checked in now."""

    WRONG_DAY = "wrong_day"
    TOO_EARLY = "too_early"


def check_in_problem(slot: Slot, *, timezone: str, now: datetime, rules: Rules) -> CheckInProblem | None:
    """Return why a visitor cannot be checked in now, or None; the day is that of the office's zone."""
    if rules.check_in_any_day:
        return None
    if local_date(now, timezone) != slot.date:
        return CheckInProblem.WRONG_DAY
    if now < slot.starts_at - timedelta(minutes=rules.check_in_early_minutes):
        return CheckInProblem.TOO_EARLY
    return None
