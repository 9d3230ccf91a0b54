"""Applications: begun one by one, and the page that tells at once how one stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from portal.applications.journey import find_door, tell_now
from portal.web.words import Words
from services.application.applications.application import Status
from services.application.applications.hand_over import PrintStage
from services.application.applications.next_step import ActionCode, Step
from services.billing.bills.states import BillState
from services.scheduling.booking.appointments.appointment import Status as SeatStatus
from shared.errors import UpstreamDown
from shared.events.codes import RefundStep
from shared.tokens import Role
from tests.unit.application.world import picture
from tests.unit.identity.world import PUTRI
from tests.unit.portal.browser import Browser, PageSeen
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import ANSWERS, DAY_SECONDS, TYPED, Citizen, Officer, serve_visitor


async def see(browser: Browser, citizen: Citizen) -> PageSeen:
    """The status page of the citizen's application."""
    return await browser.get(f"/applications/{citizen.application_id}")


@pytest.mark.acceptance("Y2.add_to_list")
async def test_each_person_of_a_family_has_one_application_at_a_time(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        sign_in(browser, citizen)
        page = await browser.get("/applications/new")
        assert page.link(to="/applicants/new"), "without anybody the first thing is to add oneself"
        await citizen.become_applicant()
        page = await browser.get("/applications/new")
        assert TYPED["full_name"] in page.text
        page = await browser.submit(page.form("applicant_id"))
        assert page.path.startswith("/applications/")
        assert page.path.partition("?")[0].endswith("/questionnaire")
        await site.suite.settle()
        child = await citizen.done(
            "identity",
            "POST",
            "/v1/applicants",
            {
                "full_name": PUTRI.full_name,
                "nik": PUTRI.nik,
                "birth_place": PUTRI.birth_place,
                "birth_date": PUTRI.birth_date.isoformat(),
                "sex": "female",
                "guardian_applicant_id": citizen.applicant_id,
            },
        )
        page = await browser.get("/applications/new")
        assert "Setiap orang hanya dapat memiliki satu permohonan" in page.text
        form = page.form("applicant_id")
        assert form.choices["applicant_id"] == [child["applicant_id"]]
        page = await browser.submit(form, applicant_id=citizen.applicant_id)
        assert "sudah ada" in page.text, "a field that was changed leads to the application that is open"
        await browser.get("/applications/new")
        await browser.submit(applicant_id=child["applicant_id"])
        await site.suite.settle()
        assert len((await citizen.done("application", "GET", "/v1/applications"))["applications"]) == 2
        page = await browser.get("/applicants")
        assert page.text.count("Permohonan paspornya sedang berjalan") == 2


async def test_nothing_chosen_is_told_and_a_strangers_applicant_is_refused(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen, Citizen(site.suite) as other:
        await citizen.register()
        await citizen.become_applicant()
        await other.register("lain@example.org")
        sign_in(browser, other)
        page = await browser.get("/applications/new")
        assert citizen.applicant_id not in page.html
        sign_in(browser, citizen)
        page = await browser.get("/applications/new")
        form = page.form("applicant_id")
        page = await browser.submit(form, applicant_id=None)
        assert "applicant_id" in page.field_errors()
        sign_in(browser, other)
        page = await browser.submit(form, applicant_id=citizen.applicant_id)
        assert page.status == 403, "the form is another person's"
        assert (await other.done("application", "GET", "/v1/applications"))["applications"] == []


@pytest.mark.acceptance("Y1.every_step", "Y2.home_page", "Y2.success")
async def test_the_page_tells_at_each_step_what_to_do_and_where(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        sign_in(browser, citizen)
        await citizen.become_applicant()
        await citizen.begin()
        page = await see(browser, citizen)
        assert "Jawab kuesioner." in page.text
        assert page.link(says="Jawab pertanyaan").endswith("/questionnaire")
        await citizen.answer()
        assert (await see(browser, citizen)).link(says="Unggah dokumen").endswith("/papers")
        await citizen.upload_everything()
        assert (await see(browser, citizen)).link(says="Periksa dan kirim").endswith("/submit")
        await citizen.submit()
        page = await see(browser, citizen)
        assert page.link(says="Pilih kantor dan waktu").endswith("/booking")
        assert "Nomor permohonan" in page.text
        await citizen.hold()
        page = await see(browser, citizen)
        assert page.link(says="Bayar").endswith("/pay")
        assert "Ditahan sampai Anda membayar" in page.text
        assert "Rp950.000" in page.text
        assert "Batas waktu" in page.text
        await citizen.pay()
        page = await see(browser, citizen)
        assert page.link(says="Kode antrean dan surat").endswith("/visit")
        assert "Lunas" in page.text
        assert page.link(to="/receipt$")
        page = await browser.get(f"/applications/{citizen.application_id}?language=en")
        assert "Come to" in page.text
        assert "What to do now" in page.read.headings
        await serve_visitor(citizen)
        page = await see(browser, citizen)
        assert "Passport was collected" in page.text or "The passport was collected" in page.text
        assert page.link(says="See my passports") == "/passports"
        assert "refresh" not in page.html, "nothing changes by itself any more"


async def test_a_seat_and_a_payment_that_their_own_service_knows_are_not_asked_for_again(
    site: Site, browser: Browser
) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_submitted()
        sign_in(browser, citizen)
        today = site.suite.clock.now().date().isoformat()
        session = next(item for item in await citizen.sessions() if item["date"] > today)
        body = {"application_id": citizen.application_id, "session_id": session["session_id"]}
        await citizen.call("scheduling", "POST", "/v1/appointments", body)
        page = await see(browser, citizen)
        assert "Pilih kantor dan waktu" not in page.text
        assert "Tunggu kode billing, lalu bayar." in page.text


async def test_papers_that_the_interview_misses_are_named_with_their_doors(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_paid()
        sign_in(browser, citizen)
        async with await at_the_counter(citizen) as interviewer:
            note = {"outcome": "incomplete", "reason_code": "papers", "missing": ["family_card"]}
            await interviewer.done("application", "POST", f"{citizen.application}/interview", note)
        page = await see(browser, citizen)
        assert "Dokumen yang kurang" in page.read.headings
        assert page.link(to="/papers/family_card$", says="Kartu keluarga")
        assert "Lengkapi paling lambat" in page.text


async def test_printing_and_a_passport_that_waits_have_their_sentences(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_paid()
        sign_in(browser, citizen)
        async with await at_the_counter(citizen) as interviewer:
            note = {"outcome": "approved", "note": "Berkas lengkap."}
            await interviewer.done("application", "POST", f"{citizen.application}/interview", note)
        page = await see(browser, citizen)
        assert "paspor sedang dibuat" in page.text
        assert "empat hari kerja" in page.text
        assert 'http-equiv="refresh"' in page.html
        site.suite.agencies.dpri.printed = True
        await site.suite.later(DAY_SECONDS)
        page = await see(browser, citizen)
        assert "Ambil paling lambat" in page.text
        assert page.link(to="/proxy$")


async def test_an_application_that_was_withdrawn_or_has_ended_leads_to_a_new_one(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_submitted()
        sign_in(browser, citizen)
        assert (await see(browser, citizen)).link(to="/withdraw$")
        await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
        page = await see(browser, citizen)
        assert "Anda menarik permohonan ini" in page.text
        assert page.link(says="Mulai permohonan baru") == f"/applications/new?applicant={citizen.applicant_id}"
        assert not [link for link in page.links if link.endswith("/withdraw")]
        await citizen.begin()
        for _ in range(2):
            await site.suite.later(40 * DAY_SECONDS)
        page = await see(browser, citizen)
        assert "Permohonan ditutup" in page.text


async def test_a_code_that_ended_is_renewed(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_submitted()
        await citizen.hold()
        sign_in(browser, citizen)
        await site.suite.later(2 * DAY_SECONDS)
        page = await see(browser, citizen)
        assert page.link(says="Minta kode billing baru").endswith("/pay")
        assert "Kode berakhir tanpa pembayaran" in page.text


async def test_who_does_not_come_is_told_of_the_special_reschedule(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_paid()
        sign_in(browser, citizen)
        seat = await citizen.appointment()
        site.suite.clock.set(site.suite.clock.now().fromisoformat(seat["ends_at"]) + timedelta(days=1))
        await site.suite.settle()
        page = await see(browser, citizen)
        assert page.link(says="Minta tanggal baru").endswith("/visit/special")
        assert "Terlewat: Anda tidak datang" in page.text


async def test_a_correction_by_an_officer_and_what_is_owed_for_it_are_shown(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_submitted()
        await citizen.done("application", "GET", citizen.application)
        await citizen.hold()
        await citizen.pay()
        sign_in(browser, citizen)
        async with await at_the_counter(citizen) as interviewer:
            body = {
                "passport_kind": "electronic",
                "validity_years": 10,
                "reason": "lost",
                "reason_code": "held_passport_before",
            }
            await interviewer.done("application", "POST", f"{citizen.application}/kind-correction", body)
        page = await see(browser, citizen)
        assert "Petugas memperbaiki jenis permohonan." in page.text
        page = await browser.follow(to="/answers$")
        assert "Petugas memperbaiki jenis permohonan." in page.text
        assert "Hilang" in page.text, "the answers as they are now"


async def test_owed_money_is_told_with_its_state(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_paid()
        sign_in(browser, citizen)
        async with await at_the_counter(citizen) as interviewer:
            body = {"ground": "lost", "reason_code": "told_at_interview"}
            await interviewer.done("application", "POST", f"{citizen.application}/penalty", body)
        page = await see(browser, citizen)
        assert "Masih harus dibayar" in page.read.headings
        assert "Rp1.000.000" in page.text
        assert page.link(says="Bayar").endswith("/pay")


async def test_an_identity_that_is_pending_leads_to_the_check(site: Site, browser: Browser) -> None:
    site.suite.agencies.registry.says = UpstreamDown("dukcapil", "timeout")
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        sign_in(browser, citizen)
        await citizen.call("identity", "POST", "/v1/applicants", TYPED)
        await rounds(site, 3)
        listed = await citizen.call("identity", "GET", "/v1/applicants")
        citizen.applicant_id = listed["applicants"][0]["applicant_id"]
        body = {"applicant_id": citizen.applicant_id}
        citizen.application_id = (await citizen.call("application", "POST", "/v1/applications", body))["application_id"]
        path = f"{citizen.application}/questionnaire"
        await citizen.call("application", "PUT", path, ANSWERS)
        content = picture()
        for item in (await citizen.call("application", "GET", citizen.application))["requirements"]:
            if item["compulsory"]:
                announced = {
                    "requirement": item["code"],
                    "file_name": "foto.jpg",
                    "media_type": "image/jpeg",
                    "size_bytes": len(content),
                }
                upload = await citizen.call("application", "POST", f"{citizen.application}/documents", announced)
                await citizen.send(upload["upload_url"], content)
        submission = {"confirmed_not_refundable": True}
        await citizen.call("application", "POST", f"{citizen.application}/submission", submission)
        page = await see(browser, citizen)
        assert "Menunggu Dukcapil" in page.text
        assert page.link(says="Lihat pemeriksaan identitas") == f"/applicants/{citizen.applicant_id}"
        assert "Konfirmasi identitas oleh Dukcapil" in page.text, "it is a step of its own meanwhile"


async def test_a_part_that_cannot_be_had_does_not_take_the_page_away(site: Site) -> None:
    async with Citizen(site.suite) as citizen, site.browser(billing_url="http://127.0.0.1:9") as browser:
        await citizen.until_paid()
        sign_in(browser, citizen)
        page = await see(browser, citizen)
        assert page.status == 200
        assert "Sebagian halaman ini belum dapat dimuat" in page.text
        assert page.link(says="Kode antrean dan surat")


async def test_without_the_service_of_applications_there_is_a_clear_page(site: Site) -> None:
    async with Citizen(site.suite) as citizen, site.browser(application_url="http://127.0.0.1:9") as browser:
        await citizen.until_submitted()
        sign_in(browser, citizen)
        page = await see(browser, citizen)
        assert page.status == 503


async def test_another_account_sees_no_application(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen, Citizen(site.suite) as other:
        await citizen.register()
        await citizen.become_applicant()
        await citizen.begin()
        await other.register("lain@example.org")
        sign_in(browser, other)
        page = await see(browser, citizen)
        assert page.status == 404
        assert TYPED["full_name"] not in page.html
        assert (await browser.get("/applications")).path == "/home"


def told(code: str, step: str = "pay") -> dict[str, Any]:
    """An application that tells this next action."""
    return {
        "application_id": "a",
        "applicant_id": "p",
        "current_step": step,
        "next_action_code": code,
        "deadline": "2026-12-01T02:00:00Z",
    }


PAID = {"state": "paid", "requested_at": "2026-11-23"}
OPEN = {"state": "issued", "requested_at": "2026-11-22"}


@pytest.mark.parametrize(
    ("code", "seat", "bills", "door"),
    [
        ("choose_seat", None, [], "/applications/a/booking"),
        ("choose_seat", "released", [], "/applications/a/booking"),
        ("choose_seat", "gathering", [], "/applications/a/pay"),
        ("choose_seat", "awaiting_payment", [], "/applications/a/pay"),
        ("pay", "awaiting_payment", [OPEN], "/applications/a/pay"),
        ("pay", "awaiting_payment", [PAID], "/applications/a/pay"),
        ("pay", "confirmed", [PAID], "/applications/a/visit"),
        ("pay", "confirmed", [PAID, OPEN], "/applications/a/pay"),
        ("come", "confirmed", [PAID], "/applications/a/visit"),
    ],
)
def test_what_its_own_service_knows_comes_before_what_applications_were_told(
    code: str, seat: str | None, bills: list[dict[str, Any]], door: str
) -> None:
    now = tell_now(told(code), {"state": seat, "deadline": None} if seat else None, bills)
    assert now.door is not None
    assert now.door.path == door


def test_nobody_who_has_paid_is_told_to_pay_and_the_time_of_a_visit_is_no_deadline() -> None:
    now = tell_now(told("pay"), None, [PAID])
    assert (now.told_by, now.door and now.door.is_main) == (PAID, False)
    assert tell_now(told("come", "come")).deadline is None
    assert tell_now(told("pay")).deadline is not None
    assert tell_now(told("wait", "print")).door is None


CODES: list[tuple[str, type[Any]]] = [
    ("state", Status),
    ("tag", Status),
    ("step", Step),
    ("seat", SeatStatus),
    ("bill", BillState),
    ("refund", RefundStep),
    ("printing", PrintStage),
]


def test_every_state_of_every_service_has_its_sentence() -> None:
    words = Words()
    lacking = [
        f"{group}.{code}"
        for group, codes in CODES
        for code in codes
        if not words.knows("applications", f"{group}.{code}")
    ]
    assert lacking == []


@pytest.mark.parametrize("code", [code for code in ActionCode if code is not ActionCode.WAIT])
def test_every_next_action_has_a_door_with_a_sentence(code: ActionCode) -> None:
    door = find_door({"application_id": "a", "applicant_id": "p", "current_step": "pay"}, code)
    assert door is not None
    assert Words().knows("applications", door.says)
    assert "{" not in door.path


async def rounds(site: Site, count: int) -> None:
    """Messages and due work, so many times: what is asked again and again never settles."""
    for _ in range(count):
        await site.suite._carry()
        await site.suite._run_due()


async def at_the_counter(citizen: Citizen) -> Officer:
    """The visitor has checked in and shown the originals; the interviewer who asks."""
    suite = citizen.suite
    seat = await citizen.appointment()
    suite.clock.set(suite.clock.now().fromisoformat(seat["starts_at"]) + timedelta(minutes=1))
    await suite.settle()
    interviewer = Officer(suite, Role.INTERVIEWER)
    async with Officer(suite, Role.FRONT_OFFICER) as front:
        await front.done("scheduling", "POST", "/v1/check-ins", {"queue_code": seat["queue_code"]})
    view = (await interviewer.done("application", "GET", citizen.application)).body
    seen = [item["code"] for item in view["requirements"] if item["document_id"]]
    await interviewer.done("application", "POST", f"{citizen.application}/originals", {"requirements": seen})
    return interviewer
