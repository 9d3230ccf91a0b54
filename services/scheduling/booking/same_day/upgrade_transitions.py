"""Transitions of a visit whose same-day surcharge is bought at the counter."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment, Leaving, Status, place_given_up
from services.scheduling.booking.appointments.same_day_place import SameDayPlace, SameDayPlaceState
from services.scheduling.booking.appointments.visit_transitions import facts
from services.scheduling.booking.same_day.rules import cut_off
from services.scheduling.booking.seats.seat import Slot
from services.scheduling.office import Office
from services.scheduling.rules import Rules
from services.scheduling.terms import Pool, local_date
from shared.events.codes import NoSeatReason
from shared.events.scheduling import SameDaySeatReserved
from shared.store.decision import Decision

MAY_UPGRADE: Final = (Status.CONFIRMED, Status.CHECKED_IN)


class UpgradeProblem(StrEnum):
    """Why the surcharge cannot be bought for a visit."""

    NO_PAID_VISIT = "no_paid_visit"
    SAME_DAY_ALREADY = "same_day_already"
    NOT_TODAY = "not_today"
    TOO_LATE = "too_late"


def upgrade_problem(visit: Appointment, *, timezone: str, now: datetime, rules: Rules) -> UpgradeProblem | None:
    """Return why it cannot be bought now, or None. The day is the office's, the cut-off the treasury's."""
    problems = {
        UpgradeProblem.NO_PAID_VISIT: visit.status not in MAY_UPGRADE,
        UpgradeProblem.SAME_DAY_ALREADY: visit.seat.pool == Pool.SAME_DAY,
        UpgradeProblem.NOT_TODAY: local_date(now, timezone) != visit.seat.date,
        UpgradeProblem.TOO_LATE: now >= pay_until(visit, rules),
    }
    return next((problem for problem, found in problems.items() if found), None)


def pay_until(visit: Appointment, rules: Rules) -> datetime:
    """Return the moment before which the surcharge must be paid."""
    return cut_off(visit.seat.date, rules.same_day_pay_until)


def reach(
    visit: Appointment, reservation_id: str, session_id: str, token: str, *, by: str, now: datetime, rules: Rules
) -> Decision[Appointment]:
    """Say under which token a same-day seat is reached for, before it is."""
    until = now + timedelta(seconds=rules.move_seconds)
    hurry = SameDayPlace(
        SameDayPlaceState.REACHING, reservation_id, session_id, token, pay_until(visit, rules), by, until
    )
    return Decision(replace(visit, hurry=hurry))


def stay(visit: Appointment) -> Decision[Appointment]:
    """No seat was won: the visit is as it was."""
    return Decision(replace(visit, hurry=None))


def reserve(visit_id: str, visit: Appointment, slot: Slot, office: Office, rules: Rules) -> Decision[Appointment]:
    """Reserve the seat: it counts in the quota from this write on, and its bill can be made.

    The session may end before its bill does; only a bill that is silent long after its end loses the place.
    """
    reached = _place_of(visit)
    until = max(slot.ends_at, reached.pay_until) + timedelta(seconds=rules.long_stop_seconds)
    hurry = replace(reached, state=SameDayPlaceState.RESERVED, slot=slot, until=until)
    event = SameDaySeatReserved(
        **facts(visit_id, visit),
        reservation_id=hurry.reservation_id,
        session_id=slot.session_id,
        pay_until=hurry.pay_until,
        office_timezone=office.timezone,
    )
    return Decision(replace(visit, hurry=hurry), (event,))


def billed(visit: Appointment, bill_id: str) -> Decision[Appointment]:
    """Note the bill of the surcharge, which is named when the place ends."""
    return Decision(replace(visit, hurry=replace(_place_of(visit), bill_id=bill_id)))


def paid(visit: Appointment, bill_id: str) -> Decision[Appointment]:
    """Note that the surcharge is paid: the office makes the book today."""
    paid_for = replace(_place_of(visit), state=SameDayPlaceState.PAID, until=None, bill_id=bill_id)
    return Decision(replace(visit, hurry=paid_for))


def end(visit: Appointment, *, now: datetime, rules: Rules) -> Decision[Appointment]:
    """Give back the seat of an unpaid surcharge; the visit stays as it was booked."""
    slot = _place_of(visit).slot
    if slot is None:
        return stay(visit)
    gone = Leaving(slot.seat_id, slot.token, now + timedelta(seconds=rules.leave_seconds))
    return Decision(replace(visit, hurry=None, leaving=(*visit.leaving, gone)))


def give_up_waiting(visit: Appointment, *, now: datetime, rules: Rules) -> Decision[Appointment]:
    """Give back the seat of a surcharge of which billing said nothing for too long, and tell billing."""
    return Decision(end(visit, now=now, rules=rules).state, place_given_up(visit, NoSeatReason.NOT_HEARD_OF))


def _place_of(visit: Appointment) -> SameDayPlace:
    if visit.hurry is None:
        raise LookupError("this visit has no place in the same-day quota")
    return visit.hurry
