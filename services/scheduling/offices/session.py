"""Sessions of an office: plan, capacity, batches of seats, and the weekly templates that bring them.

The shipped templates are `data/weekly_template.toml`; the days on which no office opens, `shared/calendar/national.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.scheduling.terms import Pool, local_date
from shared.calendar.national import NATIONAL_CALENDAR
from shared.calendar.working_days import Calendar

MOST_SEATS: Final = 1000
"""Seats of one session; the largest published daily quota is 285 (Batam, 2023)."""

LONGEST_HORIZON_DAYS: Final = 400
"""How far ahead a session may be opened."""

_HALF_HOURS_OF_A_DAY: Final = 48
_FIRST_LETTER_HALF_HOUR: Final = 16
"""08:00, when offices open, has the letter A."""

_LETTERS: Final = 26
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class SessionPlan:
    """The plan of a session, in the office's local time."""

    start: time
    end: time
    booths: int
    service_minutes: int
    staff: int
    pools: Mapping[Pool, int]

    @property
    def minutes(self) -> int:
        """Return its length in minutes."""
        return (self.end.hour - self.start.hour) * 60 + self.end.minute - self.start.minute

    @property
    def seats(self) -> int:
        """Return seats of all pools together."""
        return sum(self.pools.values())


@dataclass(frozen=True)
class SeatBatch:
    """Seats of one pool that were written together; their numbers go on from the batch before."""

    pool: Pool
    seats: int


@dataclass(frozen=True)
class Session:
    """One opened session; its seats are documents of their own."""

    office_id: str
    date: date
    """The day in the office's zone."""
    start: str
    """Local start, ``HH:MM``: unique for an office and a day."""
    letter: str
    starts_at: datetime
    ends_at: datetime
    pools: Mapping[Pool, int]
    booths: int
    service_minutes: int
    staff: int
    opened_by: str
    """``template`` or the account of the office administrator."""
    opened_by_command: str | None = None
    opening_until: datetime | None = None
    """Set while its seats are being written and it is not shown; from then on a deadline writes what is missing."""
    opens_at: datetime | None = None
    """When its seats are given out; None: from the start."""
    batches: tuple[SeatBatch, ...] = ()
    """Every seat that was ever written, the withdrawn ones included; empty: those of :attr:`pools`."""
    edited_by: str | None = None
    """The change that its seats are being fitted to."""
    change_id: str | None = None
    """The last change that its seats were fitted to."""

    @property
    def capacity(self) -> int:
        """Return seats of all pools together, without those that were withdrawn."""
        return sum(self.pools.values())

    @property
    def written(self) -> int:
        """Return how many seats are stored, the withdrawn ones included."""
        return sum(batch.seats for batch in batches_of(self))


class PlanProblem(StrEnum):
    """Why a plan cannot be opened."""

    ENDS_BEFORE_IT_STARTS = "ends_before_it_starts"
    NOT_ON_A_HALF_HOUR = "not_on_a_half_hour"
    NO_SEATS = "no_seats"
    TOO_MANY_SEATS = "too_many_seats"
    QUOTA_ABOVE_CAPACITY = "quota_above_capacity"
    IN_THE_PAST = "in_the_past"
    TOO_FAR_AHEAD = "too_far_ahead"


def capacity(*, booths: int, staff: int, minutes: int, service_minutes: int) -> int:
    """Return how many people a session can serve: whole services per booth, for as many booths as are staffed."""
    return min(booths, staff) * (minutes // service_minutes)


def plan_problem(plan: SessionPlan) -> PlanProblem | None:
    """Return why this plan cannot be opened on any day, or None."""
    possible = capacity(
        booths=plan.booths, staff=plan.staff, minutes=max(plan.minutes, 0), service_minutes=plan.service_minutes
    )
    problems = {
        PlanProblem.ENDS_BEFORE_IT_STARTS: plan.minutes <= 0,
        PlanProblem.NOT_ON_A_HALF_HOUR: plan.start.minute % 30 != 0,
        PlanProblem.NO_SEATS: plan.seats == 0,
        PlanProblem.TOO_MANY_SEATS: plan.seats > MOST_SEATS,
        PlanProblem.QUOTA_ABOVE_CAPACITY: plan.seats > possible,
    }
    return next((problem for problem, found in problems.items() if found), None)


def day_problem(session: Session, now: datetime) -> PlanProblem | None:
    """Return why a session cannot be opened on its day, or None."""
    if session.starts_at <= now:
        return PlanProblem.IN_THE_PAST
    if session.starts_at > now + timedelta(days=LONGEST_HORIZON_DAYS):
        return PlanProblem.TOO_FAR_AHEAD
    return None


def letter_of(start: time) -> str:
    """Return the letter of queue numbers; sessions start on half hours, so each of one office and day has its own."""
    half_hour = start.hour * 2 + start.minute // 30
    order = (half_hour - _FIRST_LETTER_HALF_HOUR) % _HALF_HOURS_OF_A_DAY
    prefix = "A" if order >= _LETTERS else ""
    return prefix + chr(ord("A") + order % _LETTERS)


def session_from(
    plan: SessionPlan,
    *,
    office_id: str,
    timezone: str,
    day: date,
    opened_by: str,
    command_id: str | None = None,
    opening_until: datetime | None = None,
    opens_at: datetime | None = None,
) -> Session:
    """Return the session of a plan on a day of an office in that zone."""
    zone = ZoneInfo(timezone)
    return Session(
        office_id=office_id,
        date=day,
        start=plan.start.strftime("%H:%M"),
        letter=letter_of(plan.start),
        starts_at=datetime.combine(day, plan.start, zone).astimezone(UTC),
        ends_at=datetime.combine(day, plan.end, zone).astimezone(UTC),
        pools=dict(plan.pools),
        booths=plan.booths,
        service_minutes=plan.service_minutes,
        staff=plan.staff,
        opened_by=opened_by,
        opened_by_command=command_id,
        opening_until=opening_until,
        opens_at=opens_at,
    )


def is_open(session: Session, now: datetime) -> bool:
    """Return whether seats of the session are being given out."""
    return session.opens_at is None or session.opens_at <= now


def opened(session: Session) -> Session:
    """Return the session once all of its seats are written: it may be shown."""
    return replace(session, opening_until=None)


def session_deadlines(session: Session) -> Mapping[str, datetime]:
    """Return when a deadline must write the seats that are missing."""
    return {} if session.opening_until is None else {"open": session.opening_until}


def batches_of(session: Session) -> tuple[SeatBatch, ...]:
    """Return the batches of seats that were written, in the order of their numbers."""
    if session.batches:
        return session.batches
    return tuple(SeatBatch(pool, session.pools[pool]) for pool in Pool if session.pools.get(pool, 0))


def resized(session: Session, pools: Mapping[Pool, int], change_id: str) -> Session:
    """Return the session with pools of these sizes, its seats to be fitted: what a pool gains is a new batch."""
    gains = {pool: pools.get(pool, 0) - session.pools.get(pool, 0) for pool in Pool}
    new = tuple(SeatBatch(pool, gain) for pool, gain in gains.items() if gain > 0)
    return replace(
        session,
        pools={pool: size for pool, size in pools.items() if size},
        batches=(*batches_of(session), *new),
        edited_by=change_id,
    )


def replaced(session: Session, lost: Mapping[Pool, int], change_id: str) -> Session:
    """Return the session with new seats for those that a failed change withdrew."""
    new = tuple(SeatBatch(pool, seats) for pool, seats in lost.items() if seats)
    return replace(session, batches=(*batches_of(session), *new), edited_by=change_id)


def plan_of(session: Session) -> SessionPlan:
    """Return the plan that the session follows; lengths only, its clock times are not the office's."""
    minutes = int((session.ends_at - session.starts_at).total_seconds()) // 60
    return SessionPlan(
        start=time(0),
        end=time(minutes // 60, minutes % 60),
        booths=session.booths,
        service_minutes=session.service_minutes,
        staff=session.staff,
        pools=session.pools,
    )


def fitted(session: Session) -> Session:
    """Return the session once its stored seats are those of its pools."""
    return replace(session, edited_by=None, change_id=session.edited_by)


@dataclass(frozen=True)
class WeeklyTemplate:
    """The sessions of an ordinary week: the weekdays (0 is Monday), and the sessions of each."""

    weekdays: frozenset[int]
    sessions: tuple[SessionPlan, ...]


@dataclass(frozen=True)
class WeeklyTemplates:
    """The template of every office, the one of most offices first."""

    default: WeeklyTemplate
    offices: Mapping[str, WeeklyTemplate] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    """On its holidays no office opens by a template."""


class TemplateFileWrong(ValueError):
    """The file of weekly templates cannot be used; the message names the office and the rule."""


def templates_from(content: Mapping[str, Any]) -> WeeklyTemplates:
    """Return the templates that the parsed file holds, closed on the holidays of the national calendar.

    Raises:
        TemplateFileWrong: a plan breaks a rule or a field is missing.
    """
    try:
        return WeeklyTemplates(
            default=_template_from("default", content["default"]),
            offices={office: _template_from(office, part) for office, part in content.get("offices", {}).items()},
            calendar=NATIONAL_CALENDAR,
        )
    except (KeyError, ValueError) as problem:
        if isinstance(problem, TemplateFileWrong):
            raise
        raise TemplateFileWrong(f"weekly templates: {type(problem).__name__} {problem}") from problem


def _template_from(name: str, part: Mapping[str, Any]) -> WeeklyTemplate:
    plans = tuple(_plan_from(row) for row in part["sessions"])
    for plan in plans:
        problem = plan_problem(plan)
        if problem is not None:
            raise TemplateFileWrong(f"weekly templates: {name} at {plan.start:%H:%M}: {problem}")
    return WeeklyTemplate(frozenset(_WEEKDAYS.index(day) for day in part["weekdays"]), plans)


def _plan_from(row: Mapping[str, Any]) -> SessionPlan:
    return SessionPlan(
        start=time.fromisoformat(row["start"]),
        end=time.fromisoformat(row["end"]),
        booths=row["booths"],
        service_minutes=row["service_minutes"],
        staff=row["staff"],
        pools={Pool(name): size for name, size in row["pools"].items()},
    )


def days_ahead(now: datetime, timezone: str, days: int) -> Sequence[date]:
    """Return today in that zone and the days after it, ``days`` in all."""
    today = local_date(now, timezone)
    return [today + timedelta(days=ahead) for ahead in range(days)]
