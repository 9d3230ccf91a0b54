"""Choosing an office, a day and a time, and what happens when another was faster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.tokens import Role
from tests.assembled import OFFICE, OTHER_OFFICE
from tests.unit.identity.world import BUDI, SRI
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.unit.portal.test_offices import open_outreach
from tests.walking import Citizen, Officer

KEPT = "Kursi disimpan untuk Anda"
SESSION: dict[str, Any] = {
    "start": "13:00",
    "end": "15:00",
    "booths": 4,
    "service_minutes": 30,
    "staff": 4,
}


@pytest.fixture
async def citizen(site: Site, browser: Browser) -> AsyncIterator[Citizen]:
    """Somebody whose application is submitted, signed in to the browser."""
    async with Citizen(site.suite) as citizen:
        await citizen.until_submitted()
        sign_in(browser, citizen)
        yield citizen


async def open_session(site: Site, date: str, **pools: int) -> str:
    """A session in the afternoon of the office; its id."""
    async with Officer(site.suite, Role.OFFICE_ADMIN) as head:
        body = {**SESSION, "date": date, "pools": pools}
        return str((await head.done("scheduling", "POST", f"/v1/offices/{OFFICE}/sessions", body))["session_id"])


async def seats_of(citizen: Citizen) -> list[Any]:
    path = f"/v1/appointments?application_id={citizen.application_id}"
    return list((await citizen.done("scheduling", "GET", path))["appointments"])


def booking(citizen: Citizen, *more: str) -> str:
    return "/".join([f"/applications/{citizen.application_id}/booking", *more])


@pytest.mark.acceptance("Y2.choose_date")
async def test_office_day_and_time_are_chosen_and_the_seat_is_kept(
    site: Site, browser: Browser, citizen: Citizen
) -> None:
    page = await browser.get(booking(citizen))
    assert page.heading == "Pilih kantor dan waktu"
    page = await browser.submit(place="Jakarta Selatan")
    page = await browser.follow(to=f"/booking/{OFFICE}$")
    assert "Kursi kosong per hari (WIB)" in page.text
    assert "Selasa, 24 November 2026" in page.text
    assert not [form for form in page.forms if "session_id" in form.names], "first a day, then a time"
    page = await browser.follow(says="Selasa, 24 November 2026")
    form = page.form("session_id")
    page = await browser.submit(session_id=form.choices["session_id"][0])
    assert KEPT in page.read.headings
    assert "Selasa, 24 November 2026 pukul 08.00 WIB" in page.text
    assert 'data-until="' in page.html and "http-equiv" in page.html
    assert f"/applications/{citizen.application_id}/pay" in page.links
    await site.suite.settle()
    page = await browser.get(booking(citizen))
    assert "Kode billing sudah ada." in page.text
    page = await browser.get(booking(citizen) + "?language=en")
    assert page.heading == "A seat is kept for you"


async def test_a_time_must_be_chosen_and_the_page_says_so_beside_it(browser: Browser, citizen: Citizen) -> None:
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-24")
    page = await browser.submit(browser.page.form("session_id"))
    assert page.status == 422
    assert "Pilih satu jam" in page.field_errors()["session_id"]
    for day in ("2026-11-22", "2030-01-01", "never"):
        page = await browser.get(booking(citizen, OFFICE) + f"?day={day}")
        assert "Hari itu tidak lagi punya kursi kosong." in page.text
    page = await browser.get(booking(citizen, OFFICE) + "?from=never&day=")
    assert page.status == 200
    page = await browser.follow(says="Hari-hari berikutnya")
    assert "Tidak ada jadwal pada hari-hari ini." in page.text
    page = await browser.follow(says="Hari-hari sebelumnya")
    assert "Selasa, 24 November 2026" in page.text


async def test_a_seat_that_is_given_back_can_be_chosen_again(browser: Browser, citizen: Citizen) -> None:
    await citizen.hold()
    await browser.get(booking(citizen))
    page = await browser.submit(browser.page.form(action=booking(citizen, "release")))
    assert "Kursi sudah dilepas." in page.text
    assert page.form("place").names
    assert [seat["state"] for seat in await seats_of(citizen)] == ["released"]


async def test_a_seat_whose_time_is_over_is_told_of(site: Site, browser: Browser, citizen: Citizen) -> None:
    await citizen.hold()
    await site.suite.later(3 * 3600)
    page = await browser.get(booking(citizen))
    assert page.form("place").names
    assert "dilepas" in page.text


@pytest.mark.acceptance("Y2.choose_date")
async def test_of_a_session_that_sold_out_others_are_offered_at_once(
    site: Site, browser: Browser, citizen: Citizen
) -> None:
    only = await open_session(site, "2026-11-25", regular=1)
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-25")
    form = browser.page.form("session_id")
    assert only in form.choices["session_id"]
    async with Citizen(site.suite) as faster:
        await faster.register("lebih.cepat@example.org")
        await faster.become_applicant(**typed(SRI))
        await submit_another(faster)
        body = {"application_id": faster.application_id, "session_id": only}
        await faster.done("scheduling", "POST", "/v1/appointments", body)
    page = await browser.submit(form, session_id=only)
    assert (page.status, page.heading) == (409, "Semua kursi pada sesi ini sudah terisi.")
    other = next(form for form in page.forms if "session_id" in form.names)
    page = await browser.submit(other)
    assert KEPT in page.read.headings


def typed(person: Any) -> dict[str, str]:
    """What another person types in."""
    return {
        "full_name": person.full_name,
        "nik": person.nik,
        "birth_place": person.birth_place,
        "birth_date": person.birth_date.isoformat(),
        "sex": person.sex.value,
    }


async def submit_another(citizen: Citizen) -> None:
    """An application from the beginning, submitted."""
    await citizen.begin()
    await citizen.answer()
    await citizen.upload_everything()
    await citizen.submit()


async def test_two_tabs_that_book_have_one_seat(browser: Browser, citizen: Citizen) -> None:
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-24")
    first = browser.page.form("session_id")
    await browser.get(booking(citizen, OTHER_OFFICE) + "?day=2026-11-25")
    second = browser.page.form("session_id")
    await browser.submit(first, session_id=first.choices["session_id"][0])
    page = await browser.submit(second, session_id=second.choices["session_id"][0])
    assert "sudah memiliki kursi" in page.text
    assert "Selasa, 24 November 2026" in page.text
    page = await browser.submit(first, session_id=first.choices["session_id"][0])
    assert KEPT in page.read.headings, "the same form sent again has no second effect"
    assert len(await seats_of(citizen)) == 1


async def test_a_hidden_field_that_was_changed_books_what_the_page_then_says(
    browser: Browser, citizen: Citizen
) -> None:
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-24")
    form = browser.page.form("session_id")
    for wrong, status in (("no-such-session", 404), ("../../../applications", 422), ("", 422), ("x" * 300, 422)):
        page = await browser.submit(form, session_id=wrong)
        assert page.status == status, wrong
    page = await browser.submit(form, session_id=form.choices["session_id"][0], pool="walk_in")
    assert (page.status, await seats_of(citizen)) == (422, [])
    assert "Kursi kuota ini tidak dapat diambil di sini." in page.text
    await browser.get(booking(citizen, OTHER_OFFICE) + "?day=2026-11-25")
    elsewhere = browser.page.form("session_id").choices["session_id"][0]
    page = await browser.submit(form, session_id=elsewhere, pool="regular")
    assert KEPT in page.read.headings
    assert "Jakarta Utara" in page.text and "Rabu, 25 November 2026" in page.text


async def test_a_session_that_closed_meanwhile_is_refused_in_words(
    site: Site, browser: Browser, citizen: Citizen
) -> None:
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-24")
    form = browser.page.form("session_id")
    site.suite.clock.advance(timedelta(hours=21).total_seconds())
    page = await browser.submit(form, session_id=form.choices["session_id"][0])
    assert page.status == 422
    assert "Sesi ini tidak dapat dipesan lagi." in page.text


async def test_anothers_application_is_as_if_it_were_not_there(site: Site, browser: Browser, citizen: Citizen) -> None:
    async with Citizen(site.suite) as stranger:
        await stranger.register("orang.lain@example.org")
        async with site.browser() as other:
            sign_in(other, stranger)
            for path in (booking(citizen), booking(citizen, OFFICE), booking(citizen, OFFICE, "family")):
                page = await other.get(path)
                assert page.status in (404, 303) or citizen.application_id not in page.text, path
                assert "BUDI" not in page.text.upper()
            await browser.get(booking(citizen, OFFICE) + "?day=2026-11-24")
            page = await other.get("/offices")
            form = browser.page.form("session_id")
            page = await other.submit(form, session_id=form.choices["session_id"][0])
            assert page.status == 403, "a form of another browser is not taken"
    assert await seats_of(citizen) == []


async def test_a_draft_is_led_to_what_comes_first(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        await citizen.begin()
        sign_in(browser, citizen)
        page = await browser.get(booking(citizen))
        assert page.heading == "Jadwal belum dapat dipilih"
        assert f"/applications/{citizen.application_id}" in page.links


@pytest.mark.acceptance("Y16.bookable")
async def test_outreach_is_booked_as_an_office_is(site: Site, browser: Browser, citizen: Citizen) -> None:
    place = await open_outreach(site)
    page = await browser.get(booking(citizen, place) + "?from=2026-11-25")
    page = await browser.follow(says="Kamis, 26 November 2026")
    form = page.form("session_id")
    page = await browser.submit(form, session_id=form.choices["session_id"][0], pool="regular")
    assert "SMA Contoh 5" in page.text
    assert [seat["office"]["office_id"] for seat in await seats_of(citizen)] == [place]


async def test_a_priority_seat_asks_for_whom_it_is(site: Site, browser: Browser, citizen: Citizen) -> None:
    session = await open_session(site, "2026-11-25", regular=1, priority=1)
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-25")
    form = browser.page.form("session_id", "pool", "priority_need")
    page = await browser.submit(form, session_id=session, pool="priority")
    assert page.status == 422
    assert "priority_need" in page.field_errors()
    page = await browser.submit(form, session_id=session, pool="priority", priority_need="elderly")
    assert "Usia pemohon tidak termasuk kelompok prioritas ini." in page.text
    page = await browser.submit(form, session_id=session, pool="priority", priority_need="disability")
    assert KEPT in page.read.headings
    assert "Penyandang disabilitas. Tunjukkan kepada petugas di loket." in page.text


async def test_same_day_service_names_its_fee_and_asks_what_if_it_is_not_paid(
    site: Site, browser: Browser, citizen: Citizen
) -> None:
    session = await open_session(site, "2026-11-23", regular=1, same_day=1)
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-23")
    assert "Biaya tambahan Rp1.000.000." in browser.page.text
    form = browser.page.form("session_id", "pool", "if_unpaid")
    page = await browser.submit(form, session_id=session, pool="same_day")
    assert "if_unpaid" in page.field_errors()
    page = await browser.submit(form, session_id=session, pool="same_day", if_unpaid="cancel")
    assert KEPT in page.read.headings
    assert "Bayar sebelum pukul 12.00 WIB hari ini." in page.text


async def test_a_family_books_together_or_not_at_all(site: Site, browser: Browser, citizen: Citizen) -> None:
    page = await browser.get(booking(citizen, OFFICE, "family") + "?day=2026-11-24")
    assert "hanya punya satu permohonan" in page.text
    first = citizen.application_id
    await citizen.become_applicant(**typed(SRI))
    await submit_another(citizen)
    second, citizen.application_id = citizen.application_id, first
    page = await browser.get(booking(citizen, OFFICE, "family"))
    page = await browser.follow(says="Selasa, 24 November 2026")
    form = page.form("session_id", "application_ids")
    assert SRI.full_name in page.text and BUDI.full_name in page.text
    session = form.choices["session_id"][0]
    page = await browser.submit(form, session_id=session, application_ids=[first])
    assert "Pilih dua sampai 5 orang" in page.field_errors()["application_ids"]
    page = await browser.submit(form, session_id=session, application_ids=[first, "another-persons"])
    assert page.status >= 400 and await seats_of(citizen) == []
    alone = await open_session(site, "2026-11-24", regular=1)
    page = await browser.submit(form, session_id=alone, application_ids=[first, second])
    assert page.status == 409 and await seats_of(citizen) == []
    assert not [form for form in page.forms if "session_id" in form.names], "no seat for one alone is offered"
    page = await browser.submit(form, session_id=session, application_ids=[first, second])
    assert KEPT in page.read.headings
    assert "Bayar untuk setiap permohonan" in page.text
    page = await browser.get(f"/applications/{second}/booking")
    assert KEPT in page.read.headings


async def pay_late(site: Site, citizen: Citizen) -> None:
    """A payment that comes when the seat has been given back: another one is offered."""
    session = await open_session(site, "2026-11-26", regular=1)
    body = {"application_id": citizen.application_id, "session_id": session}
    await citizen.done("scheduling", "POST", "/v1/appointments", body)
    bill = await citizen.bill()
    for _ in range(10):
        await site.suite.later(3600)
    async with Citizen(site.suite) as other:
        await other.register("orang.lain@example.org")
        await other.become_applicant(**typed(SRI))
        await submit_another(other)
        await other.done(
            "scheduling",
            "POST",
            "/v1/appointments",
            {"application_id": other.application_id, "session_id": session},
        )
    await citizen.pay_code(bill["billing_code"], bill["amount"])


@pytest.mark.parametrize(("answer", "leads_to"), [("offer-acceptance", "visit"), ("offer-refusal", "refund")])
async def test_a_seat_offered_after_late_money_is_answered(
    site: Site, browser: Browser, citizen: Citizen, answer: str, leads_to: str
) -> None:
    await pay_late(site, citizen)
    page = await browser.get(booking(citizen))
    assert page.heading == "Ada kursi yang ditawarkan kepada Anda"
    assert 'data-until="' in page.html
    form = page.form(action=booking(citizen, answer))
    assert (await browser.submit(form, appointment_id="../bills")).status == 404
    page = await browser.submit(form)
    assert page.path == f"/applications/{citizen.application_id}/{leads_to}"


async def test_a_paid_visit_leads_to_its_page(site: Site, browser: Browser, citizen: Citizen) -> None:
    await citizen.hold()
    await citizen.pay()
    assert (await browser.get(booking(citizen))).path == f"/applications/{citizen.application_id}/visit"
    page = await browser.get(booking(citizen, OFFICE, "family"))
    assert page.path == f"/applications/{citizen.application_id}/visit"
    first = citizen.application_id
    await citizen.become_applicant(**typed(SRI))
    await submit_another(citizen)
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-25")
    form = browser.page.form("session_id")
    page = await browser.submit(form, session_id=form.choices["session_id"][0])
    assert KEPT in page.read.headings, "another person of the account has a seat of their own"
    assert first != citizen.application_id


async def test_who_holds_too_often_is_told_when_to_come_again(browser: Browser, citizen: Citizen) -> None:
    for _ in range(30):
        page = await browser.get(booking(citizen, OFFICE) + "?day=2026-11-24")
        form = page.form("session_id")
        page = await browser.submit(form, session_id=form.choices["session_id"][0])
        if page.status == 429:
            break
        await browser.submit(page.form(action=booking(citizen, "release")))
    assert page.status == 429
    assert "Anda dapat mencoba lagi mulai" in page.text
    assert "program otomatis" in page.text
    assert f"/applications/{citizen.application_id}/waiting-list" in page.links


async def test_an_office_without_the_kind_names_those_that_have_it(
    site: Site, browser: Browser, citizen: Citizen
) -> None:
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-24")
    form = browser.page.form("session_id")
    async with Officer(site.suite, Role.OFFICE_ADMIN) as head:
        known = (await head.done("scheduling", "GET", f"/v1/offices/{OFFICE}")).body
        facts = {name: known[name] for name in ("booths", "staff", "hours")}
        facts |= {
            "products": [{"product": "ordinary"}],
            "reason": "no chips left",
            "latitude": -6.26,
            "longitude": 106.81,
        }
        facts["expected_version"] = known["facts_version"]
        await head.done("scheduling", "PUT", f"/v1/offices/{OFFICE}/facts", facts)
    page = await browser.submit(form, session_id=form.choices["session_id"][0])
    assert page.status == 409
    assert "Kantor ini tidak menerbitkan jenis paspor" in page.heading
    assert booking(citizen, OTHER_OFFICE) in page.links


async def test_the_way_to_a_seat_in_english(site: Site, browser: Browser, citizen: Citizen) -> None:
    page = await browser.get(booking(citizen) + "?language=en")
    assert page.heading == "Choose an office and a time"
    session = await open_session(site, "2026-11-25", regular=1, priority=1)
    page = await browser.get(booking(citizen, OFFICE) + "?day=2026-11-25")
    for words in ("Choose a time: Wednesday, 25 November 2026", "08:00 WIB – 10:00 WIB", "A child under 12"):
        assert words in page.text, words
    page = await browser.submit(page.form("session_id"), session_id="")
    assert page.field_errors()["session_id"].endswith("Choose a time")
    page = await browser.submit(page.form("session_id"), session_id=session, pool="regular")
    assert "A seat is kept for you" in page.read.headings
    assert "Wednesday, 25 November 2026 at 13:00 WIB" in page.text
    page = await browser.get(booking(citizen, OFFICE, "family"))
    assert page.status == 200


async def test_a_form_sent_after_the_session_ended_is_kept_for_the_sign_in(browser: Browser, citizen: Citizen) -> None:
    await browser.get(booking(citizen, OFFICE) + "?day=2026-11-24")
    form = browser.page.form("session_id")
    browser.forget_cookies("session")
    page = await browser.submit(form, session_id=form.choices["session_id"][0])
    assert page.status == 401
    assert await seats_of(citizen) == []
