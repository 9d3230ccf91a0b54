"""A stream of account events is told what another replica hears, and goes on at a third one, on a real MongoDB."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from shared.bus.dispatch import Dispatcher, Outcome
from shared.events import billing
from shared.store.driver import AsyncDatabase
from shared.store.memory import MemoryStore
from shared.store.mongo import MongoStore
from shared.tokens import Role
from tests.assembled import Suite
from tests.unit.notification.samples import event_of
from tests.unit.world import envelope_of

PATH = "/v1/account-events"
ACCOUNT = "account-1"


class Replicas:
    """Notifications on one database, as many as are started."""

    def __init__(self, database: AsyncDatabase, stack: AsyncExitStack, browser: aiohttp.ClientSession) -> None:
        self._database = database
        self._stack = stack
        self._browser = browser

    async def start(self) -> Suite:
        suite = Suite(store_of=self._store)
        await self._store("notification").prepare(suite.services["notification"].parts.kinds)
        await self._stack.enter_async_context(suite.served())
        return suite

    async def open(self, suite: Suite, last_id: str | None = None) -> aiohttp.ClientResponse:
        token = suite.token(Role.APPLICANT, ACCOUNT)
        headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last_id} if last_id else {})}
        answer = await self._browser.get(f"{suite.urls['notification']}{PATH}", headers=headers)
        assert answer.status == 200, await answer.text()
        return answer

    async def hears(self, suite: Suite, *events: Any) -> None:
        """Let this replica hear the events, all at once. No contact card is here, so their mails wait."""
        parts = suite.services["notification"].parts
        dispatcher, now = Dispatcher(parts.events, parts.commands), suite.clock.now()
        outcomes = await asyncio.gather(*(dispatcher.handle(envelope_of(event, now)) for event in events))
        assert set(outcomes) == {Outcome.LATER}

    def _store(self, name: str) -> Any:
        return MongoStore(self._database, name) if name == "notification" else MemoryStore(name)


@pytest.fixture
async def replicas(mongo_database: AsyncDatabase) -> AsyncIterator[Replicas]:
    async with aiohttp.ClientSession() as browser, AsyncExitStack() as stack:
        yield Replicas(mongo_database, stack, browser)


async def next_event(answer: aiohttp.ClientResponse) -> tuple[str, str, Any]:
    """Return name, id and data of the next event."""
    while True:
        block = (await answer.content.readuntil(b"\n\n")).decode()
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line.strip(":") and line[0] != ":")
        if "data" in fields:
            return fields["event"], fields.get("id", ""), json.loads(fields["data"])


def a_bill(number: int) -> billing.BillPaid:
    return event_of(billing.BillPaid, bill_id=f"bill-{number}")  # type: ignore[no-any-return]


async def test_what_one_replica_hears_is_told_at_another_and_a_third_goes_on(replicas: Replicas) -> None:
    here, there = await replicas.start(), await replicas.start()
    stream = await replicas.open(here)
    _, begun_id, _ = await next_event(stream)
    await replicas.hears(there, a_bill(1))
    name, last_id, data = await next_event(stream)
    assert (name, data["id"]) == ("change", "bill-1")
    stream.close()
    await replicas.hears(there, a_bill(2))
    third = await replicas.start()
    again = await replicas.open(third, last_id)
    assert (await next_event(again))[:2] == ("begin", last_id)
    assert (await next_event(again))[2]["id"] == "bill-2"
    from_the_begin = await replicas.open(third, begun_id)
    told = [await next_event(from_the_begin) for _ in range(3)]
    assert [data.get("id") for _, _, data in told] == [None, "bill-1", "bill-2"]


async def test_what_two_replicas_hear_at_once_is_told_once_each_in_one_order(replicas: Replicas) -> None:
    here, there = await replicas.start(), await replicas.start()
    stream = await replicas.open(here)
    await next_event(stream)
    both = [a_bill(number) for number in range(6)]
    await asyncio.gather(replicas.hears(here, *both[:3]), replicas.hears(there, *both[3:]))
    told = [await next_event(stream) for _ in both]
    numbers = [int(event_id.split("-")[0]) for _, event_id, _ in told]
    assert numbers == sorted(set(numbers))
    assert {data["id"] for _, _, data in told} == {f"bill-{number}" for number in range(6)}
