"""The page of what was sent to the account."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.web.words import Words
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import EMAIL, Citizen

TEMPLATES = Path(__file__).parents[3] / "services/notification/data/templates"


async def test_messages_are_listed_by_what_they_are_about_page_by_page(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        page = await browser.get("/messages")
        assert (page.status, page.heading) == (200, "Pesan untuk Anda")
        assert "Pembayaran diterima" in page.text
        assert EMAIL not in page.html, "addresses are masked"
        assert citizen.codes[0] not in page.html
        assert (await browser.get("/messages?language=en")).heading == "Messages to you"
        page = await browser.get("/messages?after=nonsense")
        assert page.status == 409


async def test_a_long_list_has_a_page_for_older_messages(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.messages.pages.MESSAGES_A_PAGE", 2)
    async with await Citizen(site.suite).until_submitted() as citizen:
        sign_in(browser, citizen)
        first = await browser.get("/messages")
        second = await browser.follow(says="Pesan yang lebih lama")
        assert second.text != first.text
        assert "Kembali ke yang terbaru" in second.text
        other = Citizen(site.suite)
        async with other:
            await other.register("orang.lain@example.org")
            sign_in(browser, other)
            assert "Permohonan paspor diterima" not in (await browser.get("/messages")).text


def test_each_message_that_is_ever_sent_has_a_name_on_the_page() -> None:
    words = Words()
    sent = [path.name for path in TEMPLATES.iterdir() if not path.name.startswith("_")]
    assert sent
    assert [name for name in sent if not words.knows("messages", f"about_{name}")] == []
