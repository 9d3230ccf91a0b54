"""Pages about the visit: queue code, letter, calendar, another date, cancelling, same-day service, proxy."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from portal.visits.visits import draw_code, same_day_standing
from shared.tokens import Role
from tests.unit.application.world import picture
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import Citizen, Officer


@pytest.mark.acceptance("Y2.queue_code", "Y2.success")
async def test_a_paid_visit_shows_code_number_time_letter_and_calendar(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        seat = await citizen.appointment()
        path = f"/applications/{citizen.application_id}/visit"
        page = await browser.get(path)
        assert (page.status, page.heading) == (200, "Kunjungan Anda")
        assert seat["queue_code"] in page.text
        assert seat["queue_number"] in page.text
        assert "<svg" in page.html
        assert "<title>Kode antrean</title>" in page.html
        assert not re.search(r"\sstyle=|\son\w+=", page.html)
        assert seat["office"]["name"] in page.text
        assert "WIB" in page.text
        assert "KTP" in page.text
        page = await browser.follow(to="/visit/letter$")
        assert (page.status, page.headers["Content-Type"]) == (200, "application/pdf")
        await browser.get(path)
        page = await browser.follow(to="/visit/calendar$")
        assert page.headers["Content-Type"].startswith("text/calendar")
        page = await browser.get(path + "?language=en")
        assert "Show this queue code at the door" in page.text


@pytest.mark.acceptance("Y2.reschedule")
async def test_a_visit_moves_once_however_often_the_form_is_sent(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        old = await citizen.appointment()
        await browser.get(f"/applications/{citizen.application_id}/visit")
        page = await browser.follow(to="/reschedule$")
        assert "Tersisa 1 kali" in page.text
        page = await browser.submit(page.form("session_id"))
        assert page.status == 422
        assert "Pilih satu waktu." in page.field_errors()["session_id"]
        offices = page.form("office_id").choices["office_id"]
        assert len(offices) == 2
        other = next(office for office in offices if office != old["office"]["office_id"])
        page = await browser.submit(next(form for form in page.forms if form.method == "get"), office_id=other)
        form = page.form("session_id", "kind")
        sessions = form.choices["session_id"]
        assert old["session"]["session_id"] not in sessions
        page = await browser.submit(form, session_id=sessions[0])
        assert "Kunjungan dipindahkan." in page.text
        await site.suite.settle()
        new = await citizen.appointment()
        assert (new["session"]["session_id"], new["moves_left"]) == (sessions[0], 0)
        await browser.submit(form, session_id=sessions[0])
        page = await browser.submit(form, session_id=sessions[-1])
        assert "sudah dipindahkan sebanyak yang diizinkan" in page.text
        assert (await citizen.appointment())["session"]["session_id"] == sessions[0]
        page = await browser.get(f"/applications/{citizen.application_id}/visit")
        assert new["queue_code"] in page.text
        assert old["queue_code"] not in page.text
        assert not [href for href in page.links if href.endswith("/reschedule")]


@pytest.mark.acceptance("Y2.reschedule")
async def test_a_special_reschedule_is_asked_with_a_picture_granted_and_used(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        await browser.get(f"/applications/{citizen.application_id}/visit")
        page = await browser.follow(to="/special$")
        assert "surat dokter" in page.text
        page = await browser.submit(cause="illness", evidence="x", pictures=("surat.jpg", picture()))
        assert page.status == 422
        assert "evidence" in page.field_errors()
        assert "1 foto sudah kami terima" in page.text
        script = "<script>alert(1)</script> demam"
        page = await browser.submit(cause="illness", evidence=script)
        assert "Kantor sedang memutuskan." in page.text
        assert "1 foto bukti" in page.text
        assert "<script>alert" not in page.html
        await site.suite.settle()
        async with Officer(site.suite, Role.OFFICE_ADMIN) as admin:
            decide = f"/v1/appointments/{citizen.appointment_id}/special-decision"
            await admin.done("scheduling", "POST", decide, {"granted": True})
        page = await browser.get(f"/applications/{citizen.application_id}/visit")
        assert "Pilih tanggal baru" in page.text
        page = await browser.follow(to="/reschedule$")
        form = page.form("session_id", "kind")
        assert form.values["kind"] == ["special"]
        page = await browser.submit(form, session_id=form.choices["session_id"][-1])
        await site.suite.settle()
        page = await browser.submit(form, session_id=form.choices["session_id"][-1])
        seat = await citizen.appointment()
        assert (seat["state"], seat["moves_left"]) == ("confirmed", 1), "sent twice, it used no ordinary move"


@pytest.mark.acceptance("Y2.reschedule")
async def test_cancelling_a_paid_visit_asks_once_more_and_tells_of_the_fee(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        await browser.get(f"/applications/{citizen.application_id}/visit")
        page = await browser.follow(to="/cancel$")
        assert "tidak dikembalikan" in page.text
        page = await browser.submit(page.form("confirmed"))
        assert page.status == 422
        assert (await citizen.appointment())["state"] == "confirmed"
        page = await browser.submit(confirmed=["yes"])
        assert "Kunjungan dibatalkan." in page.text
        assert (await citizen.appointment())["state"] == "released"
        assert "Anda membatalkannya." in page.text


async def test_an_unpaid_visit_is_cancelled_without_loss_unless_it_was_paid_meanwhile(
    site: Site, browser: Browser
) -> None:
    async with await Citizen(site.suite).until_submitted() as citizen:
        await citizen.hold()
        sign_in(browser, citizen)
        page = await browser.get(f"/applications/{citizen.application_id}/visit")
        assert "Menunggu pembayaran" in page.text
        assert "<svg" not in page.html
        page = await browser.follow(to="/cancel$")
        assert "tidak ada biaya yang hilang" in page.text
        form = page.form("confirmed")
        await citizen.pay()
        page = await browser.submit(form, confirmed=["yes"])
        assert page.status == 422
        assert (await citizen.appointment())["state"] == "confirmed", "the loss of the fee was not agreed to"


async def test_in_the_hall_the_page_tells_of_the_queue(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        seat = await citizen.appointment()
        page = await browser.get(f"/applications/{citizen.application_id}/visit/same-day")
        assert "Dapat diminta di loket pada hari kunjungan Anda" in page.text
        site.suite.clock.set(datetime.fromisoformat(seat["starts_at"]) + timedelta(minutes=1))
        await site.suite.settle()
        page = await browser.get(f"/applications/{citizen.application_id}/visit/reschedule")
        assert "hanya dapat dipindahkan sampai" in page.text
        async with Officer(site.suite, Role.FRONT_OFFICER) as front:
            await front.done("scheduling", "POST", "/v1/check-ins", {"queue_code": seat["queue_code"]})
        page = await browser.get(f"/applications/{citizen.application_id}/visit")
        assert "Di ruang tunggu" in page.text
        assert "0 orang di depan Anda" in page.text
        assert 'content="30"' in page.html


async def test_visits_of_others_are_not_there(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as owner, Citizen(site.suite) as other:
        seat = await owner.appointment()
        await other.register("orang.lain@example.org")
        sign_in(browser, other)
        path = f"/applications/{owner.application_id}"
        for place in (
            *("visit", "visit/letter", "visit/calendar", "visit/reschedule", "visit/special", "visit/cancel"),
            *("visit/same-day", "proxy"),
        ):
            page = await browser.get(f"{path}/{place}")
            assert page.status == 404, place
            assert seat["queue_code"] not in page.html


async def test_a_hidden_field_changed_to_anothers_visit_moves_nothing(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as owner, Citizen(site.suite) as other:
        seat = await owner.appointment()
        sign_in(browser, owner)
        await browser.get(f"/applications/{owner.application_id}/visit/cancel")
        form = browser.page.form("confirmed")
        await other.register("orang.lain@example.org")
        await other.become_applicant(nik="3174015203900003", full_name="ORANG CONTOH")
        await other.begin()
        sign_in(browser, other)
        page = await browser.submit(form, confirmed=["yes"])
        assert page.status == 403, "the token is of another account"
        assert (await owner.appointment())["state"] == seat["state"]


async def test_a_person_is_named_to_collect_and_taken_back(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        page = await browser.get(f"/applications/{citizen.application_id}/proxy")
        page = await browser.submit(full_name="<i>Sari", nik="123")
        assert page.status == 422
        assert "nik" in page.field_errors()
        assert "<i>Sari" not in page.html
        page = await browser.submit(full_name="Sari Contoh", nik="3174015203900003")
        assert "sudah dicatat" in page.text
        assert "3174015203900003" not in page.html
        page = await browser.submit(page.form(action=f"/applications/{citizen.application_id}/proxy/withdrawal"))
        assert "Penunjukan sudah dibatalkan." in page.text


def test_a_code_is_drawn_without_style_and_its_title_is_escaped() -> None:
    drawn = draw_code("P1.abc", "<b>")
    assert "<title>&lt;b&gt;</title>" in drawn
    assert "style" not in drawn


@pytest.mark.parametrize(
    ("state", "place", "pool", "now", "standing"),
    [
        ("confirmed", None, "regular", "2026-12-06T20:00:00+00:00", "today"),
        ("confirmed", None, "regular", "2026-12-06T10:00:00+00:00", "wait"),
        ("confirmed", None, "regular", "2026-12-07T05:00:00+00:00", "too_late"),
        ("confirmed", None, "regular", "2026-12-07T04:59:00+00:00", "today"),
        ("awaiting_payment", None, "regular", "2026-12-07T02:00:00+00:00", "not_paid"),
        ("confirmed", {"state": "reserved"}, "regular", "2026-12-07T02:00:00+00:00", "reserved"),
        ("confirmed", None, "same_day", "2026-12-07T02:00:00+00:00", "booked"),
    ],
)
def test_same_day_service_is_told_by_day_hour_and_place(
    state: str, place: dict[str, str] | None, pool: str, now: str, standing: str
) -> None:
    seat = {
        "state": state,
        "same_day": place,
        "session": {"pool": pool, "date": "2026-12-07"},
        "office": {"timezone": "Asia/Jakarta"},
    }
    assert same_day_standing(seat, datetime.fromisoformat(now)) == standing


@pytest.mark.parametrize(("answer", "state"), [("accept", "confirmed"), ("refuse", "released")])
async def test_a_seat_offered_for_late_money_is_accepted_or_refused(
    site: Site, browser: Browser, answer: str, state: str
) -> None:
    async with await Citizen(site.suite).until_submitted() as citizen:
        await citizen.hold()
        bill, seat = await citizen.bill(), await citizen.appointment()
        await site.suite.later(5 * 3600)
        site.suite.clock.set(datetime.fromisoformat(seat["starts_at"]) + timedelta(hours=1))
        await site.suite.settle()
        await citizen.pay_code(bill["billing_code"], bill["amount"])
        sign_in(browser, citizen)
        path = f"/applications/{citizen.application_id}/visit"
        page = await browser.get(path)
        assert "Ditawarkan: jawab sebelum waktunya habis" in page.text
        assert "data-until=" in page.html
        form = page.form("answer")
        page = await browser.submit(form)
        assert page.status == 422, "a form without its button"
        assert "Pilih terima atau tolak." in page.text
        page = await browser.get(f"{path}/offer?language=en")
        assert page.heading == "Your visit"
        await browser.submit(form, answer=answer)
        await site.suite.settle()
        seats = await citizen.done("scheduling", "GET", f"/v1/appointments?application_id={citizen.application_id}")
        assert seats["appointments"][0]["state"] == state
        page = await browser.submit(form, answer=answer)
        assert page.status == 200, "sent again, it changes nothing"
        page = await browser.get(f"/applications/{citizen.application_id}/pay")
        assert ("Money that goes back" in page.text) is (answer == "refuse")
