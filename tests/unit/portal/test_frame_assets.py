"""Style and script: small, of our own, under names that change with their content."""

from __future__ import annotations

import re

from portal.web.assets import FOR_EVER, STATIC
from tests.unit.portal.browser import Browser
from tests.unit.portal.fake_api import open_fake_api

MOST_STYLE_BYTES = 20 * 1024
MOST_SCRIPT_BYTES = 8 * 1024


def test_style_and_script_stay_small_and_load_nothing() -> None:
    style = (STATIC / "site.css").read_text()
    script = (STATIC / "site.js").read_text()
    assert len(style.encode()) <= MOST_STYLE_BYTES
    assert len(script.encode()) <= MOST_SCRIPT_BYTES
    assert not re.search(r"url\(|@import|@font-face", style)
    assert not re.search(r"https?:|innerHTML\s*=[^=]|eval\(|document\.write", script)
    assert style.count("{") == style.count("}")


async def test_assets_are_kept_for_ever_under_a_name_of_their_content_and_nothing_else_is_served() -> None:
    async with open_fake_api() as fake, fake.browser() as browser:
        page = await browser.get("/help")
        loaded = [url for url in page.read.loaded if url.startswith("/assets/")]
        assert len(loaded) == 3
        for url in loaded:
            assert re.search(r"\.[0-9a-f]{12}\.", url)
            status, headers, body = await browser.raw("GET", url, headers={"Accept-Encoding": "gzip"})
            assert (status, headers["Cache-Control"]) == (200, FOR_EVER)
            assert headers["Content-Encoding"] == "gzip"
            assert body
        await refused(browser, loaded[0])


async def refused(browser: Browser, known: str) -> None:
    """Other names are not there, wherever they lead."""
    for odd in ("/assets/site.css", known.replace(".svg", ".xyz"), "/assets/..%2Fconfig.py", "/assets/%2e%2e/app.py"):
        status, _, body = await browser.raw("GET", odd)
        assert status == 404, odd
        assert b"import" not in body
