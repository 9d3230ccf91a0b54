"""Simulators are small servers: their tests speak to them over loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from simulators.config import Settings

START = datetime(2026, 11, 21, 3, 0, 0, tzinfo=UTC)
DEADLINE_SECONDS = 10.0

Client = TestClient[web.Request, web.Application]
Serve = Callable[[web.Application], Awaitable[Client]]


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Listener:
    """Our side of the webhooks: keeps what came and refuses the first ``refuse`` calls."""

    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    refuse: int = 0
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        if self.refuse:
            self.refuse -= 1
            return web.Response(status=503)
        self.calls.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    def bodies(self) -> list[dict[str, object]]:
        return [json.loads(body) for _, body in self.calls]

    async def wait_for(self, count: int) -> list[dict[str, object]]:
        await eventually(lambda: len(self.calls) >= count)
        return self.bodies()


async def eventually(holds: Callable[[], bool]) -> None:
    """Return as soon as something holds; fails after DEADLINE_SECONDS."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to hold in time"
        await asyncio.sleep(0.01)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> Settings:
    return Settings(seed=7)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    clients: list[Client] = []

    async def start(app: web.Application) -> Client:
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def listener(serve: Serve) -> Listener:
    heard = Listener()
    app = web.Application()
    app.router.add_post("/callback", heard.take)
    client = await serve(app)
    heard.url = str(client.make_url("/callback"))
    return heard


async def behave(client: Client, operation: str, mode: str, **more: float) -> None:
    """Order a behaviour over the control endpoint."""
    answer = await client.put("/control/behaviour", json={"operation": operation, "mode": mode, **more})
    assert answer.status == 200, await answer.text()
