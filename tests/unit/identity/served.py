"""Identity over HTTP on loopback, as tests call it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from services.identity.http import IDENTITY
from shared.http.app import build_app
from shared.http.options import HttpOptions
from shared.sessions import SessionCheck
from shared.tokens import TokenVerifier
from tests.unit.identity.world import World

Client = TestClient[web.Request, web.Application]
REAL_RATES = HttpOptions(rate_factor=1.0)


@asynccontextmanager
async def served(
    world: World, *, options: HttpOptions = REAL_RATES, sessions: SessionCheck | None = None
) -> AsyncIterator[Client]:
    """Yield a client of the world's identity; ``sessions`` in place of its own check that sessions live."""
    assert world.parts.token_keys is not None
    app = build_app(
        world.parts.endpoints,
        service_name="identity",
        clock=world.clock,
        verifier=TokenVerifier(world.parts.token_keys, world.clock),
        options=options,
        sessions=sessions or world.parts.sessions,
    )
    app[IDENTITY] = world.identity
    async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:  # browsers keep their own
        yield client
