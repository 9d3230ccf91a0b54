"""Citizens who want a seat: their applications are known to the services, and each has a token and an address."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from bench import stage
from shared.events.application import ApplicationSubmitted
from shared.store.driver import connect, database, disconnect

ARRIVAL_SECONDS: Final = 120.0
COPIES: Final = {"scheduling": "application_copy", "billing": "application"}
"""The collection in which each service keeps the applications that it has heard of."""


@dataclass(frozen=True)
class Holders:
    """The citizens by number, from 0."""

    people: Sequence[ApplicationSubmitted]
    tokens: Sequence[str]

    def headers(self, number: int) -> dict[str, str]:
        """Of any call of theirs; commands are new each time."""
        return {
            "Authorization": f"Bearer {self.tokens[number]}",
            "X-Forwarded-For": f"10.{3 + number // 62_500}.{number // 250 % 250}.{number % 250 + 1}",
            "Idempotency-Key": str(uuid.uuid4()),
        }

    async def read_appointments(self, session: aiohttp.ClientSession, url: str, number: int) -> None:
        """Look at one's appointments: the service has seen the token then, as at a real opening."""
        params = {"application_id": self.people[number].application_id}
        async with session.get(url, params=params, headers=self.headers(number)) as answer:
            await answer.read()

    async def hold(self, session: aiohttp.ClientSession, url: str, number: int, session_id: str) -> tuple[int, bytes]:
        """Ask for a seat of a session; the status and the answer."""
        body = {"application_id": self.people[number].application_id, "session_id": session_id}
        async with session.post(url, json=body, headers=self.headers(number)) as answer:
            return answer.status, await answer.read()

    async def win(self, session: aiohttp.ClientSession, url: str, number: int, session_id: str) -> None:
        """Hold a seat; RuntimeError where it is refused."""
        status, told = await self.hold(session, url, number, session_id)
        if status >= 400:
            raise RuntimeError(f"hold {number} of {len(self.people)}: {status} {told.decode()}")


async def introduce(running: stage.Running, count: int, services: Sequence[str] = ("scheduling",)) -> Holders:
    """So many new citizens, once each of these services has heard of their applications."""
    people = stage.submitted(count)
    client = connect(running.mongo_url)
    try:
        for service in services:
            copies = database(client, f"paspor_{service}")[COPIES[service]]
            before = await copies.estimated_document_count()
            await stage.put_on_bus(running, service, people)
            await until(copies.estimated_document_count, before + count)
    finally:
        await disconnect(client)
    return Holders(people, stage.tokens(running, (item.account_id for item in people)))


async def until(look: Callable[[], Awaitable[int]], count: int) -> None:
    """Wait until everything has arrived."""
    give_up_at = time.monotonic() + ARRIVAL_SECONDS
    while await look() < count:
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"only {await look()} of {count} applications arrived")
        await asyncio.sleep(0.2)
