"""The signed sheet of tomorrow is made each evening by itself, as JSON and as PDF, in the office's own zone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from services.scheduling.context import Actor
from services.scheduling.store_part import replacing
from services.scheduling.visit.day_sheets.errors import SheetNotKept
from services.scheduling.visit.day_sheets.evening_sheet import (
    KEPT_DAYS,
    EveningSheets,
    StoredSheet,
    evening_deadlines,
    next_evening,
    sheet_day,
    with_sheet,
)
from services.scheduling.visit.day_sheets.evening_sheets import JSON, PDF
from services.scheduling.visit.offline.verifier import SHEET_MARK, read_signed
from shared.store.decision import Decision
from tests.unit.scheduling.faulty_stores import Dying, Killed
from tests.unit.scheduling.test_day_sheets import keys_of
from tests.unit.scheduling.test_http import Office, _loopback_allowed, office
from tests.unit.scheduling.world import EAST, FRONT, NORTH, SOUTH, START, TUESDAY, World, make_world

__all__ = ["_loopback_allowed", "office"]

EVENING = time(19)
SEVEN_IN_JAKARTA = datetime(2026, 11, 23, 12, tzinfo=UTC)


def until(world: World, moment: datetime) -> float:
    return (moment - world.clock.now()).total_seconds()


@pytest.mark.parametrize(("zone", "hour"), [("Asia/Jakarta", 12), ("Asia/Makassar", 11), ("Asia/Jayapura", 10)])
def test_the_evening_is_the_offices_own(zone: str, hour: int) -> None:
    at = datetime(2026, 11, 23, hour, tzinfo=UTC)
    assert next_evening(at - timedelta(seconds=1), zone, EVENING) == at
    assert next_evening(at, zone, EVENING) == at + timedelta(days=1)
    assert sheet_day(at, zone, EVENING) == TUESDAY
    assert sheet_day(at - timedelta(seconds=1), zone, EVENING) == TUESDAY - timedelta(days=1)
    assert sheet_day(at + timedelta(hours=7), zone, EVENING) == TUESDAY


def test_sheets_are_kept_for_two_weeks_after_their_day() -> None:
    first = StoredSheet(TUESDAY, START, 1, 0, "json", "pdf")
    evening = EveningSheets("office", "Asia/Jakarta", START, (first,))
    assert evening_deadlines(evening) == {"make": START}
    last = TUESDAY + timedelta(days=KEPT_DAYS)
    after, over = with_sheet(evening, None, last, SEVEN_IN_JAKARTA)
    assert (after.sheets, over, after.next_at) == ((first,), (), SEVEN_IN_JAKARTA)
    new = replace(first, day=last, json_file="new")
    after, over = with_sheet(evening, new, last + timedelta(days=1), SEVEN_IN_JAKARTA)
    assert (after.sheets, over) == ((new,), (first,))
    again, over = with_sheet(after, replace(new, visits=2), last, SEVEN_IN_JAKARTA)
    assert (again.sheets, over) == ((replace(new, visits=2),), ())


async def test_each_office_has_the_sheet_of_tomorrow_in_its_own_evening(world: World) -> None:
    paid = await world.paid()
    await world.pass_time(until(world, SEVEN_IN_JAKARTA) - 1)
    evenings = world.service.evenings
    papua = Actor("front", EAST.office_id, is_staff=True)
    theirs = await evenings.kept(EAST.office_id, papua)
    assert theirs is not None and [each.day for each in theirs.sheets] == [TUESDAY]
    ours = await evenings.kept(SOUTH.office_id, FRONT)
    assert ours is not None and ours.sheets == ()
    await world.pass_time(1)
    kept = await evenings.kept(SOUTH.office_id, FRONT)
    assert kept is not None
    assert [(each.day, each.visits) for each in kept.sheets] == [(TUESDAY, 1)]
    assert kept.next_at == SEVEN_IN_JAKARTA + timedelta(days=1)
    content = json.loads(await evenings.file(SOUTH.office_id, TUESDAY, JSON, FRONT))
    assert content["visits"][0]["appointment_id"] == paid.id
    assert read_signed(content["signed"], SHEET_MARK, keys_of(world))["office_id"] == SOUTH.office_id
    assert (await evenings.file(SOUTH.office_id, TUESDAY, PDF, FRONT)).startswith(b"%PDF")


async def test_what_was_signed_in_the_evening_stays_as_it_was(world: World) -> None:
    await world.pass_time(until(world, SEVEN_IN_JAKARTA))
    before = await world.service.evenings.file(SOUTH.office_id, TUESDAY, JSON, FRONT)
    await world.paid()
    assert await world.service.evenings.file(SOUTH.office_id, TUESDAY, JSON, FRONT) == before


async def test_a_missed_evening_is_made_up_for_when_the_service_is_back(world: World) -> None:
    world.clock.advance(until(world, SEVEN_IN_JAKARTA) + 7 * 3600)
    await world.worker.run_due()
    kept = await world.service.evenings.kept(SOUTH.office_id, FRONT)
    assert kept is not None
    assert [each.day for each in kept.sheets] == [TUESDAY]
    assert kept.next_at == SEVEN_IN_JAKARTA + timedelta(days=1)


async def test_a_day_without_sessions_has_no_sheet_and_the_old_ones_go() -> None:
    world = make_world(offices=[SOUTH], horizon_days=1)
    await world.parts.start()  # type: ignore[misc]
    record = await world.service.repositories.evenings.evening(SOUTH.office_id)
    assert record is not None
    old = StoredSheet(TUESDAY - timedelta(days=KEPT_DAYS + 2), START, 0, 0, "old-json", "old-pdf")
    kept_long = replacing(record.state, Decision(replace(record.state, sheets=(old,))))
    await world.service.repositories.evenings.change_evening(record, kept_long, world.clock)
    await world.pass_time(until(world, SEVEN_IN_JAKARTA))
    kept = await world.service.evenings.kept(SOUTH.office_id, FRONT)
    assert kept is not None and kept.sheets == ()
    assert kept.next_at == SEVEN_IN_JAKARTA + timedelta(days=1)


async def test_after_a_crash_the_same_sheet_is_made_anew() -> None:
    made: list[Any] = []

    def wrap(base: Any) -> Any:
        made.append(Dying(base))
        return made[-1]

    world = make_world(wrap=wrap, offices=[SOUTH])
    await world.parts.start()  # type: ignore[misc]
    record = await world.service.repositories.evenings.evening(SOUTH.office_id)
    assert record is not None
    world.clock.advance(until(world, SEVEN_IN_JAKARTA))
    made[0].arm(0, after=False)
    with pytest.raises(Killed):
        await world.service.evenings.make(record)
    made[0].disarm()
    await world.service.evenings.make(record)
    kept = await world.service.evenings.kept(SOUTH.office_id, FRONT)
    assert kept is not None and len(kept.sheets) == 1
    assert await world.service.evenings.file(SOUTH.office_id, TUESDAY, JSON, FRONT)


async def test_a_new_office_gets_its_evening_and_a_known_one_keeps_its_own(world: World) -> None:
    before = await world.service.evenings.kept(SOUTH.office_id, FRONT)
    world.clock.advance(86_400)
    await world.service.evenings.plan()
    assert await world.service.evenings.kept(SOUTH.office_id, FRONT) == before


async def test_over_http_the_offices_own_officers_read_them(office: Office) -> None:
    base = f"/v1/offices/{SOUTH.office_id}/evening-sheets"
    status, problem = await office.get(f"{base}/{TUESDAY}", office.front())
    assert (status, problem["code"]) == (404, "sheet_not_kept")
    await office.paid()
    office.world.clock.set(SEVEN_IN_JAKARTA)
    await office.world.worker.run_due()
    status, listed = await office.get(base, office.front())
    assert (status, [each["date"] for each in listed["sheets"]]) == (200, [TUESDAY.isoformat()])
    status, sheet = await office.get(f"{base}/{TUESDAY}", office.front())
    assert (status, len(sheet["visits"])) == (200, 1)
    headers = {"Authorization": f"Bearer {office.front()}"}
    async with office.client.get(f"{base}/{TUESDAY}/paper", headers=headers) as answer:
        assert (answer.status, answer.content_type) == (200, "application/pdf")
    status, problem = await office.get(base, office.front(NORTH.office_id))
    assert (status, problem["code"]) == (403, "not_your_office")
    assert (await office.get(base, office.ani()))[0] == 403


async def test_a_file_that_is_gone_is_not_kept(world: World) -> None:
    await world.pass_time(until(world, SEVEN_IN_JAKARTA))
    kept = await world.service.evenings.kept(SOUTH.office_id, FRONT)
    assert kept is not None
    await world.service.evenings._files.delete(kept.sheets[0].pdf_file)
    with pytest.raises(SheetNotKept):
        await world.service.evenings.file(SOUTH.office_id, TUESDAY, PDF, FRONT)
