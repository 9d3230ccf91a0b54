"""Rate limiting by GCRA, the leaky bucket that needs one number per key."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from datetime import datetime
from typing import Final, Protocol

from shared.http.endpoint import RateLimit
from shared.shared_limits import SharedCounts

MAX_KEYS: Final = 100_000
"""Keys kept in a process, about 20 MB at most. The least recently used one is dropped first."""

_KEY_BYTES: Final = 16


class RateLimiter(Protocol):
    """Counts calls: in this process alone, or in the store too where replicas must count together."""

    async def allow(self, key: str, limit: RateLimit, now: datetime) -> float:
        """Count one call under `key`; return 0.0 if it may pass, else the seconds until the next one would."""
        ...


def next_arrival(expected: float | None, now: float, limit: RateLimit) -> tuple[float, float]:
    """Return (the new theoretical arrival time, 0.0), or (the old one, seconds to wait): GCRA as a pure function.

    A fresh key may burst `limit.count` calls at once; after that one more every `per_seconds / count`.
    """
    interval = limit.per_seconds / limit.count
    arrival = now if expected is None or expected < now else expected
    wait = arrival + interval - now - limit.per_seconds
    if wait > 1e-9:  # floats: a call at the very edge is in time
        return arrival, wait
    return arrival + interval, 0.0


class InProcessRateLimiter:
    """A `RateLimiter` for one process. Keys are hashed with a secret, so that a memory dump names no caller."""

    def __init__(self, max_keys: int = MAX_KEYS, secret: bytes | None = None) -> None:
        self._secret = secret or os.urandom(32)
        self._max_keys = max_keys
        self._arrivals: OrderedDict[bytes, float] = OrderedDict()

    async def allow(self, key: str, limit: RateLimit, now: datetime) -> float:
        digest = hashlib.blake2b(key.encode(), key=self._secret, digest_size=_KEY_BYTES).digest()
        arrival, wait = next_arrival(self._arrivals.get(digest), now.timestamp(), limit)
        self._arrivals[digest] = arrival
        self._arrivals.move_to_end(digest)
        if len(self._arrivals) > self._max_keys:
            self._arrivals.popitem(last=False)
        return wait

    def __len__(self) -> int:
        """Return the number of keys that are kept."""
        return len(self._arrivals)


class SharedRateLimiter:
    """A `RateLimiter` for limits that hold over all replicas: those marked `shared` are counted in the store too.

    The process's own bucket comes first and smooths; the store's windows bound what all replicas let through together.
    Other limits are counted by the process alone.
    """

    def __init__(self, own: RateLimiter, counts: SharedCounts) -> None:
        self._own = own
        self._counts = counts

    async def allow(self, key: str, limit: RateLimit, now: datetime) -> float:
        wait_seconds = await self._own.allow(key, limit, now)
        if wait_seconds or not limit.shared:
            return wait_seconds
        return await self._counts.allow(key, limit.count, limit.per_seconds, now)
