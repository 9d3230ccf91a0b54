"""Notification with webhooks behind HTTP, and consumers that are real servers on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestClient, TestServer

from services.notification.app import build
from services.notification.clients import HttpWebhookPoster
from services.notification.webhooks.repository import WEBHOOKS
from shared.bus.dispatch import Dispatcher, Outcome
from shared.clock import ManualClock
from shared.deadlines import DeadlineWorker
from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.http.app import build_app
from shared.service import Parts
from shared.store.memory import MemoryStore
from shared.tokens import Caller, Role, StaticKeys, TokenIssuer, TokenVerifier, new_signing_key_pem
from tests.unit.notification.test_http import platform, settings
from tests.unit.notification.world import FakeChannel
from tests.unit.world import envelope_of

PRINTED = "paspor.application.passport.printed.v1"
OPERATOR_EMAIL = "operator@paspor.example"
_PEM = new_signing_key_pem()


@dataclass
class Delivered:
    """One request that a consumer got."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Consumer:
    """A consumer's server: answers as told, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[Delivered] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.begun = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.endless = False
        self.url = ""

    @property
    def ids(self) -> list[str]:
        return [delivered.event_id for delivered in self.got]

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.begun.set()
        self.got.append(Delivered(request.path, dict(request.headers), body))
        await self.may_answer.wait()
        if self.endless:
            answer = web.StreamResponse(status=self.status)
            await answer.prepare(request)
            while True:
                await answer.write(b"x" * 65536)
        return web.Response(status=self.status, headers=self.headers)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Consumer]:
        app = web.Application()
        app.router.add_route("*", "/{anything:.*}", self.take)
        server = TestServer(app)
        await server.start_server()
        self.url = f"http://127.0.0.1:{server.port}/hook"
        try:
            yield self
        finally:
            self.may_answer.set()
            await server.close()


class FixedNames(AbstractResolver):
    """Resolves every name to the addresses that it is told."""

    def __init__(self, *addresses: str) -> None:
        self.addresses: Sequence[str] = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if not self.addresses:
            raise OSError("no such name")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in self.addresses
        ]

    async def close(self) -> None:
        return None


@dataclass
class World:
    """The wired service, a client of it, and what it told people."""

    client: TestClient[web.Request, web.Application]
    parts: Parts
    store: MemoryStore
    clock: ManualClock
    mailer: FakeChannel
    worker: DeadlineWorker
    keys: int = 0

    def bearer(self, role: Role = Role.OPERATOR, account_id: str = "operator-1") -> dict[str, str]:
        token = TokenIssuer(_PEM, "paspor-identity", self.clock).issue(Caller(account_id, role, "s"), 900)
        return {"Authorization": f"Bearer {token}"}

    async def call(
        self, method: str, path: str, body: Any = None, *, role: Role = Role.OPERATOR, key: str | None = None
    ) -> tuple[int, Any]:
        """Call as a member of staff; return the status and the answer's JSON."""
        self.keys += 1
        headers = {**self.bearer(role), "Idempotency-Key": key or f"key-{self.keys:08d}", "Accept-Language": "en"}
        async with self.client.request(method, path, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def done(self, method: str, path: str, body: Any = None, **words: Any) -> Any:
        """Call, and return the answer of a call that must succeed."""
        status, answer = await self.call(method, path, body, **words)
        assert status < 300, answer
        return answer

    async def registered(self, url: str, *kinds: str, consumer: str = "kantor-statistik") -> dict[str, Any]:
        """Register a webhook; return it with its secret."""
        body = {"consumer": consumer, "url": url, "kinds": list(kinds or (PRINTED,))}
        found: dict[str, Any] = await self.done("POST", "/v1/webhooks", body)
        return found

    async def hears(self, message: Message | Envelope, **words: Any) -> Envelope:
        """Deliver a message as the bus does; return its envelope."""
        envelope = message if isinstance(message, Envelope) else envelope_of(message, self.clock.now(), **words)
        outcome = await Dispatcher(self.parts.events, self.parts.commands).handle(envelope)
        assert outcome in (Outcome.DONE, Outcome.LATER)
        return envelope

    async def settle(self) -> None:
        """Relay what webhooks have told, and run what is due."""
        waiting = await self.store.outbox_waiting(WEBHOOKS, before=datetime.max.replace(tzinfo=UTC), limit=999)
        for envelope in waiting:
            await self.hears(envelope)
        await self.store.mark_published(WEBHOOKS, waiting, now=self.clock.now())
        await self.worker.run_due()

    async def passes(self, seconds: float) -> None:
        """Let time pass, then settle."""
        self.clock.advance(seconds)
        await self.settle()

    async def deliveries(self, webhook_id: str) -> list[dict[str, Any]]:
        """The deliveries of a webhook, as operators see them."""
        found: list[dict[str, Any]] = (await self.done("GET", f"/v1/webhooks/{webhook_id}/deliveries"))["deliveries"]
        return found


@asynccontextmanager
async def world(clock: ManualClock, poster: HttpWebhookPoster | None = None, **given: Any) -> AsyncIterator[World]:
    """The service wired as the process wires it, with a real way out to consumers."""
    ground, mailer = platform(clock), FakeChannel()
    poster = poster or HttpWebhookPoster(allow_loopback=True)
    parts = build(
        settings(operator_email=OPERATOR_EMAIL, **given), ground, mailer=mailer, sms=FakeChannel(), poster=poster
    )
    issuer = TokenIssuer(_PEM, "paspor-identity", clock)
    app = build_app(
        parts.endpoints,
        service_name=parts.name,
        clock=clock,
        verifier=TokenVerifier(StaticKeys(issuer.jwks()), clock),
        sessions=parts.sessions,
    )
    app[parts.key] = parts.service
    assert isinstance(ground.store, MemoryStore)
    worker = DeadlineWorker(ground.store, parts.kinds, parts.deadlines, clock, "test")
    async with TestClient(TestServer(app)) as client:
        yield World(client, parts, ground.store, clock, mailer, worker)
    await poster.close()
