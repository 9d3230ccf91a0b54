"""An opening with a draw: announced, in the line, one's turn, over, called off; and its public record."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.tokens import Role
from tests.assembled import OFFICE
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.unit.portal.test_booking import KEPT, booking, citizen, seats_of
from tests.walking import Citizen, Officer

__all__ = ["citizen"]

DOORS, CLOSES, OPENS = (timedelta(minutes=minutes) for minutes in (30, 59, 60))


class Announced:
    """An opening of the first session of tomorrow."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.begins = site.suite.clock.now()
        self.opening_id = ""
        self.session_id = ""

    async def announce(self) -> None:
        async with Officer(self.site.suite, Role.OFFICE_ADMIN) as head:
            listed = await head.done("scheduling", "GET", f"/v1/offices/{OFFICE}/sessions?from=2026-11-24")
            self.session_id = listed["sessions"][0]["session_id"]
            body = {
                "session_ids": [self.session_id],
                "doors_at": self._written(DOORS),
                "tickets_close_at": self._written(CLOSES),
                "opens_at": self._written(OPENS),
            }
            self.opening_id = (await head.done("scheduling", "POST", "/v1/openings", body))["opening_id"]

    async def call_off(self) -> None:
        async with Officer(self.site.suite, Role.OFFICE_ADMIN) as head:
            await head.done("scheduling", "POST", f"/v1/openings/{self.opening_id}/calling-off")

    async def until(self, since: timedelta) -> None:
        """Let time pass, each deadline in its time."""
        for step in (DOORS, CLOSES + timedelta(seconds=5), CLOSES + timedelta(seconds=20), OPENS, since):
            left = (self.begins + min(step, since) - self.site.suite.clock.now()).total_seconds()
            await self.site.suite.later(max(0.0, left))

    def _written(self, since: timedelta) -> str:
        at: datetime = self.begins + since
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture
async def announced(site: Site) -> Announced:
    made = Announced(site)
    await made.announce()
    return made


async def test_an_opening_is_announced_to_everybody_with_its_rules(site: Site, announced: Announced) -> None:
    async with site.browser() as browser:
        page = await browser.get(f"/offices/{OFFICE}")
        page = await browser.follow(to=announced.opening_id)
        assert page.heading == "Pembukaan kuota Kantor Imigrasi Jakarta Selatan"
        assert "Tiket dibagikan mulai Senin, 23 November 2026 pukul 09.30 WIB." in page.text
        for words in ("diundi", "Satu orang satu tiket", "program otomatis"):
            assert words in page.text, words
        await announced.until(DOORS)
        page = await browser.get(f"/openings/{announced.opening_id}?language=en")
        assert "Sign in to take a ticket." in page.text
        page = await browser.get("/openings/unknown")
        assert page.status == 404


async def test_from_the_ticket_to_the_seat(
    site: Site, browser: Browser, citizen: Citizen, announced: Announced
) -> None:
    path = f"/openings/{announced.opening_id}"
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-24")
    page = await browser.get(booking(citizen, OFFICE))
    page = await browser.follow(to=announced.opening_id)
    assert not [form for form in page.forms if "application_id" in form.names], "the doors are shut"
    await announced.until(DOORS)
    page = await browser.get(f"{path}?application={citizen.application_id}")
    form = page.form("application_id")
    page = await browser.submit(form, application_id="")
    assert "Pilih satu permohonan" in page.field_errors()["application_id"]
    page = await browser.submit(form)
    assert "Anda ikut dalam undian" in page.read.headings
    assert f'data-live="/live/openings/{announced.opening_id}/' in page.html
    assert "http-equiv" in page.html, "without script the page is loaded again"
    held_back = page.path
    page = await browser.get(path)
    page = await browser.submit(page.form("application_id"))
    assert page.path == held_back, "a person has one ticket"
    await announced.until(OPENS)
    page = await browser.get(held_back)
    assert "Sekarang giliran Anda" in page.read.headings
    assert 'data-until="' in page.html
    page = await browser.follow(says="Pilih jadwal sekarang")
    page = await browser.follow(says="Selasa, 24 November 2026")
    page = await browser.submit(page.form("session_id"), session_id=announced.session_id)
    assert KEPT in page.read.headings
    page = await browser.get(held_back)
    assert "Kursi Anda sudah disimpan" in page.read.headings
    assert booking(citizen) in page.links


async def test_a_seat_of_an_opening_cannot_be_had_without_a_turn(
    browser: Browser, citizen: Citizen, announced: Announced
) -> None:
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-25")
    form = browser.page.form("session_id")
    page = await browser.submit(form, session_id=announced.session_id)
    assert page.path.startswith(f"/openings/{announced.opening_id}?application={citizen.application_id}")
    await announced.until(DOORS)
    page = await browser.submit((await browser.get(page.path)).form("application_id"))
    ticket = page.path
    page = await browser.submit(form, session_id=announced.session_id, pool="regular")
    assert page.path == ticket, "the place in the line is shown"
    assert await seats_of(citizen) == []


async def test_a_turn_that_passed_and_an_opening_that_ended_lead_on(
    browser: Browser, citizen: Citizen, announced: Announced
) -> None:
    await announced.until(DOORS)
    page = await browser.get(f"/openings/{announced.opening_id}")
    page = await browser.submit(page.form("application_id"))
    ticket = page.path
    await announced.until(OPENS + timedelta(minutes=6))
    page = await browser.get(ticket)
    assert {"Giliran Anda sudah lewat", "Antrean sudah selesai"} & set(page.read.headings)
    await announced.until(OPENS + timedelta(hours=5))
    page = await browser.get(ticket)
    assert "Pembukaan kuota ini sudah selesai." in page.text
    assert "http-equiv" not in page.html


async def test_an_opening_that_was_called_off_says_so(site: Site, browser: Browser, announced: Announced) -> None:
    await announced.call_off()
    page = await browser.get(f"/openings/{announced.opening_id}")
    assert "Pembukaan kuota ini dibatalkan." in page.text
    assert not [form for form in page.forms if "application_id" in form.names]


async def test_anothers_ticket_and_application_are_not_shown(
    site: Site, browser: Browser, citizen: Citizen, announced: Announced
) -> None:
    await announced.until(DOORS)
    page = await browser.get(f"/openings/{announced.opening_id}")
    ticket = (await browser.submit(page.form("application_id"))).path
    async with Citizen(site.suite) as stranger, site.browser() as other:
        await stranger.register("orang.lain@example.org")
        sign_in(other, stranger)
        page = await other.get(ticket)
        assert "undian" in page.text and "Anda ikut dalam undian" not in page.read.headings
        assert "Anda belum punya permohonan" in page.text
        for wrong in ("../../../applications", "%3Cscript%3E", "x" * 200):
            page = await other.get(f"/openings/{announced.opening_id}?ticket={wrong}&application={wrong}")
            assert page.status == 200 and "<script>" not in page.html


async def test_the_record_of_the_draw_is_open_to_all(browser: Browser, citizen: Citizen, announced: Announced) -> None:
    await announced.until(DOORS)
    page = await browser.get(f"/openings/{announced.opening_id}")
    await browser.submit(page.form("application_id"))
    page = await browser.get(f"/openings/{announced.opening_id}/record")
    assert "Diumumkan kemudian" in page.text
    await announced.until(OPENS)
    page = await browser.get(f"/openings/{announced.opening_id}/record")
    assert "1 diundi, 0 terlambat" in page.text
    status, headers, raw = await browser.raw("GET", page.link(to="record.json"))
    record: dict[str, Any] = json.loads(raw)
    assert (status, len(record["order"])) == (200, 1)
    assert "attachment" in headers["Content-Disposition"]
    assert record["seed"] in page.text
    assert (await browser.get("/openings/unknown/record.json")).status == 404
