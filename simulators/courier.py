"""Carries an outbox over HTTP: signs each body at the moment of sending and posts it to the caller's address."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import aiohttp
from aiohttp import web

from simulators.outbox import Delivery, Outbox
from simulators.signing import signed_headers

IN_FLIGHT_MAX = 32
ANSWER_TIMEOUT_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Address:
    """Where to post, and how to sign it."""

    url: str
    header_prefix: str
    key_id: str
    secret: str
    retry_seconds: Sequence[float]


class Courier:
    """Posts due deliveries, IN_FLIGHT_MAX at a time. Without an ``address`` they are dropped."""

    def __init__(
        self, outbox: Callable[[], Outbox], address: Callable[[], Address | None], clock: Callable[[], datetime]
    ) -> None:
        self._outbox = outbox
        self._address = address
        self._clock = clock
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._in_flight: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Say that something new was planned."""
        self._wake.set()

    async def run(self, _: web.Application) -> AsyncIterator[None]:
        """Work for as long as the application lives (a cleanup context)."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            task = asyncio.create_task(self._work(session))
            yield
            for item in (task, *self._in_flight):
                item.cancel()
            await asyncio.gather(task, *self._in_flight, return_exceptions=True)

    async def flush(self) -> None:
        """Return when everything that is due now has been tried once, or after ANSWER_TIMEOUT_SECONDS."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ANSWER_TIMEOUT_SECONDS
        while (self._due_now() or self._in_flight) and loop.time() < deadline:
            self.wake()
            await asyncio.sleep(0.005)

    def _due_now(self) -> bool:
        due_at = self._outbox().next_due_at()
        return due_at is not None and due_at <= self._clock()

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while True:
            outbox = self._outbox()
            for delivery in outbox.due(self._clock()):
                await self._slots.acquire()
                task = asyncio.create_task(self._deliver(session, outbox, delivery))
                self._in_flight.add(task)
                task.add_done_callback(self._landed)
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._pause_seconds())

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._slots.release()

    def _pause_seconds(self) -> float:
        due_at = self._outbox().next_due_at()
        if due_at is None:
            return LOOK_AGAIN_SECONDS
        return min(LOOK_AGAIN_SECONDS, max(0.001, (due_at - self._clock()).total_seconds()))

    async def _deliver(self, session: aiohttp.ClientSession, outbox: Outbox, delivery: Delivery) -> None:
        address = self._address()
        if address is None:
            outbox.counts["no_address"] += 1
        elif await self._post(session, address, delivery.body):
            outbox.accepted()
        else:
            outbox.refused(delivery, address.retry_seconds, self._clock())

    async def _post(self, session: aiohttp.ClientSession, address: Address, body: bytes) -> bool:
        headers = signed_headers(
            address.header_prefix, address.key_id, address.secret, int(self._clock().timestamp()), body
        )
        headers["Content-Type"] = "application/json"
        try:
            async with session.post(address.url, data=body, headers=headers) as answer:
                return answer.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
