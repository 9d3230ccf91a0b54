"""State that all endpoints of one application share: gates, limits, metrics, kept answers, draining."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiohttp import web

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
from shared.http.waiting import WaitingCalls
from shared.sessions import SessionCheck
from shared.tokens import Caller, Role

CALLER_ROLE: Final = web.RequestKey("caller_role", Role)
"""The role of a verified token, for what is told where its request is refused."""


class Verifier(Protocol):
    """Verifies access tokens, as `shared.tokens.TokenVerifier` does."""

    async def verify(self, token: str | None) -> Caller:
        """Return the caller of a token.

        Raises:
            TokenMissing, TokenMalformed, TokenExpired, TokenNotTrusted: the token is not valid.
            TokenKeysUnavailable: identity's keys cannot be read, so no token can be checked.
        """
        ...


@dataclass
class HttpRuntime:
    """The shared parts, made once by `build_app`."""

    options: HttpOptions
    clock: Clock
    verifier: Verifier | None
    limiter: RateLimiter
    metrics: Metrics
    access_log: AccessLog
    answers: AnswerCache
    gate: Gate
    """Requests under way."""
    late_bodies: LateBodies
    """Requests whose body has not arrived; they are in no other gate."""
    uploads: FairGate
    """Bodies that a handler reads piece by piece."""
    downloads: FairGate
    """Answers that a client reads piece by piece."""
    public_streams: FairGate
    own_streams: FairGate
    """Streams behind a token, such as a place in the waiting room."""
    followed_streams: FairGate
    """Streams of an account's own things; they take no place of other streams."""
    waiting: WaitingCalls
    """Calls that wait for a change, and are in no other gate meanwhile."""
    agencies: Agencies
    connections: Connections
    bodies: BodyBudget
    """Bytes of bodies in memory."""
    sessions: SessionCheck | None = None
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def streams_inside(self) -> int:
        """The number of open streams, public and behind a token."""
        return self.public_streams.inside + self.own_streams.inside + self.followed_streams.inside

    @property
    def inside(self) -> int:
        """The number of requests under way, without streams."""
        gates = (self.gate, self.late_bodies, self.uploads, self.downloads, self.waiting.gate)
        return sum(gate.inside for gate in gates)

    def drain(self) -> None:
        """Begin to end: readiness turns to no, streams and waiting calls are answered."""
        self.draining.set()
        self.waiting.end()

    async def empty(self) -> None:
        """Return once no request of any kind is under way."""
        while self.inside or self.streams_inside:
            await self.late_bodies.empty()
            await self.waiting.gate.empty()
            await self.uploads.empty()
            await self.downloads.empty()
            await self.gate.empty()
            await self.public_streams.empty()
            await self.own_streams.empty()
            await self.followed_streams.empty()
