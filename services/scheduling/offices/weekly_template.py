"""The weekly template that an office keeps itself, and the difference between two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Final

from services.scheduling.offices.facts import OfficeFacts, plan_capacity
from services.scheduling.offices.session import PlanProblem, SessionPlan, WeeklyTemplate, plan_problem
from services.scheduling.terms import Pool

MOST_TEMPLATE_SESSIONS: Final = 50
"""Sessions of a template: five weekdays with ten each."""


@dataclass(frozen=True)
class TemplateSession:
    """One session of a week and the weekdays (0 is Monday) on which it is held."""

    weekdays: tuple[int, ...]
    start: time
    end: time
    booths: int
    service_minutes: int
    staff: int
    pools: Mapping[Pool, int]

    @property
    def plan(self) -> SessionPlan:
        """Return the session of one day."""
        return SessionPlan(self.start, self.end, self.booths, self.service_minutes, self.staff, self.pools)


@dataclass(frozen=True)
class OfficeTemplate:
    """The week of one office."""

    office_id: str
    sessions: tuple[TemplateSession, ...]
    change_id: str | None = None

    def plans_for(self, day: date) -> tuple[SessionPlan, ...]:
        """Return the sessions of a day."""
        return tuple(session.plan for session in self.sessions if day.weekday() in session.weekdays)

    def every_plan(self) -> tuple[SessionPlan, ...]:
        """Return every session whatever its weekdays: for an outreach, which receives on dates of its own."""
        return tuple(session.plan for session in self.sessions)


class TemplateProblem(StrEnum):
    """Why a template cannot be used although each of its sessions could."""

    TWO_SESSIONS_START_TOGETHER = "two_sessions_start_together"
    NO_WEEKDAY = "no_weekday"


@dataclass(frozen=True)
class TemplateFault:
    """A problem of a template and the session that has it."""

    index: int
    problem: PlanProblem | TemplateProblem
    capacity: int = 0
    asked: int = 0


def as_delivered(office_id: str, weekly: WeeklyTemplate) -> OfficeTemplate:
    """Return the shipped template as the office would keep it."""
    weekdays = tuple(sorted(weekly.weekdays))
    return OfficeTemplate(
        office_id,
        tuple(
            TemplateSession(
                weekdays,
                session.start,
                session.end,
                session.booths,
                session.service_minutes,
                session.staff,
                dict(session.pools),
            )
            for session in weekly.sessions
        ),
    )


def template_problem(template: OfficeTemplate, facts: OfficeFacts, *, override: bool) -> TemplateFault | None:
    """Return the first problem of a template, or None; ``override`` allows more seats than can be served."""
    taken: set[tuple[int, time]] = set()
    for index, session in enumerate(template.sessions):
        plan, possible = session.plan, plan_capacity(session.plan, facts)
        problem = plan_problem(plan)
        if problem is None and plan.seats > possible:
            problem = PlanProblem.QUOTA_ABOVE_CAPACITY
        if problem is not None and not (override and problem is PlanProblem.QUOTA_ABOVE_CAPACITY):
            return TemplateFault(index, problem, possible, plan.seats)
        if not session.weekdays:
            return TemplateFault(index, TemplateProblem.NO_WEEKDAY)
        starts = {(weekday, session.start) for weekday in session.weekdays}
        if starts & taken:
            return TemplateFault(index, TemplateProblem.TWO_SESSIONS_START_TOGETHER)
        taken |= starts
    return None


def week_of(template: OfficeTemplate) -> Counter[tuple[int, time, Pool]]:
    """Return how many seats a week has, by weekday, start and pool."""
    seats: Counter[tuple[int, time, Pool]] = Counter()
    for session in template.sessions:
        for weekday in session.weekdays:
            for pool, size in session.pools.items():
                seats[weekday, session.start, pool] += size
    return seats


def difference(before: Counter[tuple[int, time, Pool]], after: Counter[tuple[int, time, Pool]]) -> tuple[int, int]:
    """Return how many seats are raised and how many are cut; moving them between pools or hours counts as both."""
    return (after - before).total(), (before - after).total()
