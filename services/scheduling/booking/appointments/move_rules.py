"""Whether a visit may move to another session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.scheduling.booking.seats.seat import Slot
from services.scheduling.rules import Rules, bookable_from
from services.scheduling.terms import local_date


class MoveProblem(StrEnum):
    """Why a visit cannot be moved."""

    TOO_LATE = "too_late"
    NO_MOVES_LEFT = "no_moves_left"
    SAME_SESSION = "same_session"
    TOO_FAR = "too_far"
    SESSION_CLOSED = "session_closed"


@dataclass(frozen=True)
class MoveTarget:
    """The session that a visit shall move to."""

    session_id: str
    starts_at: datetime
    timezone: str


def move_problem(
    slot: Slot, *, moves_made: int, timezone: str, target: MoveTarget, now: datetime, rules: Rules
) -> MoveProblem | None:
    """Return why a visit cannot move there, or None. ``timezone`` is that of its present office."""
    furthest = slot.date + timedelta(days=rules.move_within_days)
    problems = {
        MoveProblem.TOO_LATE: local_date(now, timezone) >= slot.date,
        MoveProblem.NO_MOVES_LEFT: moves_made >= rules.moves_max,
        MoveProblem.SAME_SESSION: target.session_id == slot.session_id,
        MoveProblem.SESSION_CLOSED: target.starts_at < bookable_from(now, rules),
        MoveProblem.TOO_FAR: local_date(target.starts_at, target.timezone) > furthest,
    }
    return next((problem for problem, found in problems.items() if found), None)
