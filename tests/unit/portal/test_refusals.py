"""A refused application: the reason, the letter, the objection and the note."""

from __future__ import annotations

import pytest

from shared.tokens import Role
from tests.unit.portal.browser import Browser, PageSeen
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.unit.portal.test_applications import at_the_counter
from tests.walking import Citizen, Officer

WORDS = "Akta lahir saya asli; mohon diperiksa kembali. <script>alert(1)</script>"


async def refused(citizen: Citizen) -> None:
    """The interview has ended with a refusal."""
    await citizen.until_paid()
    async with await at_the_counter(citizen) as interviewer:
        note = {"outcome": "refused", "reason_code": "documents_not_genuine", "note": "Cap pada akta tidak terbaca."}
        await interviewer.done("application", "POST", f"{citizen.application}/interview", note)


async def see(browser: Browser, citizen: Citizen, page: str) -> PageSeen:
    """A page of the citizen's application."""
    return await browser.get(f"/applications/{citizen.application_id}{page}")


@pytest.mark.acceptance("Y1.every_step")
async def test_a_refusal_is_explained_and_objected_to(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await refused(citizen)
        sign_in(browser, citizen)
        page = await see(browser, citizen, "")
        assert "Dokumen yang ditunjukkan tidak asli." in page.text
        assert page.link(to="/applications/new")
        page = await browser.follow(says="Ajukan keberatan")
        assert "Ombudsman" in page.text
        page = await browser.submit(text="kurang")
        assert page.status == 422
        assert "text" in page.field_errors()
        page = await browser.submit(text=WORDS)
        assert "Keberatan terkirim" in page.text
        assert "Cap pada akta tidak terbaca." in page.text, "the note is opened"
        assert WORDS in page.text
        assert "<script>alert" not in page.html
        page = await see(browser, citizen, "")
        assert "Kepala kantor menjawab paling lambat" in page.text
        page = await see(browser, citizen, "/appeal?language=en")
        assert "Your objection has arrived" in page.text


async def test_a_note_that_is_kept_back_is_told_with_its_ground(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen, Officer(site.suite, Role.OFFICE_ADMIN) as head:
        await refused(citizen)
        await head.done(
            "application", "POST", f"{citizen.application}/interview-note/withholding", {"ground": "third_person"}
        )
        await citizen.done("application", "POST", f"{citizen.application}/appeal", {"text": "Akta saya asli sekali."})
        sign_in(browser, citizen)
        page = await see(browser, citizen, "/appeal")
        assert "rahasia pribadi orang lain" in page.text
        assert "Komisi Informasi" in page.text


async def test_the_letter_is_downloaded_by_its_owner_alone(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen, Citizen(site.suite) as other:
        await refused(citizen)
        sign_in(browser, citizen)
        page = await see(browser, citizen, "")
        path = page.link(to="/refusal-letter$")
        status, headers, body = await browser.raw("GET", path)
        assert (status, headers["Content-Type"], body[:4]) == (200, "application/pdf", b"%PDF")
        assert headers["Content-Disposition"].startswith("attachment")
        assert headers["Cache-Control"] == "no-store"
        await other.register("lain@example.org")
        sign_in(browser, other)
        for page_path in (path, f"/applications/{citizen.application_id}/appeal"):
            status, _, body = await browser.raw("GET", page_path)
            assert status == 404
            assert b"%PDF" not in body


async def test_what_was_not_refused_has_no_objection(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_submitted()
        sign_in(browser, citizen)
        page = await see(browser, citizen, "/appeal")
        assert page.path == f"/applications/{citizen.application_id}"
        page = await see(browser, citizen, "/refusal-letter")
        assert page.status == 409
