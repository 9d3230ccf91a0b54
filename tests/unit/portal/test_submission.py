"""Checking and submitting an application on the site, taking it back, and what is known of an earlier passport."""

from __future__ import annotations

import pytest

from portal.web.dates import write_rupiah
from services.application.applications.earlier_books import BookState
from services.application.earlier_books.answer import EarlierBook
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.unit.portal.test_papers import with_questionnaire
from tests.walking import TYPED, Citizen


def path_of(citizen: Citizen, name: str) -> str:
    """An address of the application."""
    return f"/applications/{citizen.application_id}/{name}"


@pytest.mark.acceptance("F3.one_http_api")
@pytest.mark.acceptance("Y1.every_step")
async def test_everything_is_checked_then_submitted(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        page = await browser.get(path_of(citizen, "submit"))
        assert "Dokumen yang masih diperlukan" in page.text
        assert page.link(to="/papers/ktp$")
        page = await browser.submit(page.form("confirmed_not_refundable"), confirmed_not_refundable=["yes"])
        assert (page.status, (await citizen.view())["state"]) == (422, "draft")
        assert "Belum ada:" in page.text
        await citizen.upload_everything()
        page = await browser.get(path_of(citizen, "submit"))
        assert "Dokumen yang masih diperlukan" not in page.text
        for typed in (
            str(TYPED["full_name"]),
            str(TYPED["birth_place"]),
            "Paspor pertama",
            "Paspor elektronik",
            "10 tahun",
        ):
            assert typed in page.text
        tariff = await citizen.done("billing", "GET", "/v1/tariffs")
        fees = {(fee["passport_kind"], fee["validity_years"]): fee["amount"] for fee in tariff["fees"]}
        assert write_rupiah(fees["electronic", 10]) in page.text
        assert "Dasar hukum: PP" in page.text
        assert "biaya tidak dikembalikan jika permohonan ditolak" in page.text
        page = await browser.submit(page.form("confirmed_not_refundable"))
        assert page.status == 422
        assert "Konfirmasikan" in page.field_errors()["confirmed_not_refundable"]
        form = page.form("confirmed_not_refundable")
        page = await browser.submit(form, confirmed_not_refundable=["yes"])
        assert page.heading == "Permohonan terkirim"
        assert page.link(says="Pilih kantor dan waktu") == path_of(citizen, "booking")
        assert (await citizen.view())["state"] == "submitted"
        page = await browser.submit(form, confirmed_not_refundable=["yes"])
        assert page.heading == "Permohonan terkirim", "sent twice it is submitted once"
        page = await browser.get(path_of(citizen, "submit") + "?language=en")
        assert "Choose an office and a time" in page.text


async def test_without_answers_the_questionnaire_comes_first(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        await citizen.begin()
        sign_in(browser, citizen)
        status, headers, _body = await browser.raw("GET", path_of(citizen, "submit"))
        assert (status, headers["Location"]) == (303, path_of(citizen, "questionnaire"))
        page = await browser.get(path_of(citizen, "papers"))
        assert page.link(says="Isi kuesioner") == path_of(citizen, "questionnaire")


async def test_the_price_is_told_later_where_billing_is_down(site: Site) -> None:
    async with site.browser(billing_url="http://127.0.0.1:9") as browser:
        citizen = await with_questionnaire(site, browser)
        async with citizen:
            page = await browser.get(path_of(citizen, "submit"))
            assert page.status == 200
            assert "Biaya sedang tidak dapat ditampilkan" in page.text


@pytest.mark.acceptance("Y1.every_step")
async def test_a_draft_is_withdrawn_after_asking_once_more(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        page = await browser.get(path_of(citizen, "withdraw"))
        assert page.heading == "Batalkan permohonan?"
        assert "Jawaban dan foto dokumen" in page.text
        assert "Biaya yang sudah dibayar" not in page.text
        form = page.form(action=path_of(citizen, "withdraw"))
        page = await browser.submit(form)
        assert page.heading == "Permohonan sudah dibatalkan"
        assert "/applications/new" in page.links
        assert (await citizen.view())["state"] == "withdrawn"
        page = await browser.submit(form)
        assert page.heading == "Permohonan sudah dibatalkan"
        assert (await browser.get(path_of(citizen, "submit"))).heading == "Permohonan ini sudah berakhir"


async def test_a_payer_is_warned_before_withdrawing(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        page = await browser.get(path_of(citizen, "withdraw"))
        assert "Waktu kedatangan Anda diberikan kepada orang lain." in page.text
        assert "umumnya tidak dikembalikan" in page.text
        page = await browser.get(path_of(citizen, "withdraw") + "?language=en")
        assert "A fee that is paid is as a rule not paid back" in page.text


async def test_after_withdrawing_a_payer_is_asked_for_the_account_and_not_for_another_visit(
    site: Site, browser: Browser
) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
        await site.suite.settle()
        page = await browser.get(path_of(citizen, "visit"))
        assert "Permohonan ditarik." in page.text
        assert "Langkah berikutnya" not in page.text, "there is no seat to take for an application that has ended"
        page = await browser.get(f"/applications/{citizen.application_id}")
        assert "Uang Anda, Rp950.000, dikembalikan ke rekening yang Anda sebutkan." in page.text
        assert page.link(says="Sebutkan rekening").startswith("/refunds/")


async def test_dates_of_birth_and_laws_are_written_as_people_write_them(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        page = await browser.get(f"/applicants/{citizen.applicant_id}")
        assert "12 Maret 1988" in page.text
        assert "Sabtu" not in page.text
        assert "Permohonan paspornya sedang berjalan." in page.text
        assert "Mulai permohonan paspor." not in page.text, "it has begun"
        page = await browser.get(path_of(citizen, "papers") + "/ktp")
        assert "Permenkumham 8/2014 Pasal 4; Permenkumham 18/2022" in page.text
        assert "as amended" not in page.text
        assert "Saya tidak yakin" not in page.text, "the paper of the title is the first choice"


async def test_forms_of_another_account_change_nothing(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        page = await browser.get(path_of(citizen, "withdraw"))
        form = page.form(action=path_of(citizen, "withdraw"))
        async with await with_questionnaire(site, browser, "lain@example.org") as other:
            assert (await browser.submit(form)).status == 403, "its token is the other account's"
            for name in ("submit", "withdraw", "old-passport", "papers"):
                assert (await browser.get(path_of(citizen, name))).status == 404
            page = await browser.get(path_of(other, "withdraw"))
            form = page.form(action=path_of(other, "withdraw"))
            form.action = path_of(citizen, "withdraw")
            assert (await browser.submit(form)).status == 404
        assert (await citizen.view())["state"] == "draft"


async def test_an_earlier_passport_on_record_is_told_and_the_answers_follow_it(site: Site, browser: Browser) -> None:
    today = site.suite.clock.now().date()
    issued = today.replace(year=today.year - 6)
    site.suite.agencies.books.books = (
        EarlierBook("ordinary", BookState.EXPIRED, issued, issued.replace(year=issued.year + 5), "*****678"),
    )
    async with await with_questionnaire(site, browser) as citizen:
        page = await browser.get(path_of(citizen, "old-passport"))
        assert "mencatat paspor sebelumnya atas nama orang ini" in page.text
        assert "Paspor yang sudah habis berlaku" in page.text
        assert "678" not in page.text, "the number is told once an officer has seen who asks"
        form = page.form("decision")
        page = await browser.submit(form, decision="keep")
        assert "Jawaban Anda dipertahankan." in page.text
        assert (await citizen.view())["earlier_books"]["kept"] is True
        page = await browser.submit(form, decision="new")
        assert page.status == 422
        assert "tidak sesuai dengan catatan" in page.text
        page = await browser.submit(form, decision="expired")
        assert "Jawaban Anda sudah disesuaikan." in page.text
        assert (await citizen.view())["answers"]["reason"] == "expired"
        page = await browser.get(path_of(citizen, "old-passport"))
        assert not [form for form in page.forms if "decision" in form.names], "nothing differs any more"


async def test_before_the_questionnaire_nothing_is_known_of_an_earlier_passport(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        await citizen.begin()
        sign_in(browser, citizen)
        page = await browser.get(path_of(citizen, "old-passport"))
        assert "setelah kuesioner diisi" in page.text
        page = await browser.get(path_of(citizen, "old-passport") + "?language=en")
        assert "Bring the old passport" in page.text
