"""Tickets of past openings go some weeks after their end; the draw stays verifiable from its public record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.scheduling.context import Actor
from services.scheduling.openings import draw
from services.scheduling.openings import opening as waiting_room
from services.scheduling.openings.announcing import RECORD_SECONDS
from services.scheduling.openings.errors import OpeningIsOver
from services.scheduling.openings.opening import TICKETS_KEPT_DAYS, OpeningStatus
from services.scheduling.openings.repository import LATE_LINE, OPENING_TICKET
from shared.errors import NotFound
from tests.unit.scheduling.faulty_stores import Dying, Killed
from tests.unit.scheduling.opening_world import DOORS, OPENS, Hall, make_hall
from tests.unit.scheduling.world import BOSS


async def past(people: int = 5, **changes: Any) -> Hall:
    """An opening that is over: some were drawn, one came late."""
    hall = await make_hall(**changes)
    await hall.until(DOORS)
    for number in range(people):
        await hall.ticket(f"person{number}")
    await hall.until(OPENS)
    await hall.ticket("late")
    await hall.world.pass_time(5 * 3600)
    await hall.world.pass_time(1)
    assert (await hall.opening()).status is OpeningStatus.OVER
    return hall


async def left(hall: Hall) -> int:
    found = await hall.world.store.find(OPENING_TICKET, "list", {"state.opening_id": hall.opening_id}, limit=1000)
    return len(found)


async def until_end_of_keeping(hall: Hall) -> None:
    """One second before the tickets may go."""
    ends = (await hall.opening()).ends_at + timedelta(days=TICKETS_KEPT_DAYS) - timedelta(seconds=1)
    await hall.world.pass_time((ends - hall.world.clock.now()).total_seconds())


async def test_tickets_go_after_their_time_and_not_a_second_before() -> None:
    hall = await past()
    published = await hall.record()
    await until_end_of_keeping(hall)
    assert await left(hall) == 6
    await hall.world.pass_time(1)
    assert await left(hall) == 0
    state = await hall.opening()
    assert (state.late_kept, state.forgotten_at) == (True, hall.world.clock.now())
    assert waiting_room.opening_deadlines(state) == {}
    assert await hall.world.store.get(LATE_LINE, hall.opening_id) is None
    hall.world.clock.advance(RECORD_SECONDS)
    record = await hall.record()
    assert record == published
    assert draw.first_mistake(record) is None
    assert len(record["tickets"]) == 5 and len(record["late"]) == 1


async def test_many_tickets_go_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_room, "FORGOTTEN_AT_ONCE", 2)
    hall = await past()
    await until_end_of_keeping(hall)
    hall.world.clock.advance(1)
    counts = []
    for _ in range(5):
        record = await hall.world.service.repositories.openings.opening(hall.opening_id)
        assert record is not None
        await hall.world.service.openings.forget(record)
        counts.append(await left(hall))
    assert counts == [6, 4, 2, 0, 0]
    assert (await hall.opening()).forgotten_at is not None


@pytest.mark.parametrize("write", range(4))
@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_midway_loses_nothing_of_the_record(write: int, after: bool) -> None:
    made: list[Dying] = []

    def wrap(base: Any) -> Any:
        made.append(Dying(base))
        return made[-1]

    hall = await past(3, wrap=wrap)
    published = await hall.record()
    await until_end_of_keeping(hall)
    hall.world.clock.advance(1)
    made[0].arm(write, after=after)
    for _ in range(4):
        record = await hall.world.service.repositories.openings.opening(hall.opening_id)
        assert record is not None
        try:
            await hall.world.service.openings.forget(record)
        except Killed:
            hall.world.clock.advance(RECORD_SECONDS)
            assert await hall.record() == published
    made[0].disarm()
    assert await left(hall) == 0
    hall.world.clock.advance(RECORD_SECONDS)
    assert await hall.record() == published


async def test_a_forgotten_ticket_is_not_found_and_none_is_taken() -> None:
    hall = await past()
    place = await hall.world.service.repositories.openings.openings_of(BOSS.office_id or "")
    ticket = (await hall.world.store.find(OPENING_TICKET, "list", {"state.opening_id": place[0].id}, limit=1))[0]
    await until_end_of_keeping(hall)
    await hall.world.pass_time(1)
    hall.world.service.waiting_room._cache.tickets._values.clear()
    with pytest.raises(NotFound):
        await hall.world.service.waiting_room.find_place(hall.opening_id, ticket.id, Actor(ticket.state.account_id))
    with pytest.raises(OpeningIsOver):
        await hall.ticket("another")


async def test_a_called_off_opening_is_forgotten_too() -> None:
    hall = await make_hall()
    await hall.world.service.openings.call_off(hall.opening_id, BOSS)
    state = await hall.opening()
    assert waiting_room.opening_deadlines(state) == {"forget": state.ends_at + timedelta(days=TICKETS_KEPT_DAYS)}
    await until_end_of_keeping(hall)
    await hall.world.pass_time(1)
    assert (await hall.opening()).forgotten_at is not None
