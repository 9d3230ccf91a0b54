"""Billing behind a test client on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from shared.http.app import build_app
from shared.tokens import ALL_OFFICES, Caller, Role, StaticKeys, TokenIssuer, TokenVerifier, new_signing_key_pem
from tests.unit.billing.world import World, make_world

_PEM = new_signing_key_pem()
Ask = Callable[..., Awaitable[tuple[int, Any]]]


OF_AN_OFFICE = (Role.OFFICE_ADMIN, Role.FRONT_OFFICER, Role.INTERVIEWER, Role.ADMINISTRATION_SECTION_HEAD)


def staff_of(account: str, role: Role, office: str | None, offices: tuple[str, ...] | None) -> Caller:
    """A caller; unless told else, treasurers serve all offices and heads and counters are of `office-1`."""
    if office is None and role in OF_AN_OFFICE:
        office = "office-1"
    if offices is None:
        offices = (ALL_OFFICES,) if role is Role.TREASURER and office is None else ()
    return Caller(account, role, "s1", office, offices=offices)


@pytest.fixture
def world() -> World:
    """A fresh billing."""
    return make_world()


@pytest.fixture
async def ask(world: World, socket_enabled: None) -> AsyncIterator[Ask]:
    """Calls an endpoint: `ask("GET", "/v1/bills/x", role=..., account=...)` gives status and JSON."""
    issuer = TokenIssuer(_PEM, "paspor-identity", world.clock)
    app = build_app(
        world.parts.endpoints,
        service_name="billing",
        clock=world.clock,
        verifier=TokenVerifier(StaticKeys(issuer.jwks()), world.clock),
        invariants=world.parts.invariants,
        sessions=world.parts.sessions,
    )
    app[world.parts.key] = world.parts.service
    client: TestClient[web.Request, web.Application] = TestClient(TestServer(app))
    await client.start_server()

    async def call(
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role | None = Role.APPLICANT,
        account: str = "account-1",
        key: str | None = "key-1",
        headers: dict[str, str] | None = None,
        office: str | None = None,
        offices: tuple[str, ...] | None = None,
    ) -> tuple[int, Any]:
        sent = dict(headers or {})
        if role is not None:
            caller = staff_of(account, role, office, offices)
            sent["Authorization"] = f"Bearer {issuer.issue(caller, 86_400 * 30)}"
        if key is not None and method == "POST" and role is not None:
            sent["Idempotency-Key"] = f"command-{key}"
        words = {"data": body} if isinstance(body, bytes) else {"json": body}
        async with client.request(method, path, headers=sent, **words) as answer:
            if answer.content_type == "application/x-ndjson":
                return answer.status, await answer.text()
            if answer.content_type == "application/pdf" or answer.status == 304:
                return answer.status, (answer.headers, await answer.read())
            return answer.status, await answer.json()

    yield call
    await client.close()
