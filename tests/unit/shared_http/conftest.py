"""The demo service behind a test client, on loopback, with a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from shared.clock import ManualClock
from shared.http import Endpoint, HttpOptions, build_app
from shared.tokens import Caller, Role, StaticKeys, TokenIssuer, TokenVerifier, new_signing_key_pem
from tests.unit.shared_http.demo import NOTEBOOK, Notebook, api

Client = TestClient[web.Request, web.Application]
Serve = Callable[..., Awaitable[Client]]

DEADLINE_SECONDS = 10.0

_PEM = new_signing_key_pem()


class LikeProduction(TestServer):
    """A test server that, as in production, does not cancel a handler whose client has left."""

    async def _make_runner(self, **words: Any) -> web.BaseRunner:
        return await super()._make_runner(**{**words, "handler_cancellation": False, "shutdown_timeout": 0.2})


async def until(condition: Callable[[], bool]) -> None:
    """Return once `condition` holds; fail after a deadline that only a hang reaches."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
def issuer(clock: ManualClock) -> TokenIssuer:
    return TokenIssuer(_PEM, "paspor-identity", clock)


@pytest.fixture
def token(issuer: TokenIssuer) -> Callable[..., str]:
    """Makes a token: `token()` for applicant a1, `token(Role.TREASURER, "t1", seconds=5)`."""

    def make(role: Role = Role.APPLICANT, account_id: str = "a1", seconds: int = 900) -> str:
        return issuer.issue(Caller(account_id, role, "s1"), seconds)

    return make


@pytest.fixture
def bearer(token: Callable[..., str]) -> Callable[..., dict[str, str]]:
    """The Authorization header of a token."""
    return lambda *words, **named: {"Authorization": f"Bearer {token(*words, **named)}"}


@pytest.fixture
def notebook(clock: ManualClock) -> Notebook:
    return Notebook(clock)


@pytest.fixture
async def serve(clock: ManualClock, issuer: TokenIssuer, notebook: Notebook) -> AsyncIterator[Serve]:
    """Starts the demo, or other endpoints, with options of one's own; everything is closed at the end."""
    clients: list[Client] = []

    async def start(
        options: HttpOptions | None = None,
        endpoints: list[Endpoint] | None = None,
        parts: Mapping[web.AppKey[Any], Any] | None = None,
        **words: Any,
    ) -> Client:
        app = build_app(
            api.all if endpoints is None else endpoints,
            service_name="demo",
            clock=clock,
            verifier=TokenVerifier(StaticKeys(issuer.jwks()), clock),
            options=options or HttpOptions(),
            **words,
        )
        for key, part in {NOTEBOOK: notebook, **(parts or {})}.items():
            app[key] = part
        client: Client = TestClient(LikeProduction(app))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    notebook.go_on.set()
    for client in clients:
        await client.close()


@pytest.fixture
async def demo(serve: Serve) -> Client:
    """The demo with its usual limits."""
    return await serve()
