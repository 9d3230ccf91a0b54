"""When seats are given out: rules at local boundaries, and a door that nobody passes before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.scheduling.offices.release_rule import (
    LAST_DAY,
    LAST_WORKING_DAY,
    LONGEST_DAYS_BEFORE,
    FixedOpening,
    OpeningRule,
    ReleaseInstant,
    RuleKind,
    RuleProblem,
    in_sight,
    next_opening,
    opens_at,
    rule_problem,
)
from services.scheduling.offices.repository import session_id_of
from services.scheduling.openings.errors import NotOpenYet
from services.scheduling.openings.release_check import CLOSED_KEPT_SECONDS
from services.scheduling.store_part import replacing
from shared.store.decision import Decision
from tests.unit.scheduling.faulty_stores import Counting
from tests.unit.scheduling.world import SOUTH, TUESDAY, World, make_world

ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
WEEKLY = OpeningRule(RuleKind.WEEKLY, time(14), weekday=4)
MONTHLY = OpeningRule(RuleKind.MONTHLY, time(9), month_days=(LAST_WORKING_DAY,))
HALVES = OpeningRule(RuleKind.TWICE_MONTHLY, time(9), month_days=(10, 25))
NEW_YEAR = FixedOpening(datetime(2026, 12, 20, 1, tzinfo=UTC), date(2027, 1, 1), date(2027, 1, 31))
FIXED = OpeningRule(RuleKind.FIXED, fixed=(NEW_YEAR,))
RULES = (OpeningRule(), OpeningRule(days_before=0, at=time(9)), WEEKLY, MONTHLY, HALVES, FIXED)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.acceptance("F66.rule_is_data", "F66.default_rolling")
@pytest.mark.parametrize(
    ("rule", "day", "expected"),
    [
        (OpeningRule(), date(2026, 11, 24), utc(2026, 11, 10, 17)),
        (WEEKLY, date(2026, 11, 23), utc(2026, 11, 20, 7)),
        (WEEKLY, date(2026, 11, 29), utc(2026, 11, 20, 7)),
        (WEEKLY, date(2026, 11, 30), utc(2026, 11, 27, 7)),
        (replace(WEEKLY, weekday=0), date(2026, 11, 25), utc(2026, 11, 16, 7)),
        (MONTHLY, date(2026, 12, 1), utc(2026, 11, 30, 2)),
        (MONTHLY, date(2026, 11, 30), utc(2026, 10, 30, 2)),
        (MONTHLY, date(2026, 6, 15), utc(2026, 5, 29, 2)),
        (replace(MONTHLY, month_days=(LAST_DAY,), at=time(13)), date(2026, 3, 1), utc(2026, 2, 28, 6)),
        (HALVES, date(2026, 12, 15), utc(2026, 11, 25, 2)),
        (HALVES, date(2026, 12, 16), utc(2026, 12, 10, 2)),
        (FIXED, date(2027, 1, 31), NEW_YEAR.at),
        (FIXED, date(2027, 2, 1), None),
        (replace(WEEKLY, zone="Asia/Jayapura"), date(2026, 11, 23), utc(2026, 11, 20, 5)),
    ],
)
def test_when_a_day_opens(rule: OpeningRule, day: date, expected: datetime | None) -> None:
    assert opens_at(rule, day, "Asia/Jakarta") == expected


@pytest.mark.parametrize(("zone", "hour"), [("WIB", 2), ("WITA", 1), ("WIT", 0)])
def test_an_opening_is_on_the_offices_own_clock(zone: str, hour: int) -> None:
    opening = utc(2026, 11, 30, hour)
    assert opens_at(MONTHLY, date(2026, 12, 24), ZONES[zone]) == opening
    before = next_opening(MONTHLY, opening - timedelta(milliseconds=1), ZONES[zone])
    assert before == ReleaseInstant(opening, date(2026, 12, 1), date(2026, 12, 31))
    at = next_opening(MONTHLY, opening, ZONES[zone])
    assert at is not None and at.first == date(2027, 1, 1)


@pytest.mark.parametrize(("zone", "hour"), [("WIB", 17), ("WITA", 16), ("WIT", 15)])
def test_a_day_comes_into_sight_at_the_offices_midnight(zone: str, hour: int) -> None:
    midnight, day = utc(2026, 11, 23, hour), date(2026, 12, 7)
    assert not in_sight(OpeningRule(), day, ZONES[zone], midnight - timedelta(milliseconds=1))
    assert in_sight(OpeningRule(), day, ZONES[zone], midnight)
    early = OpeningRule(announced_days=1)
    assert in_sight(early, day, ZONES[zone], midnight - timedelta(days=1))
    assert not in_sight(early, day, ZONES[zone], midnight - timedelta(days=1, milliseconds=1))


def test_fixed_openings_end() -> None:
    assert next_opening(FIXED, NEW_YEAR.at - timedelta(milliseconds=1), "Asia/Jakarta") == ReleaseInstant(
        NEW_YEAR.at, NEW_YEAR.first, NEW_YEAR.last
    )
    assert next_opening(FIXED, NEW_YEAR.at, "Asia/Jakarta") is None
    assert not in_sight(FIXED, date(2027, 2, 1), "Asia/Jakarta", utc(2027, 1, 1))


@settings(max_examples=60, deadline=None)
@given(
    rule=some.sampled_from(RULES),
    zone=some.sampled_from(sorted(ZONES.values())),
    minutes=some.integers(0, 60 * 24 * 400),
    ahead=some.integers(0, 62),
)
def test_the_next_opening_is_the_first_that_a_day_waits_for(
    rule: OpeningRule, zone: str, minutes: int, ahead: int
) -> None:
    now = utc(2026, 1, 1) + timedelta(minutes=minutes)
    coming = next_opening(rule, now, zone)
    day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=ahead)
    at, tomorrow = opens_at(rule, day, zone), opens_at(rule, day + timedelta(days=1), zone)
    if at is not None and tomorrow is not None:
        assert at <= tomorrow
    if at is not None and at > now:
        assert coming is not None and now < coming.at <= at
        assert (coming.first <= day <= coming.last) == (coming.at == at)
    if coming is not None:
        assert opens_at(rule, coming.first, zone) == opens_at(rule, coming.last, zone) == coming.at


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (OpeningRule(days_before=LONGEST_DAYS_BEFORE), None),
        (OpeningRule(days_before=LONGEST_DAYS_BEFORE + 1), RuleProblem.DAYS_BEFORE_OUT_OF_RANGE),
        (OpeningRule(days_before=-1), RuleProblem.DAYS_BEFORE_OUT_OF_RANGE),
        (replace(WEEKLY, weekday=6), None),
        (replace(WEEKLY, weekday=7), RuleProblem.WEEKDAY_OUT_OF_RANGE),
        (MONTHLY, None),
        (replace(MONTHLY, month_days=(LAST_DAY,)), None),
        (replace(MONTHLY, month_days=(LAST_DAY + 1,)), RuleProblem.ONE_MONTH_DAY_NEEDED),
        (replace(MONTHLY, month_days=(1, 2)), RuleProblem.ONE_MONTH_DAY_NEEDED),
        (HALVES, None),
        (replace(HALVES, month_days=(15, 0)), None),
        (replace(HALVES, month_days=(16, 20)), RuleProblem.TWO_MONTH_DAYS_NEEDED),
        (replace(HALVES, month_days=(10, 15)), RuleProblem.TWO_MONTH_DAYS_NEEDED),
        (replace(HALVES, month_days=(10, 32)), RuleProblem.TWO_MONTH_DAYS_NEEDED),
        (replace(HALVES, month_days=(10,)), RuleProblem.TWO_MONTH_DAYS_NEEDED),
        (FIXED, None),
        (OpeningRule(RuleKind.FIXED), RuleProblem.FIXED_DAYS_NEEDED),
        (replace(FIXED, fixed=(replace(NEW_YEAR, first=date(2027, 2, 1)),)), RuleProblem.FIXED_DAYS_NEEDED),
        (replace(FIXED, fixed=(NEW_YEAR, NEW_YEAR)), RuleProblem.FIXED_DAYS_OVERLAP),
    ],
)
def test_rules_that_cannot_be_used(rule: OpeningRule, problem: RuleProblem | None) -> None:
    assert rule_problem(rule) is problem


async def closed(world: World, seconds: float) -> datetime:
    """Tuesday's session opens in so many seconds."""
    repository, now = world.service.repositories, world.clock.now()
    record = await repository.sessions.session(world.session_id())
    assert record is not None
    opening = now + timedelta(seconds=seconds)
    later = Decision(replace(record.state, opens_at=opening))
    await repository.sessions.change_session(record, replacing(record.state, later), world.clock)
    return opening


async def test_nobody_holds_a_seat_before_the_opening(world: World) -> None:
    opening = await closed(world, 90.5)
    with pytest.raises(NotOpenYet) as refused:
        await world.hold()
    assert refused.value.retry_after_seconds == 91
    assert refused.value.facts == {"opens_at": opening.isoformat()}
    assert await world.buckets() == {"free": 2}
    world.clock.set(opening - timedelta(milliseconds=1))
    with pytest.raises(NotOpenYet):
        await world.hold()
    world.clock.set(opening)
    await world.hold()
    assert await world.buckets() == {"held": 1, "free": 1}


async def test_nobody_moves_there_before_the_opening(world: World) -> None:
    paid = await world.paid(session_id=session_id_of(SOUTH.office_id, TUESDAY + timedelta(days=1), "08:00"))
    opening = await closed(world, 60)
    with pytest.raises(NotOpenYet):
        await world.service.moves.reschedule(world.move(paid, world.session_id()))
    assert (await world.appointment(paid.id)).version == paid.version
    world.clock.set(opening)
    await world.service.moves.reschedule(world.move(paid, world.session_id()))


async def test_the_office_shows_when_a_session_opens(world: World) -> None:
    opening = await closed(world, 60)
    listed = await world.service.bookable_sessions.list_bookable(SOUTH.office_id, TUESDAY, TUESDAY)
    assert [each.session.opens_at for each in listed] == [opening]
    soonest = await world.service.bookable_sessions.soonest([SOUTH.office_id], "regular", 5, 1)  # type: ignore[arg-type]
    assert soonest[0].session_id != world.session_id()


async def test_a_closed_door_is_not_read_again_for_each_knock() -> None:
    made: list[Counting] = []

    def wrap(base: Any) -> Counting:
        made.append(Counting(base))
        return made[0]

    world = make_world(wrap=wrap, offices=[SOUTH])
    await world.parts.start()  # type: ignore[misc]
    await closed(world, 60)
    reads = []
    for seconds in (0, 0, CLOSED_KEPT_SECONDS):
        world.clock.advance(seconds)
        made[0].seen.clear()
        with pytest.raises(NotOpenYet):
            await world.service.inventory.refuse_unopened(world.session_id())
        reads.append(len(made[0].seen))
    assert reads == [1, 0, 1]
    await world.service.inventory.refuse_unopened("unknown")


async def test_what_is_remembered_of_doors_has_a_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.scheduling.openings.release_check.MOST_KEPT", 1)
    for ahead in range(3):
        await world.service.inventory.refuse_unopened(world.session_id(day=TUESDAY + timedelta(days=ahead)))
    assert len(world.service.inventory._release_check._open) == 1
