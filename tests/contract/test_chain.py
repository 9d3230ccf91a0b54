"""Chains on both stores: the guards are the store's unique ids and indexes, so they are tried on the real one too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from shared.chain import ChainName
from shared.chain.feed import LEASE_SECONDS, PAGE
from shared.events.subscriptions import SERVICES
from shared.service import Parts
from shared.store import Store
from shared.store.driver import AsyncDatabase
from shared.store.memory import MemoryStore
from shared.store.mongo import MongoStore
from tests.unit.shared_chain.world import DAY, KINDS, T0, Dying, Killed, World

NAME = ChainName("notes", "all", DAY)


@pytest.fixture
async def mongo_store(mongo_database: AsyncDatabase) -> MongoStore:
    store = MongoStore(mongo_database, "test")
    await store.prepare(KINDS)
    return store


@pytest.fixture
def memory_store() -> MemoryStore:
    return MemoryStore("test")


@pytest.fixture(params=["memory_store", "mongo_store"])
def world(request: pytest.FixtureRequest) -> World:
    made = World()
    store: Any = request.getfixturevalue(request.param)
    made.base = store
    return made


async def holds(world: World, count: int) -> None:
    """Every fact once, in order, hashes right, the head where the links end."""
    assert sorted(await world.numbers()) == list(range(1, count + 1))
    head = await world.chains().head(NAME)
    assert head is not None and (head.seq, head.totals) == (count, {"amount": count * (count + 1) // 2})
    assert (await world.checks().only_grow_and_miss_nothing()).holds


async def test_facts_are_linked_once(world: World) -> None:
    await world.write(40)
    world.later(seconds=60)
    await world.feed().drain()
    await world.feed().drain()
    await holds(world, 40)


async def test_two_chainers_at_once(world: World) -> None:
    await world.write(40)
    world.later(seconds=60)
    facts = (await world.feed().source.read(T0, world.clock.now(), None, 100)).facts
    await asyncio.gather(*(world.chains().append(facts[start:], world.clock.now()) for start in (0, 3, 7, 0)))
    await world.feed().drain()
    await holds(world, 40)


@pytest.mark.parametrize("at", [2, 4, 6, 7, 8])
async def test_killed_and_resumed(world: World, at: int) -> None:
    await world.write(4)
    world.later(days=2)
    with pytest.raises(Killed):
        await world.feed(Dying(world.base, at, after=True), owner="first").drain()
    world.later(seconds=LEASE_SECONDS + 1)
    await world.feed(owner="second").drain()
    await holds(world, 4)


async def test_roots_salts_and_pages(world: World) -> None:
    await world.write(6)
    world.later(days=1)
    feed = world.feed()
    await feed.drain()
    assert await feed.publish_roots("notes", DAY + timedelta(days=1)) == 1
    assert [root.seq for root in await world.chains().roots("notes", DAY)] == [6]
    assert [head.seq for head in await world.chains().heads("notes", DAY, DAY, scope="all")] == [6]
    assert await world.chains().forget("author-1") == 1
    await holds(world, 6)


async def test_the_archive_is_read_up_to_a_time(world: World) -> None:
    store: Store = world.base
    assert await store.archived(since=T0, before=T0 + timedelta(days=1), limit=10, after="nothing") == []


@pytest.mark.parametrize("service", SERVICES)
async def test_the_database_takes_every_declared_index(
    service: str, parts: Mapping[str, Parts], mongo_database: AsyncDatabase
) -> None:
    await MongoStore(mongo_database, service).prepare(parts[service].kinds)


async def test_more_facts_of_one_moment_than_a_page_are_linked_page_by_page(world: World) -> None:
    moment = world.clock.now()
    await world.write(2 * PAGE + 1, at=moment)
    world.later(seconds=60)
    await world.feed().drain()
    await holds(world, 2 * PAGE + 1)
