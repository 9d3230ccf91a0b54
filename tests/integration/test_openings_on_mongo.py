"""An opening on a real MongoDB with two replicas: one place for each person, one order for all, seats by the line."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from services.scheduling.app import build
from services.scheduling.context import Actor
from services.scheduling.openings import draw
from services.scheduling.openings.errors import NotYourTurn
from services.scheduling.openings.opening import TicketStanding
from services.scheduling.openings.waiting_room import PlaceInLine
from shared.clock import ManualClock
from shared.crypto.keyring import Keyring
from shared.deadlines import DeadlineWorker
from shared.files.memory import MemoryFiles
from shared.ids import RandomIds
from shared.person_keys.keys import PersonKeys
from shared.person_keys.memory import MemoryKeyTable
from shared.randomness import SystemRandomness
from shared.service import Platform
from shared.store.driver import AsyncDatabase
from shared.store.mongo import MongoStore
from tests.unit.scheduling.opening_world import CLOSES, DOORS, MILESTONES, wish
from tests.unit.scheduling.world import KEYS, SOUTH, World, plan, settings, weekly

SEATS, PRESENT, LATE = 6, 30, 20


async def _replica(database: AsyncDatabase, clock: ManualClock) -> World:
    store = MongoStore(database, "scheduling")
    keys = PersonKeys(MemoryKeyTable(), Keyring.parse(KEYS), clock, "scheduling")
    files = MemoryFiles(Keyring.parse(KEYS), clock, keys)
    platform = Platform(store, files, clock, RandomIds(), SystemRandomness(), keys)
    parts = build(settings(), platform, offices=[SOUTH], templates=weekly(plan(SEATS)))
    await store.prepare(parts.kinds)
    assert parts.start is not None
    await parts.start()
    worker = DeadlineWorker(store, parts.kinds, parts.deadlines, clock, "test")
    return World(store, clock, parts, store, worker)  # type: ignore[arg-type]


@pytest.mark.acceptance("F13.drawn", "F13.later_in_order", "F13.place_not_error")
async def test_an_opening_from_the_doors_to_the_last_seat(mongo_database: AsyncDatabase, clock: ManualClock) -> None:
    replicas = [await _replica(mongo_database, clock) for _ in range(2)]
    world = replicas[0]
    opening_id = (await world.service.openings.announce(wish(world))).id
    people = [f"p{number}" for number in range(PRESENT + LATE)]
    for name in people:
        await world.submitted(name)

    async def ticket(number: int, at: int) -> PlaceInLine:
        actor, application = Actor(f"account-{people[number]}"), f"application-{people[number]}"
        return await replicas[at].service.waiting_room.take_ticket(opening_id, application, actor)

    async def pass_to(moment_seconds: float) -> None:
        clock.advance(moment_seconds)
        await asyncio.gather(*(each.worker.run_due() for each in replicas))

    await pass_to((DOORS - clock.now()).total_seconds())
    present = await asyncio.gather(*(ticket(number, at) for number in range(PRESENT) for at in (0, 1)))
    assert len({place.ticket.salt for place in present}) == PRESENT
    await pass_to((CLOSES - clock.now()).total_seconds())
    late = await asyncio.gather(*(ticket(number, number % 2) for number in range(PRESENT, PRESENT + LATE)))
    assert sorted(place.ticket.late_number for place in late) == list(range(LATE))
    for moment in MILESTONES[1:]:
        await pass_to((moment - clock.now()).total_seconds())
    await pass_to(timedelta(seconds=1).total_seconds())
    record = json.loads(json.dumps(await replicas[1].service.openings.record(opening_id), default=str))
    assert draw.first_mistake(record) is None
    assert (len(record["order"]), len(record["late"])) == (PRESENT, LATE)
    won: list[int] = []
    for number, name in enumerate(people):
        service = replicas[number % 2].service
        place = await service.waiting_room.find_place(
            opening_id, late[0].ticket_id, Actor(f"account-{people[PRESENT]}")
        )
        assert place.standing is TicketStanding.WAITING
        try:
            held = await service.booking.hold(world.wish(name))
        except NotYourTurn:
            continue
        assert held.state.live
        won.append(record["order"].index(present[2 * number].ticket.commitment))
    assert sorted(won) == list(range(SEATS)), "the first of the order, and nobody else"
    await world.rules_hold()
