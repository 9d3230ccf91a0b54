"""kill -9 of a real process between any two writes of a seat's life: I1 and I2 hold, every seat is accounted for."""

from __future__ import annotations

from typing import Any, Final

import pytest

from services.scheduling.app import build
from services.scheduling.repositories import KINDS
from shared.clock import ManualClock
from shared.crypto.keyring import Keyring
from shared.deadlines import DeadlineWorker
from shared.files.memory import MemoryFiles
from shared.ids import RandomIds
from shared.person_keys.keys import PersonKeys
from shared.person_keys.memory import MemoryKeyTable
from shared.randomness import SystemRandomness
from shared.service import Platform
from shared.store.driver import connect, database, disconnect
from shared.store.mongo import MongoStore
from tests.integration.dying import Lot, Mortal, dies, make_empty
from tests.scale import KILL_EVERY
from tests.unit.scheduling.test_crashes import CASES, MOST_WRITES, nothing_is_left_over, outcome_of
from tests.unit.scheduling.world import KEYS, NORTH, SOUTH, START, World, plan, settings, weekly

SERVICE: Final = "scheduling"
KILLED: Final = ("hold", "confirm", "release", "move", "cancel")


def world_on(store: Any, clock: ManualClock) -> World:
    """Scheduling on this store, two seats a session."""
    keys = PersonKeys(MemoryKeyTable(), Keyring.parse(KEYS), clock, "scheduling")
    files = MemoryFiles(Keyring.parse(KEYS), clock, keys)
    platform = Platform(store, files, clock, RandomIds(), SystemRandomness(), keys)
    parts = build(settings(), platform, offices=[SOUTH, NORTH], templates=weekly(plan(2)))
    return World(store, clock, parts, store, DeadlineWorker(store, KINDS, parts.deadlines, clock, "test"))


async def one_act(store: Mortal, lot: Lot) -> None:
    """The life of the process that is killed: one use case on what another process prepared."""
    world = world_on(store, ManualClock(lot.now))
    world.service.context.offices.fill([SOUTH, NORTH])
    before = None if lot.subject is None else await world.appointment(lot.subject)
    await CASES[lot.case][1](world, before)


async def crash(server: tuple[str, str], case: str, write: int, *, after: bool) -> bool:
    """One process killed at that write, its seats recovered by another; whether there was such a write."""
    url, name = server
    client = connect(url)
    try:
        await make_empty(database(client, name))
        store, clock = MongoStore(database(client, name), SERVICE), ManualClock(START)
        await store.prepare(KINDS)
        world = world_on(store, clock)
        assert world.parts.start is not None
        await world.parts.start()
        prepare, act, found_after, asked_again = CASES[case]
        before = await prepare(world)
        lot = Lot(url, name, SERVICE, clock.now(), case, before.id if before else None, write, after)
        killed = await dies(one_act, lot)
        await world.rules_hold()
        await world.recover()
        await nothing_is_left_over(world)
        found = tuple(outcome_of(before, await world.of("application-ani")))
        assert found in found_after | {asked_again}, (case, write, after, found)
        if case not in ("hold", "confirm") or found in ((), ("held",), ("confirmed",)):
            await act(world, before)
            assert tuple(outcome_of(before, await world.of("application-ani"))) == asked_again
        await world.rules_hold()
        return killed
    finally:
        await disconnect(client)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("case", KILLED)
async def test_every_seat_is_accounted_for_after_a_kill(case: str, after: bool, used_again: tuple[str, str]) -> None:
    write = 0
    while await crash(used_again, case, write, after=after):
        write += KILL_EVERY
        assert write <= MOST_WRITES + KILL_EVERY
    assert write > 0, "no process was killed: nothing was shown"
