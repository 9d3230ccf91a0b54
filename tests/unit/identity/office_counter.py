"""Operators, a head and counter staff of one office whose provider is running, each in a browser of their own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from services.identity.staff.repository import STAFF
from shared.audit import AUDIT
from shared.http.options import HttpOptions
from shared.ids import derived_id
from shared.tokens import Role
from tests.unit.identity.office_provider import CLIENT_ID, CLIENT_SECRET, FakeProvider
from tests.unit.identity.served import Client, served
from tests.unit.identity.world import STAFF_PASSWORD, World

SOUTH = "jakarta-selatan"
LIST = "/v1/staff/office-sign-in"
TERMS: Mapping[str, Any] = {
    "name": "Kanim <Contoh>",
    "client_id": CLIENT_ID,
    "offices": [SOUTH],
    "algorithms": ["ES256"],
    "amr_values": ["mfa"],
}
Answered = tuple[int, Any]


@dataclass
class OfficeBrowser:
    """One browser: its cookies, and the token of whoever has signed in."""

    client: Client
    cookie: str = ""
    token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Answered:
        headers = {"Idempotency-Key": key or str(uuid.uuid4()), "Accept-Language": "en"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.cookie:
            headers["Cookie"] = self.cookie
        async with self.client.request(
            method, path, json=body, params=query, headers=headers, allow_redirects=False
        ) as answer:
            self.headers = dict(answer.headers)
            if "Set-Cookie" in answer.headers:
                self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
            return answer.status, await answer.json() if answer.content_type.endswith("json") else await answer.text()

    async def done(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer to a call that must succeed."""
        status, answer = await self.call(method, path, body)
        assert status in (200, 201), answer
        return answer

    async def log_in(self, username: str, password: str = STAFF_PASSWORD) -> Answered:
        status, answer = await self.call("POST", "/v1/staff/logins", {"username": username, "password": password})
        self.token = answer["access_token"] if status == 200 else ""
        return status, answer


@dataclass
class Counter:
    """An office at work."""

    world: World
    client: Client
    provider: FakeProvider
    provider_id: str = ""

    def browser(self) -> OfficeBrowser:
        return OfficeBrowser(self.client)

    async def signed_in(self, username: str) -> OfficeBrowser:
        browser = self.browser()
        assert (await browser.log_in(username))[0] == 200
        return browser

    async def propose(self, **changed: Any) -> Any:
        """A provider that the first operator has proposed."""
        body = {**TERMS, "issuer": self.provider.issuer, "client_secret": CLIENT_SECRET, **changed}
        return await (await self.signed_in("operator")).done("POST", "/v1/staff/office-providers", body)

    async def approve(self, proposed: Any) -> Any:
        """What the second operator has approved."""
        path = f"/v1/staff/office-providers/{proposed['provider_id']}/approval"
        body = {"proposal_id": proposed["proposal"]["proposal_id"], "reason": "new_post"}
        return await (await self.signed_in("operator2")).done("POST", path, body)

    async def change(self, **changed: Any) -> Any:
        """Other terms, agreed to by both operators."""
        path = f"/v1/staff/office-providers/{self.provider_id}/changes"
        return await self.approve(await (await self.signed_in("operator")).done("POST", path, {**TERMS, **changed}))

    async def begin(self, browser: OfficeBrowser) -> str:
        """The address that the browser is sent to."""
        status, page = await browser.call("GET", f"{LIST}/{self.provider_id}")
        assert status == 303, page
        return browser.headers["Location"]

    async def come_back(self, browser: OfficeBrowser, sent: Mapping[str, str]) -> str:
        """The page that the browser sees."""
        status, page = await browser.call("GET", f"{LIST}/{self.provider_id}/callback", query=sent)
        assert status == 200, page
        return str(page)

    async def claim(self, browser: OfficeBrowser) -> Answered:
        return await browser.call("POST", f"{LIST}/{self.provider_id}/tokens", {})

    async def sign_in(self, browser: OfficeBrowser) -> Answered:
        """The whole way there, back, and to the tokens."""
        await self.come_back(browser, self.provider.authorize(await self.begin(browser)))
        return await self.claim(browser)

    async def ask_link(self, username: str = "front_officer") -> str:
        """A member signs in by password and asks for a link; its id."""
        browser = await self.signed_in(username)
        begun = await browser.done("POST", "/v1/staff/office-links", {"provider_id": self.provider_id})
        page = await self.come_back(browser, self.provider.authorize(begun["authorization_url"]))
        assert "The link is asked for" in page, page
        listed = await (await self.signed_in("operator")).done("GET", "/v1/staff/office-links")
        wanted = derived_id("staff", username)
        return next(str(link["link_id"]) for link in listed["links"] if link["staff_id"] == wanted)

    async def link(self, username: str = "front_officer", by: str = "office_admin") -> str:
        """A member who is linked; the link's id."""
        link_id = await self.ask_link(username)
        await self.decide(link_id, "approval", by)
        return link_id

    async def decide(self, link_id: str, act: str, by: str = "office_admin") -> Any:
        path = f"/v1/staff/office-links/{link_id}/{act}"
        return await (await self.signed_in(by)).done("POST", path, {"reason": "new_post"})

    async def staff(self, username: str) -> Any:
        record = await self.world.store.get(STAFF, derived_id("staff", username))
        assert record is not None
        return record.state

    async def audited(self) -> list[tuple[str, str, str | None]]:
        """Act, outcome and detail of each line of the audit."""
        lines = [record.state async for record in self.world.store.scan(AUDIT)]
        return [(line.act, line.outcome, line.detail) for line in lines]


@asynccontextmanager
async def at_work(world: World) -> AsyncIterator[Counter]:
    """Yield the office, whose provider two operators have agreed to."""
    await world.identity.staff.seed_demo()
    await world.identity.staff.hire("operator2", STAFF_PASSWORD, Role.OPERATOR, None)
    await world.identity.staff.hire("office_admin2", STAFF_PASSWORD, Role.OFFICE_ADMIN, "jakarta-utara")
    async with (
        FakeProvider(world.clock).running() as provider,
        served(world, options=HttpOptions(rate_factor=1000.0)) as client,
    ):
        counter = Counter(world, client, provider)
        counter.provider_id = (await counter.approve(await counter.propose()))["provider_id"]
        yield counter
