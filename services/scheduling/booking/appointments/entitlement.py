"""The entitlement of a paid visit: still coming, a new date possible until a time, over, or closed with a reason.

Legal certainty for those who paid and could not attend: each paid visit is in exactly one of these at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment, Status, ask_until
from services.scheduling.booking.appointments.special_reschedule_right import SpecialState
from services.scheduling.rules import Rules

OVERDUE: Final = timedelta(days=1)
"""How long after its time a deadline may still be waiting before somebody must look: they are done within seconds."""


class EntitlementState(StrEnum):
    """The states of the entitlement of a paid visit."""

    COMING = "coming"
    AT_THE_OFFICE = "at_the_office"
    TOOK_PLACE = "took_place"
    REBOOKABLE = "rebookable"
    """Missed: a special reschedule may be asked for, or was and waits for the office."""
    SPECIAL_OPEN = "special_open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Entitlement:
    """The entitlement: its state, until when, and the reason if it is closed."""

    place: EntitlementState
    until: datetime | None = None
    reason: str | None = None


_PLAIN: Final = {
    Status.MOVING: EntitlementState.COMING,
    Status.CHECKED_IN: EntitlementState.AT_THE_OFFICE,
    Status.ON_PROOF: EntitlementState.AT_THE_OFFICE,
    Status.USED: EntitlementState.TOOK_PLACE,
    Status.USED_ON_PROOF: EntitlementState.TOOK_PLACE,
}


def entitlement_of(visit: Appointment, *, now: datetime, rules: Rules) -> Entitlement | None:
    """Return the entitlement of a paid visit; None if it is not paid, or in no state (a broken rule)."""
    if visit.cause is None:
        return None
    plain = _PLAIN.get(visit.status)
    if plain is not None:
        return Entitlement(plain)
    if visit.status is Status.CONFIRMED:
        return Entitlement(EntitlementState.COMING, visit.miss_at)
    if visit.status in (Status.SPECIAL_OPEN, Status.SPECIAL_MOVING):
        return _open(visit)
    return _over(visit, now=now, rules=rules)


def _open(visit: Appointment) -> Entitlement | None:
    special = visit.special
    known = special is not None and special.state is SpecialState.OPEN
    return Entitlement(EntitlementState.SPECIAL_OPEN, special.until) if known and special and special.until else None


def _over(visit: Appointment, *, now: datetime, rules: Rules) -> Entitlement | None:
    special = visit.special
    if visit.status is Status.RELEASED and visit.released_for is not None:
        return Entitlement(EntitlementState.CLOSED, reason=visit.released_for.value)
    if visit.status is Status.SPECIAL_ENDED:
        return Entitlement(EntitlementState.CLOSED, reason="special_ended")
    if visit.status is not Status.NO_SHOW:
        return None
    until = ask_until(visit, rules)
    if now <= until or (special is not None and special.state is SpecialState.ASKED):
        return Entitlement(EntitlementState.REBOOKABLE, until)
    refused = special is not None and special.state is SpecialState.REFUSED
    return Entitlement(EntitlementState.CLOSED, reason=special.reason if refused and special else "missed")


def is_certain(visit: Appointment, *, now: datetime, rules: Rules) -> bool:
    """Return whether the visit keeps the rule: unpaid, or in one state whose time is not long over."""
    if visit.cause is None:
        return True
    found = entitlement_of(visit, now=now, rules=rules)
    if found is None:
        return False
    timed = found.place in (EntitlementState.COMING, EntitlementState.SPECIAL_OPEN)
    return not (timed and found.until is not None and now > found.until + OVERDUE)
