"""The pictures of the README: made by a real browser from invented people, never by hand.

`PASPOR_SCREENSHOTS=1 ./paspor test e2e` makes them anew; every other run looks whether they are there and shown.
"""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path
from typing import Final

import pytest
from PIL import Image
from playwright.async_api import Browser

from tests.assembled import OFFICE
from tests.e2e.chromium import Person, person
from tests.e2e.conftest import ServedSite
from tests.e2e.test_every_page import sealed_session
from tests.walking import Citizen

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = Path("docs/screenshots")
NAMES: Final = ("front", "papers", "calendar", "pay", "visit")
IS_TO_MAKE: Final = os.environ.get("PASPOR_SCREENSHOTS") == "1"
WIDTH: Final = 360
MOST_HEIGHT: Final = 1000
"""Pixels: what lies below is cut off, five pictures stand in one row."""

MOST_BYTES: Final = 60_000
COLOURS: Final = 64


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_shows_each_screenshot(name: str) -> None:
    file = FOLDER / f"{name}.png"
    assert (ROOT / file).stat().st_size <= MOST_BYTES
    with Image.open(ROOT / file) as picture:
        assert picture.width == WIDTH
    assert str(file) in (ROOT / "README.md").read_text()


def test_no_screenshot_is_left_over() -> None:
    assert {file.stem for file in (ROOT / FOLDER).iterdir()} == set(NAMES)


@pytest.mark.skipif(not IS_TO_MAKE, reason="PASPOR_SCREENSHOTS=1 makes the pictures anew")
async def test_screenshots_are_made_from_the_pages(chromium: Browser, served: ServedSite) -> None:
    async with Citizen(served.site.suite) as citizen, person(chromium, served.base, width=WIDTH) as somebody:
        await _picture(somebody, "front", "/")
        await citizen.until_submitted()
        await somebody.page.context.add_cookies(
            [{"name": "session", "value": sealed_session(citizen), "url": served.base}]
        )
        here = f"/applications/{citizen.application_id}"
        await _picture(somebody, "papers", f"{here}/papers")
        await _picture(somebody, "calendar", f"{here}/booking/{OFFICE}")
        await citizen.hold()
        await _picture(somebody, "pay", f"{here}/pay")
        await citizen.pay()
        await served.site.suite.settle()
        await _picture(somebody, "visit", f"{here}/visit")


async def _picture(somebody: Person, name: str, path: str) -> None:
    await somebody.open(path)
    seen = await somebody.page.screenshot(full_page=True)
    await asyncio.to_thread(_write, seen, ROOT / FOLDER / f"{name}.png")


def _write(seen: bytes, file: Path) -> None:
    """Write a picture of few colours, cut below."""
    with Image.open(io.BytesIO(seen)) as picture:
        shown = picture.crop((0, 0, picture.width, min(picture.height, MOST_HEIGHT))).convert("RGB")
    file.parent.mkdir(parents=True, exist_ok=True)
    shown.quantize(COLOURS).save(file, optimize=True)
