"""The calendar of working days: what counts, what a decree says, and what is predicted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
import structlog

from shared.calendar.decree_check import DECREE_MISSING, decree_chore
from shared.calendar.national import EVERY_YEAR, HOLIDAY_YEARS, NATIONAL_CALENDAR
from shared.calendar.working_days import Calendar, HolidayYear, calendar_of, dated
from shared.clock import ManualClock

DECREED = [year for year in HOLIDAY_YEARS if year.decree is not None]


def package_days(year: int, *categories: str) -> set[date]:
    return set(holidays.country_holidays("ID", years=year, categories=categories))


@pytest.mark.parametrize("table", HOLIDAY_YEARS, ids=lambda table: str(table.year))
def test_the_table_has_the_days_of_the_package(table: HolidayYear) -> None:
    assert set(table.public) == package_days(table.year, "public")
    assert set(table.joint_leave or ()) == package_days(table.year, "government")


@pytest.mark.parametrize("table", HOLIDAY_YEARS, ids=lambda table: str(table.year))
def test_every_day_lies_in_its_year_and_has_a_name(table: HolidayYear) -> None:
    assert {day.year for day in table.days} == {table.year}
    assert all(table.days.values())
    assert {date(table.year, month, day) for month, day in EVERY_YEAR} <= set(table.public)


def test_years_with_a_decree_name_it_and_its_joint_leave() -> None:
    assert [year.year for year in DECREED] == [2026, 2027]
    assert all("SKB" in (year.decree or "") and year.joint_leave for year in DECREED)
    assert len(DECREED[1].public) == 18
    assert len(DECREED[1].joint_leave or ()) == 8


def test_working_days_leave_out_weekends_holidays_and_joint_leave_and_end_at_midnight_in_jakarta() -> None:
    wednesday = datetime(2026, 12, 23, 2, 0, tzinfo=UTC)  # 24 is joint leave, 25 Christmas
    assert NATIONAL_CALENDAR.after(wednesday, 1) == datetime(2026, 12, 28, 17, 0, tzinfo=UTC)
    assert Calendar().after(wednesday, 1) == datetime(2026, 12, 24, 17, 0, tzinfo=UTC)
    late = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)  # already Tuesday in Jakarta
    assert Calendar().after(late, 1) == datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
    assert Calendar().after(late, 0) == datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
    assert not Calendar().is_working(date(2026, 11, 28))


def test_a_year_without_a_decree_counts_with_predicted_days_and_is_provisional() -> None:
    predicted_eid = date(2028, 2, 28)
    assert NATIONAL_CALENDAR.is_holiday(predicted_eid)
    assert NATIONAL_CALENDAR.is_provisional(predicted_eid)
    assert not NATIONAL_CALENDAR.is_provisional(date(2027, 3, 10))


def test_a_year_without_a_table_keeps_the_holidays_with_a_fixed_date() -> None:
    assert NATIONAL_CALENDAR.is_holiday(date(2040, 8, 17))
    assert not NATIONAL_CALENDAR.is_holiday(date(2040, 8, 16))
    assert NATIONAL_CALENDAR.is_provisional(date(2040, 8, 17))


def test_a_line_of_the_table_that_is_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="day is out of range"):
        dated(2027, "02-30 Nothing")


@pytest.mark.parametrize(
    ("today", "missing"),
    [(date(2027, 9, 30), None), (date(2027, 10, 1), 2028), (date(2028, 1, 1), 2028), (date(2026, 12, 31), None)],
)
def test_the_next_years_decree_is_missed_from_october_on(today: date, missing: int | None) -> None:
    assert NATIONAL_CALENDAR.year_without_decree(today) == missing


async def test_operators_are_alerted_while_a_decree_is_missing() -> None:
    clock = ManualClock(datetime(2027, 9, 30, 16, 59, 59, tzinfo=UTC))  # a second before October in Jakarta
    chore = decree_chore(clock)
    with structlog.testing.capture_logs() as logs:
        await chore.run()
        assert logs == []
        clock.advance(1)
        await chore.run()
        await decree_chore(clock, calendar_of([HolidayYear(2027, {}, "SKB"), HolidayYear(2028, {}, "SKB")])).run()
    assert [(line["event"], line["log_level"], line["year"]) for line in logs] == [(DECREE_MISSING, "error", 2028)]


def test_the_days_of_a_deadline_are_never_fewer_than_asked() -> None:
    for offset in range(400):
        day = date(2026, 12, 1) + timedelta(days=offset)
        later = NATIONAL_CALENDAR.working_day_after(day, 5)
        between = [day + timedelta(days=step) for step in range(1, (later - day).days + 1)]
        assert sum(map(NATIONAL_CALENDAR.is_working, between)) == 5
