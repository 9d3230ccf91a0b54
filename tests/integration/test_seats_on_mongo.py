"""Seats on a real MongoDB with two replicas of scheduling: nothing oversold, every query on its index."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from services.scheduling.app import build
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.booking_path import HoldWish
from services.scheduling.booking.appointments.reschedule import MoveWish
from services.scheduling.offices.errors import SessionSoldOut
from services.scheduling.repositories import KINDS
from services.scheduling.use_cases import Scheduling
from shared.clock import ManualClock
from shared.crypto.keyring import Keyring
from shared.deadlines import DeadlineWorker
from shared.files.memory import MemoryFiles
from shared.ids import RandomIds
from shared.person_keys.keys import PersonKeys
from shared.person_keys.memory import MemoryKeyTable
from shared.randomness import SystemRandomness
from shared.service import Parts, Platform
from shared.store import Record
from shared.store.driver import AsyncDatabase
from shared.store.mongo import MongoStore
from tests.unit.scheduling.world import KEYS, NORTH, SOUTH, World, plan, settings, weekly

SEATS = 20
PEOPLE = 120


@pytest.fixture
async def replicas(mongo_database: AsyncDatabase, clock: ManualClock) -> list[World]:
    """Two processes' worth of scheduling on one database."""
    return [await _replica(mongo_database, clock) for _ in range(2)]


async def _replica(database: AsyncDatabase, clock: ManualClock, *, seats: int = SEATS) -> World:
    store = MongoStore(database, "scheduling")
    await store.prepare(KINDS)
    keys = PersonKeys(MemoryKeyTable(), Keyring.parse(KEYS), clock, "scheduling")
    files = MemoryFiles(Keyring.parse(KEYS), clock, keys)
    platform = Platform(store, files, clock, RandomIds(), SystemRandomness(), keys)
    parts: Parts = build(settings(), platform, offices=[SOUTH, NORTH], templates=weekly(plan(seats)))
    assert parts.start is not None
    await parts.start()
    worker = DeadlineWorker(store, KINDS, parts.deadlines, clock, "test")
    return World(store, clock, parts, store, worker)  # type: ignore[arg-type]


async def _hold(service: Scheduling, wish: HoldWish) -> Record[Appointment] | None:
    try:
        return await service.booking.hold(wish)
    except SessionSoldOut:
        return None


async def test_two_replicas_sell_each_seat_once(replicas: list[World]) -> None:
    world, other = replicas
    for number in range(PEOPLE):
        await world.submitted(f"p{number}")
    results = await asyncio.gather(
        *(_hold(replicas[number % 2].service, world.wish(f"p{number}")) for number in range(PEOPLE))
    )
    won = [record for record in results if record is not None]
    assert len(won) == SEATS
    assert max(Counter(record.state.seat.seat_id for record in won).values()) == 1
    assert await other.buckets() == {"held": SEATS}
    await world.rules_hold()
    await asyncio.gather(*(replica.recover() for replica in replicas))
    assert await other.buckets() == {"free": SEATS}
    await other.rules_hold()


async def test_the_whole_way_of_a_seat(replicas: list[World]) -> None:
    world, other = replicas
    paid = await world.paid()
    assert paid.state.status is Status.CONFIRMED
    (first, *_) = await other.service.bookable_sessions.list_bookable(SOUTH.office_id, None, None)
    assert (first.session_id, first.free) == (world.session_id(), {"regular": SEATS - 1})
    moves = [
        MoveWish(paid.id, world.session_id(office), world.wish().actor, f"move-{number}")
        for number, office in enumerate([NORTH, NORTH])
    ]
    results = await asyncio.gather(
        *(replica.service.moves.reschedule(move) for replica, move in zip(replicas, moves, strict=True)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Record) for result in results) == 1
    await world.recover()
    assert await other.buckets(world.session_id(NORTH)) == {"confirmed": 1, "free": SEATS - 1}
    assert await other.buckets() == {"free": SEATS}
    world.clock.set((await world.appointment(paid.id)).state.seat.ends_at + timedelta(hours=1))
    await other.worker.run_due()
    assert (await world.appointment(paid.id)).state.status is Status.NO_SHOW
    await other.rules_hold()
