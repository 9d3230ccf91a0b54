"""Somebody who calls the services: patient with broken lines, strict with what they are told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.tokens import Caller
from tests.sim.calling import Asked, Reply
from tests.sim.process import ConnectionLost
from tests.sim.world import World

TRIES = 120
"""Repeats of one request before somebody gives up: hours of virtual time, far beyond any outage."""

LONGEST_WAIT_SECONDS = 60.0
PATIENCE_SECONDS = 4 * 3600.0
"""Longer than the ladder of retry rungs takes after any crash."""

ASK_AGAIN = frozenset(
    {
        *("not_known_yet", "still_running", "someone_else_changed_it", "unavailable", "upstream_down"),
        *("application_not_submitted", "identity_awaited"),
    }
)


class Unexpected(Exception):
    """Somebody was told what nobody should be told here."""


class Person:
    """One caller with dice of their own."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.dice: random.Random = world.chaos.dice(f"person/{name}")
        self.caller: Caller | None = None
        self._requests = 0

    @property
    def now(self) -> datetime:
        """The true time."""
        return self.world.clock.now()

    async def get(self, service: str, path: str, *, expect: tuple[str, ...] = ()) -> Reply:
        """Read something."""
        return await self.ask(service, "GET", path, expect=expect)

    async def post(
        self, service: str, path: str, body: Mapping[str, Any] | None = None, *, expect: tuple[str, ...] = ()
    ) -> Reply:
        """Order something, once, however often the request must be repeated."""
        return await self.ask(service, "POST", path, body, expect=expect)

    async def ask(
        self,
        service: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        expect: tuple[str, ...] = (),
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask until there is an answer, each time under the same Idempotency-Key.

        Raises:
            Unexpected: a refusal whose code is not among ``expect``, or no answer at all.
        """
        self._requests += 1
        key = f"{self.name}-{self._requests:06d}"
        asked = Asked(method, path, body, self.caller, key, raw, headers or {})
        for tried in range(TRIES):
            try:
                reply = await self.world.ask(service, asked)
            except ConnectionLost:
                reply = Reply(503, code="unavailable")
            if reply.ok or reply.code in expect:
                return reply
            if reply.code not in ASK_AGAIN:
                raise Unexpected(f"{self.name} asked {asked} {body}: {reply.status} {reply.code} {reply.detail}")
            await self.pause(min(2.0**tried * 0.2, LONGEST_WAIT_SECONDS))
        raise Unexpected(f"{self.name} never got an answer to {asked}")

    async def pause(self, seconds: float) -> None:
        """Wait about that long."""
        await asyncio.sleep(seconds * (0.5 + self.dice.random()))

    async def eventually(
        self,
        look: Callable[[], Awaitable[Any]],
        holds: Callable[[Any], bool],
        what: str,
        seconds: float = PATIENCE_SECONDS,
    ) -> Any:
        """Look until it holds.

        Raises:
            Unexpected: it never did.
        """
        seen, wait, end = None, 0.5, self.now + timedelta(seconds=seconds)
        while self.now < end:
            seen = await look()
            if holds(seen):
                return seen
            await self.pause(wait)
            wait = min(wait * 1.6, 120.0)
        raise Unexpected(f"{self.name} waited in vain for {what}; saw {_short(seen)}")

    def chance(self, of: float) -> bool:
        """Whether something with that chance happens."""
        return self.dice.random() < of


def _short(seen: Any) -> str:
    text = str(getattr(seen, "data", seen))
    return text if len(text) < 600 else text[:600] + "..."
