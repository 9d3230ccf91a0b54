"""The first page for strangers, and home with what to do next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.unit.portal.browser import Browser
from tests.unit.portal.fake_api import open_fake_api
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import Citizen


@asynccontextmanager
async def citizen_of(site: Site) -> AsyncIterator[Citizen]:
    """Somebody who has registered."""
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        yield citizen


@pytest.mark.acceptance("Y2.home_page")
async def test_a_stranger_reads_what_is_needed_what_it_costs_and_where_to_begin(browser: Browser) -> None:
    page = await browser.get("/")
    assert page.heading == "Ajukan paspor Anda"
    assert "Rp350.000" in page.text
    assert "Paspor biasa elektronik masa berlaku 10 tahun" in page.text
    assert "PP 45/2024" in page.text
    assert {"/sign-in", "/help/requirements", "/help/fees", "/offices"} <= set(page.links)
    page = await browser.get("/?language=en")
    assert "Electronic passport, 10 years" in page.text
    assert "Rp350.000" in page.text


async def test_the_first_page_stands_while_fees_cannot_be_had() -> None:
    async with open_fake_api() as fake, fake.browser() as browser:
        fake.answers["GET", "/v1/tariffs"] = (503, {})
        page = await browser.get("/")
        assert page.status == 200
        assert "/help/fees" in page.links
        assert "Rp" not in page.text


@pytest.mark.acceptance("Y2.home_page")
async def test_home_invites_to_begin_and_then_shows_each_step(site: Site, browser: Browser) -> None:
    async with citizen_of(site) as citizen:
        sign_in(browser, citizen)
        page = await browser.get("/")
        assert (page.path, page.heading) == ("/home", "Permohonan Anda")
        assert "/applicants/new" in page.links
        await citizen.become_applicant()
        page = await browser.get("/home")
        assert "Anda dapat memulai permohonan untuk" in page.text
        assert "/applications/new" in page.links
        await citizen.begin()
        page = await browser.get("/home")
        here = f"/applications/{citizen.application_id}"
        assert here in page.links
        assert "/applications/new" not in page.links, "one application for one person at a time"
        told = await citizen.view()
        assert told["next_action_in_indonesian"] in page.text
        assert told["number"] in page.text
        assert 'id="home-applications" data-live' in page.html
        page = await browser.get("/home?language=en")
        assert told["next_action"] in page.text


@pytest.mark.acceptance("Y2.home_page")
async def test_home_shows_the_bill_to_pay_and_then_the_visit(site: Site, browser: Browser) -> None:
    async with citizen_of(site) as citizen:
        await citizen.become_applicant()
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        await citizen.hold()
        sign_in(browser, citizen)
        page = await browser.get("/home")
        assert "Lihat cara membayar" in page.text
        assert "Paling lambat Senin, 23 November 2026 pukul" in page.text
        assert 'data-until="' in page.html
        assert f"/applications/{citizen.application_id}/pay" in page.links
        await citizen.pay()
        page = await browser.get("/home")
        assert "Lihat cara membayar" not in page.text
        assert page.text.count("24 November 2026") == 1, "the day of the visit is told once"
        assert f"/applications/{citizen.application_id}/visit" in page.links


async def test_home_lists_what_has_ended_apart(site: Site, browser: Browser) -> None:
    async with citizen_of(site) as citizen:
        await citizen.become_applicant()
        await citizen.begin()
        await citizen.done("application", "POST", f"{citizen.application}/withdrawal", {})
        sign_in(browser, citizen)
        page = await browser.get("/home")
        assert "Permohonan yang sudah selesai" in page.text
        assert "Ditarik" in page.text
        assert "/applications/new" in page.links


async def test_home_is_for_those_who_are_signed_in(browser: Browser) -> None:
    status, headers, _ = await browser.raw("GET", "/home")
    assert (status, headers["Location"]) == (303, "/sign-in?back=%2Fhome")
