"""What the worlds of all services share: keys, a platform that repeats itself, messages on their way, due rules.

Each service's own `world.py` has the service on a store in memory, the agencies around it, and what its people do.
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

from shared.clock import Clock, ManualClock
from shared.context import make_traceparent
from shared.crypto.keyring import Keyring
from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.files.memory import MemoryFiles
from shared.ids import SeededIds, new_event_id
from shared.person_keys.keys import PersonKeys
from shared.person_keys.memory import MemoryKeyTable
from shared.randomness import SeededRandomness
from shared.service import InvariantReport, Platform
from shared.store.port import Store

NOWHERE: Final = {"environment": "test", "mongo_url": "mongodb://127.0.0.1:1/", "amqp_url": "amqp://127.0.0.1:1/"}
"""Settings of a process that is never connected to anything."""


def key(name: str, filler: int) -> str:
    """A key as settings name it: 32 times the same byte."""
    return f"{name}:{base64.b64encode(bytes([filler]) * 32).decode()}"


_KEY_TABLES: Final[WeakKeyDictionary[Any, MemoryKeyTable]] = WeakKeyDictionary()
"""Store to the person keys beside it: they survive a service that starts again, as the store does."""


def seeded_platform(store: Store, clock: Clock, keyring: Keyring, *, seed: int = 1) -> Platform:
    """A platform on this store whose files lie in memory and whose ids and chance repeat with the seed."""
    ids, chance = SeededIds(random.Random(seed)), SeededRandomness(seed)
    table = _KEY_TABLES.setdefault(getattr(store, "base", store), MemoryKeyTable())
    keys = PersonKeys(table, keyring, clock, "test")
    return Platform(store, MemoryFiles(keyring, clock, keys), clock, ids, chance, keys)


def envelope_of(message: Message, at: datetime, *, version: int = 1, message_id: str | None = None) -> Envelope:
    """The message on its way from another service, under an id of its own unless one is given."""
    return Envelope(
        id=message_id or new_event_id(),
        source="/paspor/test",
        subject="subject",
        time=at,
        correlation_id="correlation",
        causation_id="causation",
        traceparent=make_traceparent(),
        aggregate_version=version,
        data=message,
    )


async def assert_rules_hold(invariants: Mapping[str, Callable[[], Awaitable[InvariantReport]]]) -> None:
    """Fail with the first running check of a service that does not hold."""
    for name, check in invariants.items():
        report = await check()
        assert report.holds, (name, report.broken)


class HurryingClock(ManualClock):
    """Whoever waits moves the time, so that nothing waits for a test."""

    async def sleep(self, seconds: float) -> None:
        self.advance(max(0.0, seconds))
        await asyncio.sleep(0)


class Killed(BaseException):
    """The process ends here. No handler catches it, as none would after a kill -9."""


class Wrapper:
    """A store around another one; passes every verb on."""

    def __init__(self, base: Any) -> None:
        self.base = base

    def __getattr__(self, name: str) -> Any:
        return getattr(self.base, name)


class Letting(Wrapper):
    """A store that lets other tasks run, as often as a seed says."""

    def __init__(self, base: Any, seed: int) -> None:
        super().__init__(base)
        self._chance = random.Random(seed)

    async def _others(self) -> None:
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)
