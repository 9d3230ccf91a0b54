"""All staff of an office leave: planned first, then done to exactly those who were named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions

PLANNED_FOR: Final = timedelta(hours=24)
"""How long a plan can be carried out: it is made on the day on which it is needed."""

KEPT_AFTER: Final = timedelta(days=30)
"""How long a departure that was begun is kept, so that a repeat goes on with it."""


class DepartureState(StrEnum):
    """States of an office's departure."""

    PLANNED = "planned"
    RUNNING = "running"
    """Members of staff are leaving; after a crash the same call goes on."""
    DONE = "done"


class DepartureCommand(StrEnum):
    """Commands on an office's departure."""

    BEGIN = "begin"
    FINISH = "finish"


DEPARTURE_TRANSITIONS: Final = Transitions(
    {
        (DepartureState.PLANNED, DepartureCommand.BEGIN): DepartureState.RUNNING,
        (DepartureState.RUNNING, DepartureCommand.FINISH): DepartureState.DONE,
    }
)


@dataclass(frozen=True)
class OfficeDeparture:
    """The departure of an office's staff, as one operator planned it."""

    office_id: str
    by: str
    reason: str
    staff_ids: tuple[str, ...]
    planned_at: datetime
    kept_until: datetime
    state: DepartureState = DepartureState.PLANNED


def planned(office_id: str, by: str, reason: str, staff_ids: tuple[str, ...], now: datetime) -> OfficeDeparture:
    """Return the plan; nothing is done yet."""
    return OfficeDeparture(office_id, by, reason, staff_ids, now, now + PLANNED_FOR)


def is_planned_by(departure: OfficeDeparture, by: str, office_id: str, now: datetime) -> bool:
    """Return whether this operator planned it for this office, and it is not too old."""
    return (departure.by, departure.office_id) == (by, office_id) and now < departure.kept_until


def begun(departure: OfficeDeparture, now: datetime) -> OfficeDeparture:
    """Return the departure that is being done."""
    state = DEPARTURE_TRANSITIONS.after(departure.state, DepartureCommand.BEGIN)
    return replace(departure, state=state, kept_until=now + KEPT_AFTER)


def finished(departure: OfficeDeparture) -> OfficeDeparture:
    """Return the departure whose last member of staff has left."""
    return replace(departure, state=DEPARTURE_TRANSITIONS.after(departure.state, DepartureCommand.FINISH))
