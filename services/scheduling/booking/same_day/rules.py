"""Same-day service (percepatan): asked for in the morning of the session's own day, paid before noon in Jakarta.

Both cut-offs are clock times in WIB whatever the office's zone, because the treasury's day is. They are moments in UTC
here, and are shown on the office's clock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.offices.session import Session
from services.scheduling.rules import Rules
from services.scheduling.terms import local_date

WIB: Final = ZoneInfo("Asia/Jakarta")


class SameDayProblem(StrEnum):
    """Why a same-day seat cannot be asked for."""

    NOT_TODAY = "not_today"
    TOO_LATE = "too_late"
    OVER = "over"


def cut_off(day: date, clock: str) -> datetime:
    """Return the moment at which it is that time in Jakarta on that day."""
    return datetime.combine(day, time.fromisoformat(clock), WIB).astimezone(UTC)


def pay_until(session: Session, rules: Rules) -> datetime:
    """Return the moment before which a same-day seat must be paid."""
    return cut_off(session.date, rules.same_day_pay_until)


def same_day_problem(session: Session, *, timezone: str, now: datetime, rules: Rules) -> SameDayProblem | None:
    """Return why a same-day seat of this session cannot be asked for now, or None.

    The session may have begun, because the applicant stands at the counter; the day is the one in the office's zone.
    """
    if local_date(now, timezone) != session.date:
        return SameDayProblem.NOT_TODAY
    if now >= cut_off(session.date, rules.same_day_request_until):
        return SameDayProblem.TOO_LATE
    return SameDayProblem.OVER if now >= session.ends_at else None


def still_payable(appointment: Appointment, now: datetime) -> bool:
    """Return whether a new code for its seat could still be paid before the cut-off; True without a cut-off."""
    return appointment.pay_until is None or now < appointment.pay_until
