"""Rules of the waiting list: offices and days of a wish, and offers that may stay unused.

How long an offer is kept, and before which start none is made, stands in `services/scheduling/rules.py`.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

MOST_OFFICES_WAITED_FOR: Final = 5
"""Of one entry: a family's own offices and those around; more would be waiting for everything."""

LONGEST_WAIT_DAYS: Final = 62
"""From today: two months are further than any office opens its seats."""

MOST_UNUSED_OFFERS: Final = 3
"""Offers that one entry may decline or let lapse before it ends, so that no one keeps seats out of reach in turn."""


class WishProblem(StrEnum):
    """Why a wish for the waiting list is refused."""

    TOO_MANY_OFFICES = "too_many_offices"
    OFFICE_TWICE = "office_twice"
    ENDS_BEFORE_IT_STARTS = "ends_before_it_starts"
    IN_THE_PAST = "in_the_past"
    TOO_FAR_AHEAD = "too_far_ahead"


def wish_problem(office_ids: tuple[str, ...], first: date, last: date, *, today: date) -> WishProblem | None:
    """Return why this wish is refused, or None."""
    problems = {
        WishProblem.TOO_MANY_OFFICES: not 1 <= len(office_ids) <= MOST_OFFICES_WAITED_FOR,
        WishProblem.OFFICE_TWICE: len(set(office_ids)) != len(office_ids),
        WishProblem.ENDS_BEFORE_IT_STARTS: last < first,
        WishProblem.IN_THE_PAST: last < today,
        WishProblem.TOO_FAR_AHEAD: last > today + timedelta(days=LONGEST_WAIT_DAYS),
    }
    return next((problem for problem, found in problems.items() if found), None)
