"""The step that an office takes with an application now, from its state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.application.applications.application import Application, Interview, Status
from services.application.applications.step_at_hand import COLLECT, PAPERS, VISIT, step_at_hand
from services.application.applications.visit import Seat, SeatState, Visits

JAYAPURA_MORNING = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
"""08:00 of 1 December in Jayapura, and still 30 November in Jakarta and in UTC."""


def application(status: Status = Status.SUBMITTED, **seat: Any) -> Application:
    bare = Application("0" * 16, "account-1", "applicant-1", "person-1", JAYAPURA_MORNING, status=status)
    if not seat:
        return bare
    given: dict[str, Any] = {
        "state": SeatState.CONFIRMED,
        "office_timezone": "Asia/Jayapura",
        "starts_at": JAYAPURA_MORNING,
    } | seat
    return replace(bare, visits=Visits(seats=(Seat("appointment-1", 1, JAYAPURA_MORNING, **given),)))


MIDNIGHT = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
"""Where 1 December begins in Jayapura."""


@pytest.mark.parametrize(
    ("now", "step"),
    [
        (MIDNIGHT - timedelta(seconds=1), None),
        (MIDNIGHT, VISIT),
        (MIDNIGHT + timedelta(days=1, seconds=-1), VISIT),
        (MIDNIGHT + timedelta(days=1), None),
    ],
)
def test_a_visit_is_at_hand_on_its_day_in_the_offices_zone(now: datetime, step: str | None) -> None:
    assert step_at_hand(application(office_timezone="Asia/Jayapura"), now) == step


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (SeatState.CONFIRMED, VISIT),
        (SeatState.CHECKED_IN, VISIT),
        (SeatState.MISSED, VISIT),
        (SeatState.HELD, None),
        (SeatState.RELEASED, None),
    ],
)
def test_only_a_visit_that_counts_is_at_hand(state: SeatState, step: str | None) -> None:
    assert step_at_hand(application(state=state), JAYAPURA_MORNING) == step


def test_without_a_zone_the_capitals_day_counts_and_without_a_time_none() -> None:
    evening = JAYAPURA_MORNING + timedelta(hours=6)
    assert step_at_hand(application(office_timezone=None), MIDNIGHT) is None
    assert step_at_hand(application(office_timezone=None), evening) == VISIT
    assert step_at_hand(application(starts_at=None), JAYAPURA_MORNING) is None


@pytest.mark.parametrize(
    ("status", "step"),
    [(Status.INCOMPLETE, PAPERS), (Status.PRINTED, COLLECT), (Status.APPROVED, None), (Status.DRAFT, None)],
)
def test_papers_and_the_book_are_at_hand_on_any_day(status: Status, step: str | None) -> None:
    assert step_at_hand(application(status), JAYAPURA_MORNING) == step


def test_a_visitor_who_is_here_is_at_hand_until_the_interview() -> None:
    days_later = JAYAPURA_MORNING + timedelta(days=3)
    here = application(state=SeatState.CHECKED_IN)
    assert step_at_hand(here, days_later) == VISIT
    interviewed = replace(here, interview=Interview("approved", JAYAPURA_MORNING, "officer-1"))
    assert step_at_hand(interviewed, days_later) is None
    assert step_at_hand(application(), days_later) is None
