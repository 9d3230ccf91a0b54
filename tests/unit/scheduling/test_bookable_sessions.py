"""Offices, the rolling horizon, sessions opened by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from services.scheduling.app import read_offices, read_templates
from services.scheduling.booking.seats.repository import SEAT
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.offices.bookable_sessions import LONGEST_LISTING_DAYS, OpenWish
from services.scheduling.offices.errors import (
    QuotaAboveCapacity,
    SessionExists,
    SessionNotFound,
    SessionPlanWrong,
    SessionSoldOut,
)
from services.scheduling.offices.repository import OFFICE, SESSION
from services.scheduling.terms import Pool
from shared.errors import Malformed
from tests.unit.scheduling.faulty_stores import Dying, Killed
from tests.unit.scheduling.world import BOSS, EAST, NORTH, SOUTH, TUESDAY, World, make_world, plan, weekly


def test_the_reference_table_has_151_offices_in_three_zones() -> None:
    offices = read_offices()
    assert len({office.office_id for office in offices}) == len(offices) == 151
    zones = [office.zone for office in offices]
    assert [zones.count(zone) for zone in ("WIB", "WITA", "WIT")] == [100, 41, 10]
    known = {office.office_id for office in offices}
    assert set(read_templates().offices) <= known


async def test_starting_twice_writes_nothing_new(world: World) -> None:
    async def everything() -> list[Any]:
        return [[record async for record in world.base.scan(kind)] for kind in (OFFICE, SESSION, SEAT)]

    before = await everything()
    assert [len(part) for part in before] == [3, 3 * 4, 2 * 3 * 4]
    await world.parts.start()  # type: ignore[misc]
    assert await everything() == before


async def test_a_corrected_office_is_written(world: World) -> None:
    await world.service.bookable_sessions.load_offices([replace(SOUTH, office_class="I")])
    assert world.service.context.offices[SOUTH.office_id].office_class == "I"
    assert len(world.service.bookable_sessions.search(province=None, timezone=None, text=None)) == 3


async def test_the_horizon_rolls_on(world: World) -> None:
    last = world.session_id(SOUTH, TUESDAY + timedelta(days=4))
    assert await world.seats(last) == []
    world.clock.advance(24 * 3600)
    await world.parts.chores[0].run()
    assert len(await world.seats(last)) == 2
    await world.parts.chores[0].run()
    assert len(await world.seats(last)) == 2


async def test_a_session_can_be_read_only_with_all_of_its_seats() -> None:
    for write in range(6):
        made: list[Dying] = []

        def wrap(base: Any, made: list[Dying] = made) -> Dying:
            made.append(Dying(base))
            return made[0]

        world = make_world(wrap=wrap, offices=[SOUTH])
        made[0].arm(write, after=True)
        with pytest.raises(Killed):
            await world.parts.start()  # type: ignore[misc]
        await world.rules_hold()
        await world.service.bookable_sessions.load_offices([SOUTH])
        if write < 3:
            assert await world.service.bookable_sessions.list_bookable(SOUTH.office_id, TUESDAY, TUESDAY) == []
            await world.submitted("ani")
            with pytest.raises(SessionNotFound):
                await world.service.booking.hold(world.wish(session_id=world.session_id(SOUTH, date(2026, 11, 25))))
        await world.pass_time(100)
        await world.parts.start()  # type: ignore[misc]
        assert await world.buckets() == {"free": 2}
        await world.rules_hold()


async def test_the_listing_shows_what_can_be_booked(world: World) -> None:
    await world.hold()
    first, *rest = await world.service.bookable_sessions.list_bookable(SOUTH.office_id, None, None)
    assert (first.session_id, first.free) == (world.session_id(), {"regular": 1})
    assert [each.free for each in rest] == [{"regular": 2}] * 3
    one = await world.service.bookable_sessions.list_bookable(SOUTH.office_id, TUESDAY, TUESDAY)
    assert [each.session_id for each in one] == [world.session_id()]
    world.clock.set(first.session.starts_at - timedelta(hours=3) + timedelta(milliseconds=1))
    assert await world.service.bookable_sessions.list_bookable(SOUTH.office_id, TUESDAY, TUESDAY) == []
    assert await world.service.bookable_sessions.list_bookable(EAST.office_id, date(2027, 1, 1), date(2027, 1, 2)) == []


async def test_a_listing_has_limits(world: World) -> None:
    bookable_sessions = world.service.bookable_sessions
    longest = TUESDAY + timedelta(days=LONGEST_LISTING_DAYS)
    await bookable_sessions.list_bookable(SOUTH.office_id, TUESDAY, longest)
    for last in (longest + timedelta(days=1), TUESDAY - timedelta(days=1)):
        with pytest.raises(Malformed):
            await bookable_sessions.list_bookable(SOUTH.office_id, TUESDAY, last)
    with pytest.raises(OfficeNotFound):
        await bookable_sessions.list_bookable("nowhere", None, None)


def opening(**changes: Any) -> OpenWish:
    given: dict[str, Any] = {
        "office_id": SOUTH.office_id,
        "day": TUESDAY,
        "plan": plan(3, time(13), priority=1),
        "actor": BOSS,
        "command_id": "open",
    }
    return OpenWish(**(given | changes))


async def test_an_administrator_opens_a_session(world: World) -> None:
    bookable_sessions = world.service.bookable_sessions
    opened = await bookable_sessions.open(opening())
    again = await bookable_sessions.open(opening())
    assert opened == again
    assert opened.free == {"regular": 3, "priority": 1}
    assert (opened.session.opened_by, opened.session.letter) == (BOSS.account_id, "K")
    with pytest.raises(SessionExists):
        await bookable_sessions.open(opening(command_id="another", plan=plan(9, time(13))))
    assert len(await world.seats(opened.session_id)) == 4
    assert (await bookable_sessions.list_bookable(SOUTH.office_id, TUESDAY, TUESDAY))[1] == opened
    await world.rules_hold()


async def test_only_for_the_own_office_and_as_booths_and_staff_allow(world: World) -> None:
    bookable_sessions = world.service.bookable_sessions
    with pytest.raises(NotYourOffice):
        await bookable_sessions.open(opening(office_id=NORTH.office_id))
    with pytest.raises(OfficeNotFound):
        await bookable_sessions.open(opening(office_id="nowhere"))
    small = replace(plan(3, time(13)), staff=2, booths=1, service_minutes=45)
    with pytest.raises(QuotaAboveCapacity) as refused:
        await bookable_sessions.open(opening(plan=small))
    assert refused.value.facts == {"capacity": 2, "asked": 3}
    for wrong in (
        opening(plan=plan(3, time(13, 15))),
        opening(plan=replace(plan(3), pools={Pool.REGULAR: 0})),
        opening(day=date(2026, 11, 22)),
        opening(day=date(2028, 11, 22)),
    ):
        with pytest.raises(SessionPlanWrong):
            await bookable_sessions.open(wrong)


async def test_the_same_alternatives_are_told_for_two_seconds() -> None:
    world = make_world(templates=weekly(plan(1)), offices=[SOUTH])
    await world.parts.start()  # type: ignore[misc]
    await world.hold("ani")

    async def told() -> list[Any]:
        await world.submitted("budi")
        with pytest.raises(SessionSoldOut) as refused:
            await world.service.booking.hold(world.wish("budi"))
        assert refused.value.facts["nearest"] == []
        earliest: Any = refused.value.facts["earliest"]
        return [each["session_id"] for each in earliest]

    before = await told()
    await world.hold("citra", session_id=before[0])
    assert await told() == before
    world.clock.advance(2)
    assert before[0] not in await told()
