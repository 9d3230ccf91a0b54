"""A served portal before the five services in memory, and one browser for all tests of a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser

from shared.http.server import serve
from tests.e2e.chromium import CHROMIUM, launched
from tests.unit.portal.site import Site, open_site


@dataclass
class ServedSite:
    """A site, and where its portal answers."""

    site: Site
    base: str


HAS_CHROMIUM: Final = Path(CHROMIUM).exists()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    if not HAS_CHROMIUM:
        pytest.skip("chromium is not here: apt-get install chromium, or name it in PASPOR_CHROMIUM")
    async with launched() as browser:
        yield browser


@pytest.fixture
async def served() -> AsyncIterator[ServedSite]:
    async with open_site() as site:
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            serve(
                site.app(),
                "127.0.0.1",
                0,
                stop,
                1.0,
                listening=lambda host, port: ready.set_result(f"http://{host}:{port}"),
            )
        )
        try:
            yield ServedSite(site, await ready)
        finally:
            stop.set()
            await serving
