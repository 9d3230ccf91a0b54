"""What all endpoints of one application share: the gates, the counters, the memory of answers, the end of the day."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from shared.clock import Clock
from shared.http.access_log import AccessLog
from shared.http.agencies import Agencies
from shared.http.body_budget import BodyBudget
from shared.http.body_gate import LateBodies
from shared.http.connections import Connections
from shared.http.gates import FairGate, Gate
from shared.http.idempotency import AnswerCache
from shared.http.metrics import Metrics
from shared.http.options import HttpOptions
from shared.http.rate_limit import RateLimiter
from shared.sessions import SessionCheck
from shared.tokens import Caller


class Verifier(Protocol):
    """Tells who a token speaks for, as `shared.tokens.TokenVerifier` does."""

    async def verify(self, token: str | None) -> Caller:
        """The caller; refuses with one of the token errors of `shared.tokens`."""
        ...


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
    """Requests that are being worked on."""
    late_bodies: LateBodies
    """Requests whose body has not arrived; they are in no other gate."""
    uploads: FairGate
    """Bodies that their handler reads piece by piece."""
    downloads: FairGate
    """Answers that their client reads piece by piece."""
    public_streams: FairGate
    own_streams: FairGate
    """Streams behind a token, such as a place in the waiting room."""
    agencies: Agencies
    connections: Connections
    bodies: BodyBudget
    """Bytes of bodies in memory."""
    sessions: SessionCheck | None = None
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def streams_inside(self) -> int:
        """Streams that are open, of both kinds."""
        return self.public_streams.inside + self.own_streams.inside

    @property
    def inside(self) -> int:
        """Requests of any kind that are under way, streams apart."""
        return self.gate.inside + self.late_bodies.inside + self.uploads.inside + self.downloads.inside

    async def empty(self) -> None:
        """Return once no request of any kind is under way."""
        while self.inside or self.streams_inside:
            await self.late_bodies.empty()
            await self.uploads.empty()
            await self.downloads.empty()
            await self.gate.empty()
            await self.public_streams.empty()
            await self.own_streams.empty()
