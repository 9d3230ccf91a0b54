"""The frame of every page: language, headers, what is not there."""

from __future__ import annotations

from tests.unit.portal.browser import Browser


async def test_a_stranger_sees_the_first_page_in_the_language_of_the_browser(browser: Browser) -> None:
    page = await browser.get("/")
    assert (page.status, page.read.lang, page.heading) == (200, "id", "Ajukan paspor Anda")
    page = await browser.get("/?language=en")
    assert (page.read.lang, page.heading) == ("en", "Apply for your passport")
    assert (await browser.get("/")).read.lang == "en", "the choice is remembered"


async def test_the_other_language_is_of_the_same_page(browser: Browser) -> None:
    page = await browser.get("/offices?place=Bandung&told=x")
    assert page.link(to="language=en") == "?place=Bandung&language=en"


async def test_pages_load_nothing_from_elsewhere_and_lie_in_no_frame(browser: Browser) -> None:
    headers = (await browser.get("/")).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"


async def test_what_is_not_there_has_a_page_that_leads_on(browser: Browser) -> None:
    page = await browser.get("/no/such/page")
    assert page.status == 404
    assert "/" in page.links
