"""Pages of passports: how they stand, loss and damage, replacement, border crossings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.passports.passports import needs_reason
from services.application.crossings.crossing import Crossing, Direction
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import PHONE, Citizen, serve_visitor


async def until_collected(site: Site) -> tuple[Citizen, str]:
    """A citizen with a passport, and its id."""
    citizen = await Citizen(site.suite).until_paid()
    await citizen.add_phone(PHONE)
    await serve_visitor(citizen)
    listed = await citizen.done("application", "GET", "/v1/passports")
    return citizen, listed["passports"][0]["passport_id"]


@pytest.mark.acceptance("F51.prefilled_replacement")
async def test_a_passport_is_reported_as_lost_and_replaced(site: Site, browser: Browser) -> None:
    citizen, passport_id = await until_collected(site)
    async with citizen:
        sign_in(browser, citizen)
        page = await browser.get("/passports")
        assert (page.status, page.heading) == (200, "Paspor saya")
        assert "*****567" in page.text
        assert "Berlaku sampai" in page.text
        page = await browser.follow(to=f"/passports/{passport_id}$")
        assert "Simpan baik-baik" in page.text
        page = await browser.follow(to="/report$")
        assert "langsung diblokir" in page.text
        page = await browser.submit(page.form("report"))
        assert set(page.field_errors()) == {"report", "confirmed"}
        form = page.form("report")
        page = await browser.submit(form, report="lost", confirmed=["yes"])
        assert "Paspor dilaporkan hilang dan diblokir." in page.text
        assert "Paspor sudah ditemukan?" in page.text
        page = await browser.submit(form, report="lost", confirmed=["yes"])
        assert page.status == 200, "sent again, it changes nothing"
        page = await browser.get(f"/passports/{passport_id}/report")
        assert "tidak dapat dilaporkan sekarang" in page.text
        page = await browser.get(f"/passports/{passport_id}/replace?language=en")
        assert "The reason: it is reported as lost." in page.text
        page = await browser.submit(page.form(action=f"/passports/{passport_id}/replace"))
        assert page.path.startswith("/applications/")
        newest = (await citizen.done("application", "GET", "/v1/applications"))["applications"]
        assert len(newest) == 2


async def test_a_long_valid_passport_is_replaced_for_a_reason_alone(site: Site, browser: Browser) -> None:
    citizen, passport_id = await until_collected(site)
    async with citizen:
        sign_in(browser, citizen)
        page = await browser.get(f"/passports/{passport_id}/replace")
        form = page.form("reason")
        page = await browser.submit(form)
        assert page.status == 422
        await browser.submit(form, reason="pages_full")
        listed = (await citizen.done("application", "GET", "/v1/applications"))["applications"]
        assert sorted(row["answers"]["reason"] for row in listed) == ["new", "pages_full"]
        await browser.submit(form, reason="pages_full")
        page = await browser.get(f"/passports/{passport_id}/replace")
        page = await browser.submit(reason="data_change")
        assert page.status == 422, "one application at a time"


async def test_a_passport_is_shown_without_its_holders_name_while_that_is_not_known(site: Site) -> None:
    citizen, passport_id = await until_collected(site)
    async with citizen, site.browser(identity_url="http://127.0.0.1:9") as browser:
        sign_in(browser, citizen)
        assert "Pemegang paspor" in (await browser.get("/passports")).text
        page = await browser.follow(to=f"/passports/{passport_id}$")
        assert "*****567" in page.text


async def test_passports_of_others_are_not_there(site: Site, browser: Browser) -> None:
    citizen, passport_id = await until_collected(site)
    async with citizen, Citizen(site.suite) as other:
        await other.register("orang.lain@example.org")
        sign_in(browser, other)
        paths = [f"/passports/{passport_id}{end}" for end in ("", "/report", "/replace")]
        for path in (*paths, f"/applicants/{citizen.applicant_id}/border-crossings"):
            assert (await browser.get(path)).status == 404, path
        page = await browser.get("/passports")
        assert "Belum ada paspor" in page.text


class TheBorder:
    """The border system."""

    async def list_crossings(self, *_facts: Any) -> tuple[Crossing, ...]:
        """One crossing."""
        return (Crossing(Direction.ARRIVAL, datetime(2026, 3, 1, 4, 0, tzinfo=UTC), "<b>Denpasar"),)


async def test_border_crossings_need_a_consent(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_paid()
        await serve_visitor(citizen)
        sign_in(browser, citizen)
        path = f"/applicants/{citizen.applicant_id}/border-crossings"
        page = await browser.get(path)
        assert "Riwayat perlintasan tidak ditampilkan di sini." in page.text
        crossings: Any = site.suite.services["application"].parts.service.crossings
        crossings._source = TheBorder()
        page = await browser.get(path)
        assert "hanya ditampilkan setelah Anda menyetujuinya" in page.text
        await browser.get(page.link(to="^/account/consents$"))
        await crossings._hear(citizen.account_id, is_given=True, version=9)
        page = await browser.get(path)
        assert "Datang di <b>Denpasar" in page.text
        assert "<b>Denpasar" not in page.html


@pytest.mark.parametrize(
    ("state", "href", "needed"),
    [
        ("collected", "/v1/passports/p/report", True),
        ("collected", "/v1/passports/p/replacement", False),
        ("printed", None, False),
    ],
)
def test_a_reason_is_asked_where_the_book_shows_none(state: str, href: str | None, needed: bool) -> None:
    call = {"href": href, "method": "POST"} if href else None
    assert needs_reason({"state": state, "next_call": call}) is needed
