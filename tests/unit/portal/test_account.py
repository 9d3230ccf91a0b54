"""The account's pages: addresses, letters, reads, consents, export, leaving, assistance."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from portal.pages import PAGES as PORTAL_PAGES
from shared.tokens import Role
from tests.assembled import OFFICE
from tests.unit.identity.world import STAFF_PASSWORD
from tests.unit.portal.browser import Browser, PageSeen
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import EMAIL, PHONE, Caller, Citizen, Officer

PAGES = (
    "/account",
    "/account/letters",
    "/account/addresses",
    "/account/join",
    "/account/reads",
    "/account/consents",
    "/account/export",
    "/account/leave",
    "/account/assistances",
)


@pytest.fixture
async def citizen(site: Site, browser: Browser) -> AsyncIterator[Citizen]:
    """A person with both addresses, signed in."""
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        await citizen.add_phone()
        await site.suite.later(120)
        sign_in(browser, citizen)
        yield citizen


async def prove(browser: Browser, site: Site, *, code_by_sms: bool = False) -> PageSeen:
    """Type both codes, the one of the page's first field from an SMS or a mail."""
    await site.suite.settle()
    agencies = site.suite.agencies
    codes = [agencies.newest_code(by_sms=by_sms) for by_sms in (code_by_sms, not code_by_sms)]
    page = await browser.submit(code=codes[0], old_code=codes[1])
    await site.suite.settle()
    return page


async def test_pages_of_the_account_are_for_those_who_are_signed_in(browser: Browser) -> None:
    for path in PAGES:
        page = await browser.get(path)
        assert page.path.startswith("/sign-in?back="), path


async def test_every_page_is_there_in_both_languages(browser: Browser, citizen: Citizen) -> None:
    headings = {}
    for language in ("en", "id"):
        for path in PAGES:
            page = await browser.get(f"{path}?language={language}")
            assert (page.status, page.read.lang) == (200, language), path
            headings.setdefault(path, set()).add(page.heading)
    assert all(len(said) == 2 for said in headings.values()), headings
    page = await browser.get("/account")
    assert "w***@example.org" in page.text and PHONE not in page.text
    assert set(PAGES) <= {*page.links, "/account"}


async def test_a_page_that_a_form_led_to_is_there_in_the_other_language_too(browser: Browser, citizen: Citizen) -> None:
    """The link of the language looks at the address where a form was sent to."""
    for page in PORTAL_PAGES:
        if page.method == "POST" and page.shows is not None and page.path.startswith(("/account", "/sign-in")):
            path = re.sub(r"{\w+}", "an-id", page.path)
            assert (await browser.get(f"{path}?language=en")).status == 200, path


async def test_language_and_way_of_messages_are_chosen(site: Site, browser: Browser, citizen: Citizen) -> None:
    await browser.get("/account/letters")
    page = await browser.submit(language="en", channels=["email", "sms"])
    assert page.path.startswith("/account?told") and "Pilihan Anda tersimpan" in page.text
    assert "English, lewat email, SMS" in page.text
    await browser.get("/account/letters")
    page = await browser.submit(language="en", channels=None)
    assert page.status == 422 and page.field_errors()["channels"]


class TestAddresses:
    async def test_a_change_takes_a_code_of_the_new_and_one_of_the_old(
        self, site: Site, browser: Browser, citizen: Citizen
    ) -> None:
        await browser.get("/account/addresses")
        page = await browser.submit(email="")
        assert page.field_errors()["email"]
        page = await browser.submit(email="bukan alamat <b>")
        assert page.status == 422 and page.field_errors()["email"] and "<b>" not in page.html
        page = await browser.submit(email="baru@example.org", prove_by="sms")
        assert (page.path, page.heading) == ("/account/code", "Masukkan kedua kode")
        assert "b***@example.org" in page.text
        page = await browser.submit(code="", old_code="")
        assert {"code", "old_code"} <= page.field_errors().keys()
        page = await browser.submit(code="000000", old_code="000000")
        assert page.status == 422 and page.field_errors()
        page = await prove(browser, site)
        assert page.path.startswith("/account/addresses") and "b***@example.org" in page.text
        assert "7 hari" in page.text
        page = await browser.get("/account")
        assert page.status == 200, "the session goes on"

    async def test_codes_are_sent_again_and_a_used_step_is_over(
        self, site: Site, browser: Browser, citizen: Citizen
    ) -> None:
        await browser.get("/account/addresses")
        await browser.submit(phone="0812 0000 0999")
        await site.suite.later(70)
        page = await browser.submit(browser.page.form(action="/account/code/resend"))
        assert "Kode baru sudah dikirim" in page.text
        form = browser.page.form("code")
        await site.suite.settle()
        # both codes go by SMS: the new number's and, by default, that of the number that is replaced
        codes = {sms.to[-3:]: sms.text for sms in site.suite.agencies.sms.taken}
        code, old_code = (text.split("kode ")[1] for text in (codes["999"], codes["678"]))
        assert code and old_code
        await browser.get("/account/code?language=en")
        assert browser.page.heading == "Type both codes"
        page = await browser.submit(form, code="1", old_code="2")
        assert page.status == 422
        await site.suite.later(3 * 24 * 3600)
        assert "is done or too old" in (await browser.get("/account/code")).text
        assert "is done or too old" in (await browser.submit(form, code="123456", old_code="123456")).text
        again = page.form(action="/account/code/resend")
        again.values["code_asked"] = [""]
        browser.forget_cookies("account_code")
        assert "is done or too old" in (await browser.submit(again)).text

    async def test_the_code_of_a_sign_in_and_one_of_the_account_are_not_exchanged(
        self, site: Site, browser: Browser, citizen: Citizen
    ) -> None:
        async with site.browser() as stranger:
            await stranger.get("/sign-in")
            page = await stranger.submit(identifier="orang.lain@example.org")
            of_sign_in = page.form("code").values["code_asked"]
        await browser.get("/account/addresses")
        page = await browser.submit(phone="0812 0000 0999")
        form = page.form("code")
        browser.forget_cookies("account_code")
        form.values["code_asked"] = of_sign_in
        page = await browser.submit(form, code="123456", old_code="123456")
        assert page.path.startswith("/account?told=code_gone")

    async def test_no_code_under_way_leads_back(self, browser: Browser, citizen: Citizen) -> None:
        page = await browser.get("/account/code")
        assert page.path.startswith("/account?told=code_gone") and "Tidak ada yang berubah" in page.text

    async def test_an_address_is_removed_by_the_other_one(self, site: Site, browser: Browser, citizen: Citizen) -> None:
        page = await browser.get("/account/addresses")
        form = next(form for form in page.forms if form.values.get("channel") == ["sms"])
        page = await browser.submit(form)
        assert page.heading == "Yakin menghapus alamat ini?"
        page = await browser.submit(page.form(action="/account/leave"))
        assert page.path == "/account/code"
        await site.suite.settle()
        page = await browser.submit(code=site.suite.agencies.newest_code())
        assert page.path.startswith("/account/leave") and "alamat akan dihapus" in page.text


async def test_two_accounts_become_one(site: Site, browser: Browser, citizen: Citizen) -> None:
    async with Citizen(site.suite) as second:
        await second.register("kedua@example.org")
    await site.suite.later(120)
    await browser.get("/account/join")
    page = await browser.submit(identifier="")
    assert page.field_errors()["identifier"]
    page = await browser.submit(identifier="kedua@example.org")
    assert "menggabungkan" in page.text
    await site.suite.settle()
    codes = {"code": code_to(site, "kedua@"), "old_code": code_to(site, "warga") or code_to(site, "678")}
    page = await browser.submit(**codes)
    assert page.path.startswith("/account?told=joined") and "sudah menjadi satu" in page.text


def code_to(site: Site, address: str) -> str:
    """The newest code that went to an address which holds this text; empty where none did since the last sign-in."""
    agencies = site.suite.agencies
    for message in (*reversed(agencies.mailer.taken), *reversed(agencies.sms.taken)):
        text = getattr(message, "body", None) or message.text
        if address in message.to and "GABUNG" in text.upper():
            return re.findall(r"(?<!\d)\d{6}(?!\d)", text)[0]
    return ""


async def test_who_looked_is_listed_with_office_and_reason(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen, Officer(site.suite, Role.FRONT_OFFICER) as officer:
        await citizen.until_paid()
        await site.suite.later(61)
        sign_in(browser, citizen)
        assert "Belum ada petugas" in (await browser.get("/account/reads")).text
        reply = await officer.call("application", "GET", f"{citizen.application}?reason=document_check")
        assert reply.status == 200, reply.raw
        await site.suite.settle()
        page = await browser.get("/account/reads")
        assert "Permohonan Anda" in page.text and "Petugas loket" in page.text
        assert "front_officer" not in page.text and "document_check" not in page.text


class TestConsents:
    async def test_what_is_free_is_given_and_withdrawn(self, browser: Browser, citizen: Citizen) -> None:
        page = await browser.get("/account/consents")
        surveys = page.form(action="/account/consents/surveys")
        assert "Survei layanan" in page.text and "Tidak diizinkan" in page.text
        surveys.values["given"] = ["yes"]
        page = await browser.submit(surveys)
        assert "Izin Anda tersimpan" in page.text and "Tidak diizinkan" not in page.text
        surveys.values["given"] = ["no"]
        page = await browser.submit(surveys)
        assert "langsung berlaku" in page.text and "Tidak diizinkan" in page.text

    async def test_a_child_who_came_of_age_agrees_themselves(
        self, site: Site, browser: Browser, citizen: Citizen
    ) -> None:
        await citizen.become_applicant()
        born = site.suite.clock.now().date() + timedelta(days=5)
        born = born.replace(year=born.year - 17)
        await citizen.become_applicant(
            full_name="ANAK CONTOH SANTOSO",
            nik=f"317401{born:%d%m%y}0007",
            birth_date=born.isoformat(),
            guardian_applicant_id=citizen.applicant_id,
        )
        assert "memutuskan sendiri" not in (await browser.get("/account/consents")).text
        await site.suite.later(6 * 24 * 3600)
        page = await browser.get("/account/consents")
        assert "ANAK CONTOH SANTOSO sekarang memutuskan sendiri" in page.text
        page = await browser.submit(page.form("applicant_id"), given="yes")
        assert "Izin Anda tersimpan" in page.text and "memutuskan sendiri" not in page.text

    async def test_what_is_needed_cannot_be_withdrawn_by_an_altered_form(
        self, browser: Browser, citizen: Citizen
    ) -> None:
        page = await browser.get("/account/consents")
        form = page.form(action="/account/consents/surveys")
        form.values["given"] = ["no"]
        form.action = "/account/consents/payment"
        page = await browser.submit(form)
        assert page.status == 422 and "Ada yang perlu diperbaiki" in page.text
        form.action = "/account/consents/no-such-purpose"
        assert (await browser.submit(form)).status == 404


class TestExport:
    async def test_data_are_asked_for_collected_and_downloaded(
        self, site: Site, browser: Browser, citizen: Citizen
    ) -> None:
        asking = (await browser.get("/account/export")).form(action="/account/export")
        page = await browser.submit(asking)
        assert page.path == "/account/code" and "mengunduh semua data" in page.text
        await site.suite.settle()
        agencies = site.suite.agencies
        page = await browser.submit(code=agencies.newest_code(by_sms=False), old_code=agencies.newest_code(by_sms=True))
        assert page.path.startswith("/account/export") and "Sedang dikumpulkan" in page.text
        assert 'http-equiv="refresh"' in page.html
        page = await browser.submit(asking)
        assert "export_begun" in page.path, "the one that runs is shown"
        await site.suite.settle()
        page = await browser.get("/account/export")
        assert "Siap diunduh" in page.text
        status, headers, body = await browser.raw("GET", page.link(to="/data$"))
        assert status == 200 and "attachment" in headers["Content-Disposition"]
        assert headers["Cache-Control"] == "no-store"
        assert "data.json" in zipfile.ZipFile(io.BytesIO(body)).namelist()
        status, headers, body = await browser.raw("GET", page.link(to="/files$"))
        assert (status, headers["Content-Type"]) == (200, "application/zip") and body[:2] == b"PK"
        await self._another_session_and_another_person(site, browser, citizen)

    async def _another_session_and_another_person(self, site: Site, browser: Browser, citizen: Citizen) -> None:
        page = browser.page
        sign_in(browser, citizen, access_token=site.suite.token(Role.APPLICANT, citizen.account_id))
        elsewhere = await browser.get("/account/export")
        assert "Hanya dapat diunduh di peramban yang memintanya" in elsewhere.text
        assert (await browser.get(page.link(to="/data$"))).status == 409
        async with Citizen(site.suite) as thief, site.browser() as other:
            await thief.register("orang.lain@example.org")
            sign_in(other, thief)
            assert (await other.get(page.link(to="/data$"))).status == 404


class TestLeaving:
    async def test_the_account_is_closed_after_two_questions_and_two_codes(
        self, site: Site, browser: Browser, citizen: Citizen
    ) -> None:
        await browser.get("/account/leave")
        page = await browser.submit(browser.page.form("what"), what=None)
        assert page.field_errors()["what"]
        before = page.form("what")
        page = await browser.submit(what="account")
        sure = page.form(action="/account/leave")
        sure.values["what"] = ["everything"]
        assert (await browser.submit(sure)).field_errors()["what"], "a hidden field was changed"
        sure.values["what"] = ["account"]
        page = await browser.submit(before, what="account")
        assert page.heading == "Yakin menutup akun?" and "undang-undang" in page.text
        page = await browser.submit(page.form(action="/account/leave"))
        page = await prove(browser, site)
        page = await browser.get("/account/leave")
        assert "Akun ini akan ditutup" in page.text and "dapat membatalkannya" in page.text
        page = await browser.submit(before, what="account")
        page = await browser.submit(page.form(action="/account/leave"))
        assert page.path.startswith("/account/leave?told=leave_begun"), "the one that goes on is shown"
        assert "Akun ini akan ditutup" in (await browser.get("/account")).text
        page = await browser.get("/account/leave")
        undo = page.form(action=next(form.action for form in page.forms if form.action.endswith("/undo")))
        page = await browser.submit(undo)
        assert "Dibatalkan" in page.text and page.form("what")
        page = await browser.submit(undo)
        assert page.status in (200, 409, 422), "twice changes nothing"

    async def test_an_applicant_is_removed_by_name(self, site: Site, browser: Browser, citizen: Citizen) -> None:
        await citizen.become_applicant()
        await browser.get("/account/leave")
        page = await browser.submit(what="applicant")
        assert page.field_errors()["applicant_ids"]
        page = await browser.submit(what="applicant", applicant_ids=[citizen.applicant_id])
        assert page.heading == "Yakin menghapus pemohon ini?"
        page = await browser.submit(page.form(action="/account/leave"))
        page = await prove(browser, site)
        assert "Pemohon akan dihapus" in page.text

    async def test_another_persons_leaving_is_not_there(self, site: Site, browser: Browser, citizen: Citizen) -> None:
        page = await browser.get("/account/leave")
        form = page.form("what")
        form.action = "/account/leave/leaving-of-another/undo"
        assert (await browser.submit(form)).status == 404


async def test_another_persons_assistance_is_not_there(browser: Browser, citizen: Citizen) -> None:
    form = (await browser.get("/account/leave")).form("what")
    form.action = "/account/assistances/assistance-of-another/end"
    assert (await browser.submit(form)).status == 404


async def test_an_assistance_is_seen_and_ended(site: Site, browser: Browser, citizen: Citizen) -> None:
    staff = site.suite.services["identity"].parts.service.staff
    staff_id = await staff.hire("petugas", STAFF_PASSWORD, Role.FRONT_OFFICER, OFFICE)
    async with Caller(site.suite, site.suite.token(Role.FRONT_OFFICER, staff_id, office_id=OFFICE)) as officer:
        asked = await officer.done("identity", "POST", "/v1/assistances", {"identifier": EMAIL})
        code = site.suite.agencies.newest_code()
        path = f"/v1/assistances/{asked['assistance_id']}/code"
        await officer.done("identity", "POST", path, {"code": code})
    page = await browser.get("/account/assistances")
    assert "Sedang berjalan" in page.text
    end = next(form for form in page.forms if form.action.endswith("/end"))
    page = await browser.submit(end)
    assert "tidak dapat lagi bertindak" in page.text and "Selesai" in page.text
