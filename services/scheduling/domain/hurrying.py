"""A visit buys the same-day service at the counter: why it cannot, and what it becomes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduling.domain.appointments import Appointment, Decision, Leaving, Status
from services.scheduling.domain.hurry import Hurry, HurryState
from services.scheduling.domain.offices import Office
from services.scheduling.domain.policies import Rules
from services.scheduling.domain.same_day import cut_off
from services.scheduling.domain.seats import Slot
from services.scheduling.domain.sessions import Pool, local_date
from services.scheduling.domain.visiting import facts
from shared.events.scheduling import SameDaySeatReserved

MAY_HURRY: Final = (Status.CONFIRMED, Status.CHECKED_IN)


class HurryProblem(StrEnum):
    """Why the surcharge cannot be bought for a visit."""

    NO_PAID_VISIT = "no_paid_visit"
    SAME_DAY_ALREADY = "same_day_already"
    NOT_TODAY = "not_today"
    TOO_LATE = "too_late"


def hurry_problem(visit: Appointment, *, timezone: str, now: datetime, rules: Rules) -> HurryProblem | None:
    """Why it cannot be bought now; none if it can. The day is the office's, the cut-off the treasury's."""
    problems = {
        HurryProblem.NO_PAID_VISIT: visit.status not in MAY_HURRY,
        HurryProblem.SAME_DAY_ALREADY: visit.seat.pool == Pool.SAME_DAY,
        HurryProblem.NOT_TODAY: local_date(now, timezone) != visit.seat.date,
        HurryProblem.TOO_LATE: now >= pay_until(visit, rules),
    }
    return next((problem for problem, found in problems.items() if found), None)


def pay_until(visit: Appointment, rules: Rules) -> datetime:
    """Before this moment the surcharge must be paid."""
    return cut_off(visit.seat.date, rules.same_day_pay_until)


def reach(
    visit: Appointment, reservation_id: str, session_id: str, token: str, *, by: str, now: datetime, rules: Rules
) -> Decision:
    """Say under which token a same-day seat is reached for, before it is."""
    until = now + timedelta(seconds=rules.move_seconds)
    hurry = Hurry(HurryState.REACHING, reservation_id, session_id, token, pay_until(visit, rules), by, until)
    return Decision(replace(visit, hurry=hurry))


def stay(visit: Appointment) -> Decision:
    """No seat could be had: the visit is as it was."""
    return Decision(replace(visit, hurry=None))


def reserve(visit_id: str, visit: Appointment, slot: Slot, office: Office) -> Decision:
    """The seat is this visit's: it counts in the quota from this write on, and its bill can be made."""
    hurry = replace(_hurry_of(visit), state=HurryState.RESERVED, slot=slot, until=slot.ends_at)
    said = SameDaySeatReserved(
        **facts(visit_id, visit),
        reservation_id=hurry.reservation_id,
        session_id=slot.session_id,
        pay_until=hurry.pay_until,
        office_timezone=office.timezone,
    )
    return Decision(replace(visit, hurry=hurry), (said,))


def paid(visit: Appointment) -> Decision:
    """The surcharge is paid: the office makes the book today."""
    return Decision(replace(visit, hurry=replace(_hurry_of(visit), state=HurryState.PAID, until=None)))


def end(visit: Appointment, *, now: datetime, rules: Rules) -> Decision:
    """The surcharge was not paid: the seat goes back, the visit stays as it was booked."""
    slot = _hurry_of(visit).slot
    if slot is None:
        return stay(visit)
    gone = Leaving(slot.seat_id, slot.token, now + timedelta(seconds=rules.leave_seconds))
    return Decision(replace(visit, hurry=None, leaving=(*visit.leaving, gone)))


def _hurry_of(visit: Appointment) -> Hurry:
    if visit.hurry is None:
        raise LookupError("this visit has no place in the same-day quota")
    return visit.hurry
