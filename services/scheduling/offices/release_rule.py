"""When the seats of a day are given out: a rule per office, as data; pure functions of rule, day, zone and time.

Known habits (field reference, section 10): weekly on Fridays 14:00, twice a month, on the last working day of the month
at 09:00, on its last day at 13:00. The default gives each new day out as it comes into sight.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

LAST_WORKING_DAY: Final = 0
"""As a day of the month: its last Monday to Friday. Holidays are not looked at: the office may name the day instead."""

LAST_DAY: Final = 31
"""As a day of the month: its last one; every day is cut to the length of its month."""

SECOND_HALF_FROM: Final = 16
"""Two openings a month: one for the days to the 15th, one for the days from the 16th on."""

LONGEST_DAYS_BEFORE: Final = 62
LONGEST_LOOK_DAYS: Final = 70
"""No repeating rule opens a day more than two months before it comes."""


class RuleKind(StrEnum):
    """How often seats are given out."""

    ROLLING = "rolling"
    WEEKLY = "weekly"
    TWICE_MONTHLY = "twice_monthly"
    MONTHLY = "monthly"
    FIXED = "fixed"


@dataclass(frozen=True)
class FixedOpening:
    """One named instant and the days that open with it, both inclusive."""

    at: datetime
    first: date
    last: date


@dataclass(frozen=True)
class OpeningRule:
    """When an office gives out the seats of a day; times are those of ``zone``, or the office's own."""

    kind: RuleKind = RuleKind.ROLLING
    at: time = time(0)
    days_before: int = 13
    """Rolling: this many days before the day."""
    weekday: int = 4
    """Weekly: on this weekday (0 is Monday) before the Monday of the day's week."""
    month_days: tuple[int, ...] = ()
    """Monthly: the day in the month before. Twice monthly: the day for the second half of the same month, then the
    day for the first half of the next one."""
    fixed: tuple[FixedOpening, ...] = ()
    announced_days: int = 0
    """How many days before they open the sessions are shown, and announced to the accounts that asked for it."""
    zone: str | None = None


@dataclass(frozen=True)
class ReleaseInstant:
    """An instant at which days open, the first and the last of them."""

    at: datetime
    first: date
    last: date


class RuleProblem(StrEnum):
    """Why a rule cannot be used."""

    DAYS_BEFORE_OUT_OF_RANGE = "days_before_out_of_range"
    WEEKDAY_OUT_OF_RANGE = "weekday_out_of_range"
    ONE_MONTH_DAY_NEEDED = "one_month_day_needed"
    TWO_MONTH_DAYS_NEEDED = "two_month_days_needed"
    FIXED_DAYS_NEEDED = "fixed_days_needed"
    FIXED_DAYS_OVERLAP = "fixed_days_overlap"


def rule_problem(rule: OpeningRule) -> RuleProblem | None:
    """Return why this rule cannot be used; None if it can."""
    days = rule.month_days
    halves = len(days) == 2 and 1 <= days[0] < SECOND_HALF_FROM and (days[1] == 0 or days[1] >= SECOND_HALF_FROM)
    ordered = sorted(rule.fixed, key=lambda opening: opening.first)
    problems: Mapping[RuleKind, tuple[tuple[RuleProblem, bool], ...]] = {
        RuleKind.ROLLING: ((RuleProblem.DAYS_BEFORE_OUT_OF_RANGE, not 0 <= rule.days_before <= LONGEST_DAYS_BEFORE),),
        RuleKind.WEEKLY: ((RuleProblem.WEEKDAY_OUT_OF_RANGE, not 0 <= rule.weekday <= 6),),
        RuleKind.MONTHLY: ((RuleProblem.ONE_MONTH_DAY_NEEDED, len(days) != 1 or not 0 <= days[0] <= LAST_DAY),),
        RuleKind.TWICE_MONTHLY: ((RuleProblem.TWO_MONTH_DAYS_NEEDED, not halves or days[1] > LAST_DAY),),
        RuleKind.FIXED: (
            (RuleProblem.FIXED_DAYS_NEEDED, not ordered or any(opening.first > opening.last for opening in ordered)),
            (
                RuleProblem.FIXED_DAYS_OVERLAP,
                any(one.last >= two.first or one.at > two.at for one, two in pairwise(ordered)),
            ),
        ),
    }
    return next((problem for problem, found in problems[rule.kind] if found), None)


def opens_at(rule: OpeningRule, session_date: date, timezone: str) -> datetime | None:
    """Return when the seats of that day are given out, in UTC; None if the rule never opens that day."""
    if rule.kind is RuleKind.FIXED:
        return next((opening.at for opening in rule.fixed if opening.first <= session_date <= opening.last), None)
    day = _OPENING_DAY[rule.kind](rule, session_date)
    return datetime.combine(day, rule.at, ZoneInfo(rule.zone or timezone)).astimezone(UTC)


def next_opening(rule: OpeningRule, now: datetime, timezone: str) -> ReleaseInstant | None:
    """Return the next instant after ``now`` at which days open, and which; None if no further one is known."""
    if rule.kind is RuleKind.FIXED:
        coming = [opening for opening in rule.fixed if opening.at > now]
        return min(
            (ReleaseInstant(opening.at, opening.first, opening.last) for opening in coming),
            key=lambda opening: opening.at,
            default=None,
        )
    today = now.astimezone(ZoneInfo(timezone)).date()
    days = [today + timedelta(days=ahead) for ahead in range(LONGEST_LOOK_DAYS)]
    waiting = [(at, day) for day in days if (at := opens_at(rule, day, timezone)) is not None and at > now]
    first_at, first = min(waiting)
    return ReleaseInstant(first_at, first, max(day for at, day in waiting if at == first_at))


def in_sight(rule: OpeningRule, session_date: date, timezone: str, now: datetime) -> bool:
    """Return whether sessions of that day may be shown now: they are open, or will be within the announced time."""
    at = opens_at(rule, session_date, timezone)
    return at is not None and at <= now + timedelta(days=rule.announced_days)


def _rolling(rule: OpeningRule, day: date) -> date:
    return day - timedelta(days=rule.days_before)


def _weekly(rule: OpeningRule, day: date) -> date:
    monday = day - timedelta(days=day.weekday())
    return monday - timedelta(days=7 - rule.weekday)


def _monthly(rule: OpeningRule, day: date) -> date:
    return _day_of(_month_before(day), rule.month_days[0])


def _twice_monthly(rule: OpeningRule, day: date) -> date:
    if day.day >= SECOND_HALF_FROM:
        return _day_of(day, rule.month_days[0])
    return _day_of(_month_before(day), rule.month_days[1])


_OPENING_DAY: Final[Mapping[RuleKind, Callable[[OpeningRule, date], date]]] = {
    RuleKind.ROLLING: _rolling,
    RuleKind.WEEKLY: _weekly,
    RuleKind.MONTHLY: _monthly,
    RuleKind.TWICE_MONTHLY: _twice_monthly,
}


def _month_before(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


def _day_of(month: date, wanted: int) -> date:
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    if wanted == LAST_WORKING_DAY:
        return last - timedelta(days=max(0, last.weekday() - 4))
    return month.replace(day=min(wanted, last.day))
