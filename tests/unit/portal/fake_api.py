"""Services that answer as a test says, so that the frame of the portal can be seen alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer

from portal.app import build_app
from portal.config import Settings
from portal.pages import PAGES
from portal.web.cookies import Browser as KnownBrowser
from portal.web.cookies import Cookies, Session
from portal.web.page import Page
from shared.clock import ManualClock
from shared.crypto.keyring import Keyring
from tests.unit.portal.browser import Browser
from tests.unit.portal.site import KEYS

NOW: Final = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)

Answer = tuple[int, Any] | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Called:
    """One call that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class FakeApi:
    """All five services at one address."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    calls: list[Called] = field(default_factory=list)
    streams: list[asyncio.Queue[bytes | None]] = field(default_factory=list)
    """What is to be said on each stream that was opened; None breaks it off."""

    url: str = ""

    def app(self, *, pages: Sequence[Page] = PAGES, **changes: Any) -> web.Application:
        """A portal's process before these services."""
        urls = {
            f"{name}_url": self.url for name in ("identity", "application", "scheduling", "billing", "notification")
        }
        given = {"environment": "test", "portal_keys": KEYS, "http_port": 0, **urls, **changes}
        return build_app(Settings.load(**given), self.clock, pages)

    def browser(self, *, pages: Sequence[Page] = PAGES, language: str = "id", **changes: Any) -> Browser:
        """A browser before such a process."""
        return Browser(self.app(pages=pages, **changes), language=language)

    def session(self, account_id: str = "acc-1", **changes: Any) -> Session:
        """The session of an invented account."""
        return Session(
            account_id=account_id,
            access_token=f"access-{account_id}",
            access_expires_at=self.clock.now() + timedelta(minutes=10),
            refresh_token=f"refresh-{account_id}",
            session_ends_at=self.clock.now() + timedelta(days=30),
        ).model_copy(update=changes)

    def called(self, path: str) -> list[Called]:
        """The calls of this path."""
        return [call for call in self.calls if call.path == path]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a call."""
        self.calls.append(Called(request.method, request.path, request.headers.copy(), await request.read()))
        answer = self.answers.get((request.method, request.path))
        if callable(answer):
            return await answer(request)
        status, body = answer or (404, {"code": "not_found", "title": "Tidak ada.", "status": 404})
        return web.json_response(body, status=status)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Open a stream of events; the test says what is told."""
        told: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.streams.append(told)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while (piece := await told.get()) is not None:
            await response.write(piece)
        return response


def seal(session: Session, keys: str = KEYS) -> str:
    """The value of a session's cookie."""
    return Cookies(Keyring.parse(keys), is_encrypted=False).seal(session.model_dump_json(), "session")


def seal_browser(known: KnownBrowser, keys: str = KEYS) -> str:
    """The value of a browser's cookie."""
    return Cookies(Keyring.parse(keys), is_encrypted=False).seal(known.model_dump_json(), "browser")


@asynccontextmanager
async def open_fake_api() -> AsyncIterator[FakeApi]:
    """The services, served on loopback."""
    fake = FakeApi()
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", fake.serve)
    async with TestServer(application, shutdown_timeout=0.1) as server:
        fake.url = str(server.make_url("")).rstrip("/")
        yield fake
        for told in fake.streams:
            told.put_nowait(None)
