"""The waiting list: joined for offices and days, an offer taken or let go, left."""

from __future__ import annotations

from typing import Any

import pytest

from portal.waiting.pages import chance_of, entry_of
from tests.assembled import OFFICE
from tests.unit.identity.world import SRI
from tests.unit.portal.browser import Browser, PageSeen
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.unit.portal.test_booking import KEPT, citizen, submit_another, typed
from tests.walking import Citizen

__all__ = ["citizen"]


def waiting(citizen: Citizen) -> str:
    return f"/applications/{citizen.application_id}/waiting-list"


async def join(browser: Browser, citizen: Citizen, **changes: Any) -> PageSeen:
    """Join the list for the office."""
    page = await browser.get(waiting(citizen) + f"?office={OFFICE}")
    form = page.form("office_ids", "pool")
    return await browser.submit(form, **{"office_ids": [OFFICE], **changes})


async def test_one_joins_for_offices_and_days_and_leaves(browser: Browser, citizen: Citizen) -> None:
    page = await browser.get(waiting(citizen) + f"?office={OFFICE}")
    form = page.form("office_ids", "from-month", "to-year")
    assert form.values["office_ids"] == [OFFICE], "the office of the page before is chosen already"
    page = await browser.submit(form)
    assert "Anda sudah masuk daftar tunggu." in page.text
    assert "Anda yang pertama" in page.text
    assert "Selasa, 24 November 2026 sampai Rabu, 23 Desember 2026" in page.text
    page = await browser.get(waiting(citizen) + "?language=en")
    assert page.heading == "You are on the waiting list"
    assert "Wait for a message" in page.text
    page = await browser.submit(page.form(action=waiting(citizen) + "/leaving"))
    assert "You have left the waiting list." in page.text
    assert page.form("place").names


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"office_ids": None}, "office_ids", "Pilih satu sampai 5 kantor"),
        ({"from-day": None, "from-month": None, "from-year": None}, "from", "Isi tanggal"),
        ({"to-year": "2029"}, "", "Kantor dan tanggal ini tidak dapat dipilih untuk daftar tunggu."),
        ({"to-month": "14"}, "to", ""),
        ({"office_ids": ["nowhere"]}, "", "Kantor"),
    ],
)
async def test_a_wish_that_cannot_be_is_refused_and_stays_filled(
    browser: Browser, citizen: Citizen, changes: dict[str, Any], field: str, words: str
) -> None:
    page = await join(browser, citizen, **changes)
    assert page.status in (404, 422)
    if page.status == 422:
        assert words in page.text
        assert not field or field in page.field_errors()
        assert page.form("office_ids").names


async def test_a_search_brings_other_offices_to_tick(browser: Browser, citizen: Citizen) -> None:
    await browser.get(waiting(citizen))
    page = await browser.submit(place="Jakarta Utara")
    assert "Jakarta Utara" in page.text
    page = await browser.submit(browser.page.form("place"), place="Atlantis")
    assert "Tidak ada kantor yang ditemukan." in page.text


async def test_an_offered_seat_is_let_go_and_the_next_is_taken(site: Site, browser: Browser, citizen: Citizen) -> None:
    async with Citizen(site.suite) as other:
        await other.register("orang.lain@example.org")
        await other.become_applicant(**typed(SRI))
        await submit_another(other)
        await other.hold()
        await join(browser, citizen)
        for answer in ("refusal", "acceptance"):
            await other.done("scheduling", "POST", f"/v1/appointments/{other.appointment_id}/cancellation")
            for _ in range(10):
                await site.suite.later(60)
                page = await browser.get(waiting(citizen))
                if "Ada kursi untuk Anda" in page.read.headings:
                    break
            assert "Ada kursi untuk Anda" in page.read.headings
            assert 'data-until="' in page.html
            page = await browser.submit(page.form(action=f"{waiting(citizen)}/{answer}"))
            if answer == "refusal":
                assert "Tempat Anda dalam daftar tetap." in page.text
                later = (await other.sessions())[-1]["session_id"]
                body = {"application_id": other.application_id, "session_id": later}
                held = await other.done("scheduling", "POST", "/v1/appointments", body)
                other.appointment_id = held["appointment_id"]
    assert KEPT in page.read.headings


async def test_another_persons_entry_cannot_be_left(site: Site, browser: Browser, citizen: Citizen) -> None:
    await join(browser, citizen)
    form = browser.page.form(action=waiting(citizen) + "/leaving")
    named = form.values["waiting_id"][0]
    async with Citizen(site.suite) as stranger, site.browser() as other:
        await stranger.register("orang.lain@example.org")
        await stranger.become_applicant(**typed(SRI))
        await submit_another(stranger)
        sign_in(other, stranger)
        await join(other, stranger)
        own = other.page.form(action=waiting(stranger) + "/leaving")
        for wrong in (named, "../openings", "", "x" * 200):
            page = await other.submit(own, waiting_id=wrong)
            assert page.status == 404, wrong
        assert (await other.get(waiting(citizen))).status == 404
    page = await browser.get(waiting(citizen))
    assert page.heading == "Anda ada di daftar tunggu"


def test_the_chance_is_told_by_where_the_fewest_wait() -> None:
    assert [chance_of({"ahead": ahead}) for ahead in ({}, {"a": 40, "b": 0}, {"a": 9}, {"a": 10, "b": 99})] == [
        "chance_first",
        "chance_first",
        "chance_good",
        "chance_small",
    ]
    old = {"application_id": "a", "state": "left", "made_at": "2026-01-01"}
    new = {"application_id": "a", "state": "ended", "made_at": "2026-02-01"}
    live = {"application_id": "a", "state": "waiting", "made_at": "2025-02-01"}
    assert (entry_of([old, new], "a"), entry_of([old, live], "a"), entry_of([old], "b")) == (new, live, None)
