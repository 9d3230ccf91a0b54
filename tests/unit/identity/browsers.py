"""Browsers that speak to a running identity over HTTP, each from a network address of its own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from shared.http.options import HttpOptions
from tests.unit.identity.served import served
from tests.unit.identity.world import World

Answered = tuple[int, Any]


@dataclass
class Browser:
    """One browser: its address, and the device token that it keeps."""

    client: TestClient[web.Request, web.Application]
    world: World
    address: str
    device_token: str | None = None
    token: str = field(default="", repr=False)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Answered:
        return await self.call("POST", path, body or {})

    async def get(self, path: str) -> Answered:
        return await self.call("GET", path)

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answered:
        headers = {"Idempotency-Key": str(uuid.uuid4()), "X-Forwarded-For": self.address, "Accept-Language": "en"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        async with self.client.request(method, path, json=body, headers=headers) as answer:
            return answer.status, await answer.json() if answer.content_type.endswith("json") else await answer.text()

    def _with_device(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {**body, **({"device_token": self.device_token} if self.device_token else {})}

    async def ask(self, identifier: str, **more: Any) -> Answered:
        return await self.post("/v1/logins", self._with_device({"identifier": identifier, **more}))

    async def prove(self, challenge: Mapping[str, Any], code: str, **more: Any) -> Answered:
        name = "code" if len(code) == 6 else "long_code"
        body = {name: code, "asker_token": challenge.get("asker_token"), **more}
        sent = self._with_device({name: value for name, value in body.items() if value is not None})
        status, answer = await self.post(f"/v1/challenges/{challenge['challenge_id']}/verification", sent)
        if status == 200:
            self.token, self.device_token = answer["access_token"], answer["device_token"]
        return status, answer

    async def sign_in(self, identifier: str) -> str:
        """Sign in with the newest code; the account's id."""
        status, challenge = await self.ask(identifier)
        assert status == 202, challenge
        status, tokens = await self.prove(challenge, await self.world.code(challenge["challenge_id"]))
        assert status == 200, tokens
        return str(tokens["account_id"])

    async def log_in_staff(self, username: str, password: str) -> Answered:
        body = self._with_device({"username": username, "password": password})
        status, answer = await self.post("/v1/staff/logins", body)
        if status == 200:
            self.token, self.device_token = answer["access_token"], answer["device_token"]
        return status, answer


@dataclass
class Browsers:
    """A running identity, and browsers for it."""

    client: TestClient[web.Request, web.Application]
    world: World

    def at(self, address: str) -> Browser:
        """A new browser at this network address."""
        return Browser(self.client, self.world, address)


BEHIND_A_PROXY = HttpOptions(rate_factor=1.0, trusted_proxies=(ip_network("127.0.0.0/8"),))


@asynccontextmanager
async def running(world: World) -> AsyncIterator[Browsers]:
    """Identity over HTTP behind a proxy that names the address of each browser."""
    await world.identity.staff.seed_demo()
    async with served(world, options=BEHIND_A_PROXY) as client:
        yield Browsers(client, world)


def other_code(code: str) -> str:
    """Six digits that are not the code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
