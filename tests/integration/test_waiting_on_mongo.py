"""A caller who waits at one replica is answered by what another one writes, on a real MongoDB, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from shared.store import Store
from shared.store.driver import AsyncDatabase
from shared.store.memory import MemoryStore
from shared.store.mongo import MongoStore
from tests.assembled import Suite

WAIT = {"Prefer": "wait=20"}
WRONG_CODE = {"code": "000000"}


@pytest.fixture
async def replicas(mongo_database: AsyncDatabase) -> AsyncIterator[list[str]]:
    """The addresses of two identities on one database."""
    store = MongoStore(mongo_database, "identity")
    suites = [Suite(store_of=lambda name: _store(mongo_database, name)) for _ in range(2)]
    await store.prepare(suites[0].services["identity"].parts.kinds)
    async with suites[0].served(), suites[1].served():
        yield [suite.urls["identity"] for suite in suites]


def _store(database: AsyncDatabase, name: str) -> Store:
    return MongoStore(database, name) if name == "identity" else MemoryStore(name)


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Accept-Language": "en"}) as session:
        yield session


async def begin(browser: aiohttp.ClientSession, url: str) -> str:
    """Ask for a code; return its challenge's path."""
    body = {"email": "waiting@example.org", "language": "id"}
    async with browser.post(f"{url}/v1/registrations", json=body, headers={"Idempotency-Key": "k" * 20}) as answer:
        assert answer.status == 202, await answer.text()
        return f"/v1/challenges/{(await answer.json())['challenge_id']}"


async def guess(browser: aiohttp.ClientSession, url: str, number: int) -> None:
    headers = {"Idempotency-Key": f"guess-number-{number:06}"}
    async with browser.post(f"{url}/verification", json=WRONG_CODE, headers=headers) as answer:
        assert answer.status < 500


async def wait_for_change(browser: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    """Read, then wait for the next answer."""
    async with browser.get(url) as first:
        etag = first.headers["ETag"]
    async with browser.get(url, headers={"If-None-Match": etag, **WAIT}) as answer:
        return answer.status, await answer.json()


async def stream_is_open(database: AsyncDatabase) -> list[int]:
    """Return the ids of the database's streams of changes, once there is one."""
    names = [f"{database.name}.$cmd", f"{database.name}.$cmd.aggregate"]  # while it waits for changes, and between
    pipeline = [
        {"$currentOp": {"allUsers": True, "idleCursors": True}},
        {"$match": {"ns": {"$in": names}, "cursor.tailable": True}},
    ]
    while True:
        found = await database.client.admin.command({"aggregate": 1, "pipeline": pipeline, "cursor": {}})
        ids = [operation["cursor"]["cursorId"] for operation in found["cursor"]["firstBatch"]]
        if ids:
            return ids
        await asyncio.sleep(0.01)


async def test_a_change_at_another_replica_ends_the_wait(
    replicas: list[str], browser: aiohttp.ClientSession, mongo_database: AsyncDatabase
) -> None:
    here, there = replicas
    path = await begin(browser, there)
    waiting = asyncio.create_task(wait_for_change(browser, f"{here}{path}"))
    await stream_is_open(mongo_database)
    await guess(browser, f"{there}{path}", 1)
    status, challenge = await waiting
    assert (status, challenge["tries_left"]) == (200, 4)


async def test_a_stream_that_broke_is_opened_again_and_what_happened_meanwhile_is_found(
    replicas: list[str], browser: aiohttp.ClientSession, mongo_database: AsyncDatabase
) -> None:
    here, there = replicas
    path = await begin(browser, there)
    waiting = asyncio.create_task(wait_for_change(browser, f"{here}{path}"))
    broken = await stream_is_open(mongo_database)
    await mongo_database.command({"killCursors": "$cmd.aggregate", "cursors": broken})
    await guess(browser, f"{there}{path}", 1)
    assert (await waiting)[1]["tries_left"] == 4


async def test_all_who_wait_for_one_thing_share_one_stream(
    replicas: list[str], browser: aiohttp.ClientSession, mongo_database: AsyncDatabase
) -> None:
    here, there = replicas
    path = await begin(browser, there)
    waiting = [asyncio.create_task(wait_for_change(browser, f"{here}{path}")) for _ in range(10)]
    assert len(await stream_is_open(mongo_database)) == 1
    await guess(browser, f"{there}{path}", 1)
    assert {(await each)[0] for each in waiting} == {200}
