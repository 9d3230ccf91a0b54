"""Open and closed days: weekly hours, an office's own holidays, the days on which none opens, dates of an outreach."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

from services.scheduling.app import read_templates
from services.scheduling.offices.facts import OfficeKind
from services.scheduling.offices.open_days import receives_on, within_hours
from tests.unit.scheduling.quota_edits import FACTS

MONDAY, SATURDAY = date(2026, 11, 23), date(2026, 11, 28)


def test_an_office_is_open_within_its_hours() -> None:
    assert within_hours(FACTS, MONDAY, time(8), time(16))
    assert not within_hours(FACTS, MONDAY, time(7, 30), time(9))
    assert not within_hours(FACTS, MONDAY, time(15), time(16, 30))
    assert not within_hours(FACTS, SATURDAY, time(8), time(9))


def test_a_holiday_of_its_own_closes_it() -> None:
    closed = replace(FACTS, holidays=(MONDAY,))
    assert receives_on(FACTS, MONDAY) and not receives_on(closed, MONDAY)
    assert not within_hours(closed, MONDAY, time(8), time(9))


def test_an_outreach_is_open_on_its_own_dates_only() -> None:
    outreach = replace(FACTS, kind=OfficeKind.OUTREACH, own_dates=(SATURDAY,))
    assert receives_on(outreach, SATURDAY) and not receives_on(outreach, MONDAY)
    assert within_hours(outreach, SATURDAY, time(19), time(21))


def test_national_holidays_close_every_office() -> None:
    calendar = read_templates().calendar
    assert calendar.is_holiday(date(2026, 8, 17)) and calendar.is_holiday(date(2026, 8, 25))
    assert not calendar.is_holiday(date(2026, 8, 18))
