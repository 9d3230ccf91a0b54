"""Limits that hold over replicas: two processes on one store together never let more through than one may."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.crypto.fingerprints import Fingerprints
from shared.crypto.keyring import Keyring
from shared.http.endpoint import RateLimit
from shared.http.options import HttpOptions
from shared.http.rate_limit import InProcessRateLimiter, SharedRateLimiter
from shared.shared_limits import BLOCKS, COUNT, MOST_REPLICAS, SharedCounts
from shared.store.memory import MemoryStore
from tests.unit.identity.world import key

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HOURLY = RateLimit(300, 3600.0, "address", shared=True)


def replicas(store: MemoryStore, count: int = 2) -> list[SharedRateLimiter]:
    prints = Fingerprints(Keyring.parse(key("k1", 2)))
    return [SharedRateLimiter(InProcessRateLimiter(), SharedCounts(store, prints)) for _ in range(count)]


async def let_through(limiters: list[SharedRateLimiter], limit: RateLimit, tries: int, now: datetime = NOW) -> int:
    waits = await asyncio.gather(
        *(
            limiters[number % len(limiters)].allow("POST /v1/logins|address 192.0.2.1", limit, now)
            for number in range(tries)
        )
    )
    return sum(not wait for wait in waits)


@pytest.mark.parametrize(
    "limit", [RateLimit(5, 60.0, "address", shared=True), RateLimit(30, 60.0, shared=True), HOURLY]
)
async def test_two_replicas_let_no_more_through_than_one(limit: RateLimit) -> None:
    """A little less, because the free first calls of further replicas are set aside."""
    through = await let_through(replicas(MemoryStore("x")), limit, limit.count * 3)
    assert limit.count - MOST_REPLICAS <= through <= limit.count


async def test_as_many_replicas_as_are_foreseen_together_let_through_what_one_may() -> None:
    limiters = replicas(MemoryStore("x"), MOST_REPLICAS)
    assert await let_through(limiters, RateLimit(32, 60.0, shared=True), 400) == 32


async def test_one_call_costs_no_write() -> None:
    store = MemoryStore("x")
    assert await let_through(replicas(store), HOURLY, 2) == 2
    assert "count" not in store._documents


async def test_twin_what_each_process_counts_for_itself_is_passed_by_two() -> None:
    alone = RateLimit(30, 60.0, "address")
    assert await let_through(replicas(MemoryStore("x")), alone, 90) == 60


async def test_a_new_window_lets_through_again_and_the_wait_is_told() -> None:
    store = MemoryStore("x")
    first, second = replicas(store)
    limit = RateLimit(8, 60.0, shared=True)
    at = NOW + timedelta(seconds=45)
    assert await let_through([first], limit, 8, at) == 8
    assert await second.allow("POST /v1/logins|address 192.0.2.1", limit, at) == pytest.approx(15.0)
    assert await second.allow("POST /v1/logins|address 192.0.2.1", limit, at + timedelta(seconds=15)) == 0.0


async def test_a_window_costs_a_process_few_writes() -> None:
    writes = 0

    class Counting(MemoryStore):
        async def count_up(self, *given, **named):  # type: ignore[no-untyped-def]
            nonlocal writes
            writes += 1
            return await super().count_up(*given, **named)

    limiters = replicas(Counting("x"), 1)
    await let_through(limiters, HOURLY, 1_000)
    assert writes <= 2 * BLOCKS + BLOCKS


async def test_what_is_kept_names_nobody_and_ends() -> None:
    store = MemoryStore("x")
    await let_through(replicas(store), HOURLY, 6)
    kept = store._documents["count"]
    assert "192.0.2.1" not in repr(kept)
    assert COUNT.kept_until == "state.kept_until"
    assert {each["state"]["kept_until"] for each in kept.values()} == {NOW + timedelta(hours=2)}


async def test_windows_that_are_forgotten_are_still_counted() -> None:
    prints = Fingerprints(Keyring.parse(key("k1", 2)))
    store = MemoryStore("x")
    counts = SharedCounts(store, prints, most_windows=1)
    through = 0
    for _ in range(20):
        through += not await counts.allow("a", 4, 60.0, NOW)
        await counts.allow("b", 4, 60.0, NOW)
    assert through <= 4


def test_a_scaled_limit_is_still_shared() -> None:
    assert HttpOptions(rate_factor=10.0).scaled(HOURLY) == RateLimit(3000, 3600.0, "address", shared=True)
