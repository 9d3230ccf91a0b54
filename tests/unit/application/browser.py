"""A browser of a running application: calls with a token and fresh keys."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from shared.http.app import build_app
from shared.http.options import HttpOptions
from shared.tokens import Caller, Role, StaticKeys, TokenIssuer, TokenVerifier, new_signing_key_pem
from tests.unit.application import make
from tests.unit.application.world import World, picture

Client = TestClient[web.Request, web.Application]
PEM = new_signing_key_pem()
STREAM = "application/offset+octet-stream"


class Browser:
    """Calls with a token and fresh keys."""

    def __init__(self, client: Client, issuer: TokenIssuer) -> None:
        self.client = client
        self._issuer = issuer

    async def ask(
        self, method: str, path: str, role: Role = Role.APPLICANT, *, account: str = "", **words: Any
    ) -> tuple[int, Any]:
        who = account or {Role.APPLICANT: "acc"}.get(role, f"staff-{role.value}")
        office = None if role is Role.APPLICANT else words.pop("office", make.OFFICE)
        offices = words.pop("offices", ())
        if offices:
            office = None
        token = self._issuer.issue(Caller(who, role, "s", office, offices=offices), 900)
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en", **words.pop("headers", {})}
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        async with self.client.request(method, path, headers=headers, **words) as response:
            kind = response.headers.get("Content-Type", "")
            body = await response.json(content_type=None) if "json" in kind else await response.read()
            if method == "HEAD":
                return response.status, dict(response.headers)
            return response.status, body

    async def headers_of(self, path: str) -> Mapping[str, str]:
        """The headers of the applicant's own GET."""
        token = self._issuer.issue(Caller("acc", Role.APPLICANT, "s", None), 900)
        async with self.client.get(path, headers={"Authorization": f"Bearer {token}"}) as response:
            return response.headers

    async def upload(self, path: str, requirement: str, role: Role = Role.APPLICANT, query: str = "") -> Any:
        content = picture()
        body = {
            "requirement": requirement,
            "file_name": "budi.jpg",
            "media_type": "image/jpeg",
            "size_bytes": len(content),
        }
        status, begun = await self.ask("POST", f"{path}/documents{query}", role, json=body)
        assert status == 201, begun
        headers = {"Upload-Offset": "0", "Content-Type": STREAM}
        status, done = await self.ask("PATCH", f"{begun['upload_url']}{query}", role, data=content, headers=headers)
        assert status == 200, done
        return done


@pytest.fixture
async def browser(world: World) -> AsyncIterator[Browser]:
    issuer = TokenIssuer(PEM, "paspor-identity", world.clock)
    app = build_app(
        world.parts.endpoints,
        service_name="application",
        clock=world.clock,
        verifier=TokenVerifier(StaticKeys(issuer.jwks()), world.clock),
        options=HttpOptions(rate_factor=1000),
        invariants=world.parts.invariants,
        sessions=world.parts.sessions,
        changes=world.store,
    )
    app[world.parts.key] = world.service
    async with TestClient(TestServer(app)) as client:
        yield Browser(client, issuer)
