"""Keys fetched over real HTTP: what identity may answer, and what is not believed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.clock import ManualClock
from shared.tokens import (
    MAX_JWKS_BYTES,
    Caller,
    JwksCache,
    Role,
    TokenIssuer,
    TokenVerifier,
    fetch_jwks,
    new_signing_key_pem,
)

Serve = Callable[[web.Response], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[TestServer] = []

    async def start(answer: web.Response) -> str:
        async def keys(_request: web.Request) -> web.Response:
            return answer

        app = web.Application()
        app.router.add_get("/jwks.json", keys)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        return str(server.make_url("/jwks.json"))

    yield start
    for server in servers:
        await server.close()


async def test_a_token_is_verified_with_keys_fetched_over_http(serve: Serve) -> None:
    clock = ManualClock(datetime(2026, 11, 2, tzinfo=UTC))
    issuer = TokenIssuer(new_signing_key_pem(), "paspor-identity", clock)
    cache = JwksCache.from_url(await serve(web.json_response(issuer.jwks())), clock)
    token = issuer.issue(Caller("account-1", Role.APPLICANT, "session-1"), 60)
    assert (await TokenVerifier(cache, clock).verify(token)).account_id == "account-1"
    await cache.close()


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=503),
        web.Response(status=204),
        web.Response(status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"}),
        web.json_response([1]),
        web.Response(text="no json"),
        web.Response(body=b"x" * (MAX_JWKS_BYTES + 1)),
    ],
    ids=["down", "empty", "elsewhere", "list", "text", "long"],
)
async def test_other_answers_are_not_believed(serve: Serve, answer: web.Response) -> None:
    url = await serve(answer)
    with pytest.raises((aiohttp.ClientError, ValueError)):
        await fetch_jwks(url, timeout_seconds=5)


async def test_nobody_there_leaves_the_cache_empty(unused_tcp_port: int) -> None:
    cache = JwksCache.from_url(f"http://127.0.0.1:{unused_tcp_port}/", ManualClock(datetime(2026, 11, 2, tzinfo=UTC)))
    assert not await cache.refresh()
