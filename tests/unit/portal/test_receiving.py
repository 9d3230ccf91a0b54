"""Files in forms of any room: kept as evidence, or refused beside the field."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest
from aiohttp import web

from portal.app import build_app
from portal.config import Settings
from portal.files.receiving import receive_file, send_evidence
from portal.pages import PAGES
from portal.web.forms import Form
from portal.web.page import get, post
from portal.web.visit import Visit
from tests.unit.application.world import picture
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import KEYS, Site
from tests.unit.portal.test_papers import as_multipart, send_raw
from tests.walking import Citizen

PATH: Final = "/evidence-of-a-test"


async def show(visit: Visit, form: Form) -> web.StreamResponse:
    """A page with the errors of a form."""
    return visit.render("errors/nothing_here.html", form=form)


async def take(visit: Visit) -> web.StreamResponse:
    """A room's form with a file."""
    async with receive_file(visit) as received:
        evidence = await send_evidence(visit, received, received.form.text("purpose"))
    return visit.redirect(PATH, kept=evidence["evidence_id"])


@pytest.fixture
async def evidence_browser(site: Site) -> AsyncIterator[Browser]:
    urls = {f"{name}_url": url for name, url in site.suite.urls.items()}
    settings = Settings.load(environment="test", portal_keys=KEYS, http_port=0, **urls)
    pages = (*PAGES, get(PATH, show), post(PATH, take, show, takes_files=True))
    async with Browser(build_app(settings, site.suite.clock, pages)) as browser:
        yield browser


async def send(browser: Browser, purpose: str, content: bytes) -> tuple[int, str, str]:
    """Send a file for a purpose; status, answer and where it leads."""
    await browser.get(PATH)
    token = browser.page.form(action="/sign-out").values["form_token"][0].encode()
    body = as_multipart([("form_token", None, token), ("purpose", None, purpose.encode()), ("file", "a.jpg", content)])
    headers = {"Content-Type": "multipart/form-data; boundary=b0undary"}
    status, said, answer = await browser.raw("POST", PATH, data=body, headers=headers)
    return status, answer.decode(), said.get("Location", "")


async def test_evidence_is_kept_or_refused_in_a_sentence(site: Site, evidence_browser: Browser) -> None:
    browser = evidence_browser
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        sign_in(browser, citizen)
        for purpose in ("special_reschedule", "refund", "payment_claim"):
            status, _text, location = await send(browser, purpose, picture())
            assert status == 303
            kept = await citizen.done("application", "GET", f"/v1/evidence/{location.partition('kept=')[2]}")
            assert (kept["state"], kept["purpose"]) == ("kept", purpose)
        status, text, _location = await send(browser, "refund", b"no picture")
        assert status == 422
        assert 'href="#file"' in text
        assert "File bukan gambar atau hasil pindai." in text
        status, text, _location = await send(browser, "walk_in", picture())
        assert status == 422
        assert "Bukti untuk keperluan ini diunggah oleh pihak lain." in text
        browser.language = "en"
        status, text, _location = await send(browser, "refund", picture(100, 100))
        assert "The picture is too small to be read" in text
        assert (await send_raw(browser, PATH, as_multipart([("file", "a.jpg", picture())])))[0] == 403
