"""The step that an office takes with an application now: what its officers read for it needs no stated reason. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.application.applications.application import Application, Status
from services.application.applications.visit import SeatState
from services.application.requirements.requirement import CAPITAL_ZONE

VISIT: Final = "step_visit"
PAPERS: Final = "step_papers"
COLLECT: Final = "step_collect"

_ON_THE_DAY: Final = frozenset({SeatState.CONFIRMED, SeatState.CHECKED_IN, SeatState.MISSED})
"""A visitor who is late was missed, and comes all the same."""

_AT_ANY_TIME: Final = {Status.INCOMPLETE: PAPERS, Status.PRINTED: COLLECT}
"""The office asked for papers, or has the book: the person comes on a day of their choice."""


def step_at_hand(application: Application, now: datetime) -> str | None:
    """Return the step that the office takes with the application now: its visit, on the day of the visit in the
    office's zone and until a visitor who is here was interviewed, papers that are awaited, or the handing out of the
    book. None if it has none to take.
    """
    seat = application.visits.last_seat
    if seat is not None and seat.state is SeatState.CHECKED_IN and application.interview is None:
        return VISIT
    if seat is not None and seat.state in _ON_THE_DAY and seat.starts_at is not None:
        zone = ZoneInfo(seat.office_timezone or CAPITAL_ZONE)
        if seat.starts_at.astimezone(zone).date() == now.astimezone(zone).date():
            return VISIT
    return _AT_ANY_TIME.get(application.status)
