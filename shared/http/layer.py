"""What all endpoints of one application share: the gates, the counters, the memory of answers, the end of the day."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from shared.clock import Clock
from shared.errors import Unavailable
from shared.http.access_log import AccessLog
from shared.http.body_budget import BodyBudget
from shared.http.idempotency import AnswerCache
from shared.http.metrics import Metrics
from shared.http.options import HttpOptions
from shared.http.rate_limit import RateLimiter
from shared.tokens import Caller


class Verifier(Protocol):
    """Tells who a token speaks for, as `shared.tokens.TokenVerifier` does."""

    async def verify(self, token: str | None) -> Caller:
        """The caller; refuses with one of the token errors of `shared.tokens`."""
        ...


class TooBusy(Unavailable):
    """As many requests are under way as this process takes at once."""

    code = "too_busy"
    title = "Too many people are asking at this moment."
    title_id = "Terlalu banyak permintaan pada saat ini."
    retry_after_seconds = 1


class Gate:
    """Lets at most `limit` requests in at once; the next one is told to come back rather than made to wait."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.inside = 0
        self._emptied = asyncio.Event()

    def enter(self) -> None:
        """Take a place. Refuses with `TooBusy` when all are taken; otherwise `leave` must follow."""
        if self.inside >= self.limit:
            raise TooBusy(limit=self.limit)
        self.inside += 1

    def leave(self) -> None:
        """Give the place back."""
        self.inside -= 1
        if not self.inside:
            self._emptied.set()

    async def empty(self) -> None:
        """Return once nobody is inside."""
        while self.inside:
            self._emptied.clear()
            await self._emptied.wait()


@dataclass
class Layer:
    """The shared parts, made once by `build_app`."""

    options: HttpOptions
    clock: Clock
    verifier: Verifier | None
    limiter: RateLimiter
    metrics: Metrics
    access_log: AccessLog
    answers: AnswerCache
    gate: Gate
    streams: Gate
    bodies: BodyBudget
    draining: asyncio.Event = field(default_factory=asyncio.Event)
