"""Limits on a real MongoDB with two replicas: together they let no more through than one may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.identity.app import KINDS as IDENTITY_KINDS
from services.scheduling.booking.abuse.activity_counters import Origin
from services.scheduling.booking.abuse.errors import TooManyHolds
from services.scheduling.booking.abuse.hold_allowance import NUMBERED
from services.scheduling.booking.abuse.hold_allowances import HoldAllowances
from services.scheduling.context import Actor
from shared.clock import ManualClock
from shared.crypto.fingerprints import Fingerprints
from shared.crypto.keyring import Keyring
from shared.errors import Refusal
from shared.http.endpoint import RateLimit
from shared.http.rate_limit import InProcessRateLimiter, SharedRateLimiter
from shared.shared_limits import COUNT, MOST_REPLICAS, SharedCounts
from shared.store import Record
from shared.store.driver import AsyncDatabase
from shared.store.mongo import MongoStore
from tests.conftest import START
from tests.integration.test_seats_on_mongo import _replica
from tests.unit.identity.world import World as Identity
from tests.unit.identity.world import key
from tests.unit.scheduling.world import World

NETWORK = Origin(address="k1:one-network")
TRIES = 60


@pytest.fixture
async def replicas(mongo_database: AsyncDatabase, clock: ManualClock) -> list[World]:
    """Two processes' worth of scheduling on one database, with room for more than the limit."""
    return [await _replica(mongo_database, clock, seats=TRIES) for _ in range(2)]


async def hold_all(worlds: list[World]) -> list[Any]:
    for number in range(TRIES):
        await worlds[0].submitted(f"p{number}")
    asked = []
    for number in range(TRIES):
        world = worlds[number % 2]
        wish = world.wish(f"p{number}", actor=Actor(f"account-p{number}"), origin=NETWORK)
        asked.append(world.service.booking.hold(wish))
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_two_replicas_hold_no_more_of_a_session_for_one_network_than_one_may(replicas: list[World]) -> None:
    results = await hold_all(replicas)
    most = next(each.most for each in NUMBERED if each.name == "holds_per_address_session_week")
    assert sum(isinstance(each, Record) for each in results) == most
    assert {type(each) for each in results if isinstance(each, BaseException)} == {TooManyHolds}
    assert (await replicas[1].buckets())["held"] == most
    await replicas[0].rules_hold()


async def test_twin_what_each_process_counts_in_memory_is_passed(
    replicas: list[World], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def uncounted(self: HoldAllowances, appointment_id: str, decision: Any, _origin: Origin) -> Any:
        return await self._appointments.begin(appointment_id, decision, self._clock.now())

    monkeypatch.setattr(HoldAllowances, "begin", uncounted)
    results = await hold_all(replicas)
    assert sum(isinstance(each, Record) for each in results) > 20


async def test_two_replicas_let_no_more_calls_through_than_one_may(mongo_database: AsyncDatabase) -> None:
    limit, now = RateLimit(30, 3600.0, "address", shared=True), START
    limiters = []
    for _ in range(2):
        store = MongoStore(mongo_database, "identity")
        await store.prepare([COUNT])
        counts = SharedCounts(store, Fingerprints(Keyring.parse(key("k1", 2))))
        limiters.append(SharedRateLimiter(InProcessRateLimiter(), counts))
    waits = await asyncio.gather(*(limiters[number % 2].allow("one address", limit, now) for number in range(200)))
    assert 30 - MOST_REPLICAS <= sum(not wait for wait in waits) <= 30
    alone = RateLimit(30, 3600.0, "address")
    waits = await asyncio.gather(*(limiters[number % 2].allow("another", alone, now) for number in range(200)))
    assert sum(not wait for wait in waits) == 60, "the twin: counted per process, two let through twice as much"


async def test_two_replicas_of_identity_give_a_staff_name_five_tries(
    mongo_database: AsyncDatabase, clock: ManualClock
) -> None:
    worlds = []
    for seed in range(2):
        store = MongoStore(mongo_database, "identity")
        await store.prepare(IDENTITY_KINDS)
        worlds.append(Identity(store=store, clock=clock, seed=seed))  # type: ignore[arg-type]
    await worlds[0].identity.staff.seed_demo()

    async def guess(world: Identity, name: str) -> str:
        try:
            await world.identity.staff.log_in(name, "wrong")
        except Refusal as refused:
            return refused.code
        return "in"

    for name in ("front_officer", "nobody"):
        answers = await asyncio.gather(*(guess(world, name) for world in worlds * 10))
        assert answers.count("credentials_wrong") == 4, name
        assert answers.count("account_locked") == 16, name
