"""Counting free seats on a real MongoDB reads the index entries of the sessions asked for, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from services.scheduling.booking.seats.repository import SEAT, SeatRepository
from services.scheduling.offices.session import Session, SessionPlan, session_from
from services.scheduling.terms import Pool
from shared.store import Record
from shared.store.driver import AsyncDatabase
from shared.store.mongo import MongoStore
from tests.integration.test_queries import profiled

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
POOLS = {Pool.REGULAR: 40, Pool.PRIORITY: 10}
SEATS = sum(POOLS.values())


def sessions(first: int, count: int) -> list[Record[Session]]:
    plan = SessionPlan(time(8), time(10), 20, 30, 20, POOLS)
    session = session_from(plan, office_id="x", timezone="Asia/Jakarta", day=date(2026, 11, 24), opened_by="template")
    return [Record(f"session-{number}", 1, session) for number in range(first, first + count)]


async def test_a_count_reads_what_was_asked_for_however_many_seats_are_stored(mongo_database: AsyncDatabase) -> None:
    store = MongoStore(mongo_database, "scheduling")
    await store.prepare([SEAT])
    repository = SeatRepository(store)
    read: list[dict[str, Any]] = []
    for first, count in ((0, 4), (4, 76)):
        await repository.write_seats(sessions(first, count), NOW)
        async with profiled(mongo_database) as seen:
            free = await repository.free_seats(["session-1", "session-2"])
        assert sum(free.values()) == 2 * SEATS
        read.append(next(line for line in seen if line["ns"].endswith(".seat")))
    few, many = read
    assert few["docsExamined"] == many["docsExamined"] == 0
    assert max(few["keysExamined"], many["keysExamined"]) <= 2 * (SEATS + 1)
