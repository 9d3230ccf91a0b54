"""Pages that need no account, in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.e2e.chromium import MOST_BYTES, NARROWEST, WIDTHS, person
from tests.e2e.conftest import ServedSite

OPEN_PAGES = ("/", "/help", "/help/accessibility", "/help/privacy", "/sign-in", "/offices", "/no/such/page")


@pytest.mark.parametrize("width", (NARROWEST, *WIDTHS))
async def test_open_pages_have_no_fault_at_any_width(chromium: Browser, served: ServedSite, width: int) -> None:
    async with person(chromium, served.base, width=width) as somebody:
        faults = []
        for path in OPEN_PAGES:
            await somebody.open(path)
            faults += await somebody.faults()
    assert faults == []


@pytest.mark.acceptance("Y1.page_weight")
async def test_a_first_view_is_light(chromium: Browser, served: ServedSite) -> None:
    for path in OPEN_PAGES:
        async with person(chromium, served.base) as somebody:
            sizes = []
            somebody.page.on("requestfinished", lambda request, sizes=sizes: sizes.append(request))
            await somebody.open(path)
            weight = sum([sum((await request.sizes()).values()) for request in sizes])
            assert weight <= MOST_BYTES, (path, weight)
