"""The portal before the five services put together in memory: pages are walked as people walk them."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from portal.app import build_app
from portal.config import Settings
from tests.assembled import Suite
from tests.unit.portal.browser import Browser

KEYS: Final = "k1:" + base64.b64encode(bytes(range(32))).decode()


@dataclass
class Site:
    """The suite, and the portal's application before it."""

    suite: Suite

    def app(self, **changes: Any) -> web.Application:
        """A portal's process; each has its own."""
        urls = {f"{name}_url": url for name, url in self.suite.urls.items()}
        given = {"environment": "test", "portal_keys": KEYS, "http_port": 0, **urls, **changes}
        return build_app(Settings.load(**given), self.suite.clock)

    def browser(self, *, language: str = "id", **changes: Any) -> Browser:
        """A browser of a person who was never here."""
        return Browser(self.app(**changes), language=language)


@asynccontextmanager
async def open_site(**changes: Any) -> AsyncIterator[Site]:
    """The suite, served, with the portal to be put before it; ``changes`` are settings of services."""
    suite = Suite(**changes)
    await suite.start()
    async with suite.served():
        yield Site(suite)
