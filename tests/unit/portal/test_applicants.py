"""People an account applies for: added, checked, compared, corrected."""

from __future__ import annotations

from typing import Any

import pytest

from services.identity.applicants.registry_match import Cause, FieldAnswer, RegistryAnswer
from shared.errors import UpstreamDown
from tests.unit.identity.world import PUTRI, SRI, all_match
from tests.unit.portal.browser import Browser, PageSeen
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import DAY_SECONDS, TYPED, Citizen

BUDI_TYPED = {
    "full_name": "Budi Contoh Santoso",
    "nik": "3174 0112 0388 0002",
    "birth_place": "Bandung",
    "birth_date-day": "12",
    "birth_date-month": "3",
    "birth_date-year": "1988",
    "sex": "male",
    "family_card_number": "3174 0101 0115 0007",
}
PUTRI_TYPED = {
    "full_name": PUTRI.full_name,
    "nik": PUTRI.nik,
    "birth_place": PUTRI.birth_place,
    "birth_date-day": "10",
    "birth_date-month": "6",
    "birth_date-year": "2015",
    "sex": "female",
    "family_card_number": "3174010101150007",
}


async def registered(site: Site, browser: Browser) -> Citizen:
    citizen = Citizen(site.suite)
    await citizen.register()
    sign_in(browser, citizen)
    return citizen


async def add(browser: Browser, **typed: Any) -> PageSeen:
    await browser.get("/applicants/new")
    return await browser.submit(**typed)


@pytest.mark.acceptance("Y1.every_step")
async def test_a_person_is_added_checked_and_leads_to_an_application(site: Site, browser: Browser) -> None:
    async with await registered(site, browser):
        page = await browser.get("/applicants")
        assert "Belum ada pemohon" in page.text
        page = await browser.follow(to="/applicants/new")
        assert "16 angka" in page.text
        page = await browser.submit(**BUDI_TYPED)
        assert page.status == 200
        assert "Budi Contoh Santoso" in page.read.headings
        assert "Sedang diperiksa" in page.text
        assert 'http-equiv="refresh"' in page.html, "it changes by itself without script too"
        await site.suite.settle()
        page = await browser.get(page.path.partition("?")[0])
        assert "Identitas dikonfirmasi" in page.text
        assert "3174011203880002" not in page.html, "the number is never shown whole"
        assert page.link(to=r"/applications/new\?applicant=")
        page = await browser.get("/applicants?language=en")
        assert "Identity confirmed" in page.text
        assert "Begin the passport application." in page.text


async def test_what_is_missing_or_no_date_is_told_beside_each_field_and_nothing_is_added(
    site: Site, browser: Browser
) -> None:
    async with await registered(site, browser):
        page = await add(browser, **{**BUDI_TYPED, "full_name": "", "nik": "", "birth_date-day": "31", "sex": None})
        assert page.status == 422
        assert set(page.field_errors()) == {"full_name", "nik", "sex"}
        page = await add(browser, **{**BUDI_TYPED, "birth_date-day": "31", "birth_date-month": "2"})
        assert list(page.field_errors()) == ["birth_date"]
        assert page.form("full_name").values["full_name"] == ["Budi Contoh Santoso"], "it comes back filled"
        page = await add(browser, **{**BUDI_TYPED, "nik": "1234"})
        assert "16 angka" in page.field_errors()["nik"]
        page = await add(browser, **{**BUDI_TYPED, "full_name": "<script>alert(1)</script>"})
        assert "full_name" in page.field_errors()
        assert "<script>alert" not in page.html
        assert "Belum ada pemohon" in (await browser.get("/applicants")).text


async def test_a_year_alone_is_a_birth_date(site: Site, browser: Browser) -> None:
    async with await registered(site, browser):
        page = await add(browser, **{**BUDI_TYPED, "birth_date-day": "", "birth_date-month": ""})
        assert "12 Maret 1988" in page.text, "the day is in the NIK"


async def test_a_form_sent_twice_adds_one_person_and_a_second_time_leads_to_them(site: Site, browser: Browser) -> None:
    async with await registered(site, browser) as citizen:
        await browser.get("/applicants/new")
        form = browser.page.form("full_name")
        await browser.submit(form, **BUDI_TYPED)
        await browser.submit(form, **BUDI_TYPED)
        page = await add(browser, **BUDI_TYPED)
        assert "sudah ada di akun Anda" in page.text
        assert len((await citizen.done("identity", "GET", "/v1/applicants"))["applicants"]) == 1


@pytest.mark.acceptance("Y2.add_to_list")
async def test_children_come_with_a_confirmed_guardian(site: Site, browser: Browser) -> None:
    async with await registered(site, browser) as citizen:
        page = await add(browser, **PUTRI_TYPED)
        assert page.status == 422
        assert "orang tua atau wali" in page.text, "nobody is there who could be the guardian"
        await citizen.become_applicant()
        page = await add(browser, **PUTRI_TYPED, guardian_applicant_id=citizen.applicant_id)
        await site.suite.settle()
        page = await browser.get("/applicants")
        assert [heading for heading in page.read.headings[1:3]] == [TYPED["full_name"], PUTRI.full_name]
        assert ", anak" in page.text
        page = await add(
            browser,
            **{**PUTRI_TYPED, "full_name": "BAYI CONTOH", "nik": "", "birth_date-year": "2025"},
            guardian_applicant_id=citizen.applicant_id,
            born_abroad=["yes"],
        )
        await site.suite.settle()
        page = await browser.get(page.path.partition("?")[0])
        assert "belum memiliki NIK" in page.text
        assert "akta kelahiran luar negeri" in page.text, "what to bring is told"


async def test_a_difference_is_compared_with_the_card_and_kept_or_corrected(site: Site, browser: Browser) -> None:
    site.suite.agencies.registry.says = all_match(full_name=FieldAnswer(True, 92))
    async with await registered(site, browser) as citizen:
        await citizen.become_applicant()
        page = await browser.get(f"/applicants/{citizen.applicant_id}")
        assert "Perlu Anda cocokkan" in page.text
        page = await browser.follow(to="/confirm$")
        assert TYPED["full_name"] in page.text
        assert "huruf demi huruf" in page.text
        page = await browser.submit(page.form(action=f"/applicants/{citizen.applicant_id}/confirm"))
        assert "Isian Anda dipertahankan" in page.text
        assert "Identitas dikonfirmasi" in page.text
        page = await browser.get(f"/applicants/{citizen.applicant_id}/confirm")
        assert page.path == f"/applicants/{citizen.applicant_id}", "nothing is left to decide"


async def test_data_that_do_not_match_are_corrected_and_checked_again(site: Site, browser: Browser) -> None:
    site.suite.agencies.registry.says = all_match(sex=FieldAnswer(False))
    async with await registered(site, browser) as citizen:
        await citizen.become_applicant()
        here = f"/applicants/{citizen.applicant_id}"
        page = await browser.get(here)
        assert "Tidak cocok" in page.text
        assert "jenis kelamin" in page.text
        page = await browser.submit(page.form(action=here))
        assert "Pemeriksaan diminta lagi" in page.text
        page = await browser.follow(to="/correct$")
        form = page.form("full_name")
        assert (form.values["full_name"], form.values["nik"]) == ([TYPED["full_name"]], [""])
        page = await browser.submit(form, nik="")
        assert set(page.field_errors()) == {"nik", "family_card_number"}, "a number is not lost by leaving it empty"
        site.suite.agencies.registry.says = all_match()
        page = await browser.submit(nik=BUDI_TYPED["nik"], family_card_number="3174 0101 0115 0007")
        assert "Perbaikan tersimpan" in page.text
        await site.suite.settle()
        assert "Identitas dikonfirmasi" in (await browser.get(here)).text


async def test_a_nik_that_is_not_found_or_is_another_persons_is_told(site: Site, browser: Browser) -> None:
    async with await registered(site, browser) as citizen:
        await citizen.become_applicant()
        first = citizen.applicant_id
        site.suite.agencies.registry.says = RegistryAnswer(refusal=Cause.NOT_FOUND)
        await citizen.become_applicant(
            full_name=SRI.full_name, nik=SRI.nik, birth_date=SRI.birth_date.isoformat(), sex="female"
        )
        page = await browser.get(f"/applicants/{citizen.applicant_id}")
        assert "NIK tidak ditemukan" in page.text
        assert "satu angka yang salah ketik" in page.text
        page = await browser.follow(to="/correct$")
        page = await browser.submit(nik=BUDI_TYPED["nik"], family_card_number="3174010101150007")
        assert page.path == f"/applicants/{first}?told=already_added"
        await browser.get(f"/applicants/{citizen.applicant_id}/correct")
        page = await browser.submit(nik="3174 9999", family_card_number="3174010101150007")
        assert "16 angka" in page.field_errors()["nik"]


async def test_a_registry_that_is_silent_is_waited_for_without_blame(site: Site, browser: Browser) -> None:
    site.suite.agencies.registry.says = UpstreamDown("dukcapil", "timeout")
    async with await registered(site, browser) as citizen:
        await citizen.call("identity", "POST", "/v1/applicants", TYPED)
        for _ in range(3):
            await site.suite._carry()
            await site.suite._run_due()
        page = await browser.get("/applicants")
        page = await browser.follow(says="Lihat data")
        assert "Dukcapil belum menjawab" in page.text
        assert "Ditanya lagi" in page.text
        assert page.link(to="/applications/new"), "the application can be begun meanwhile"


async def test_a_child_that_has_grown_up_is_told_and_cannot_be_applied_for(site: Site, browser: Browser) -> None:
    async with await registered(site, browser) as citizen:
        await citizen.become_applicant()
        guardian = citizen.applicant_id
        born = {"nik": "3174014111090004", "birth_date": "2009-12-01", "sex": "female", "full_name": "ANI CONTOH"}
        await citizen.become_applicant(**born, guardian_applicant_id=guardian)
        await site.suite.later(40 * DAY_SECONDS)
        page = await browser.get(f"/applicants/{citizen.applicant_id}")
        assert "Sudah dewasa" in page.text
        assert "membuat akun sendiri" in page.text
        assert not [link for link in page.links if link.endswith("/correct") or "/applications/new" in link]
        page = await browser.get("/applications/new")
        assert page.form("applicant_id").choices["applicant_id"] == [guardian]


async def test_another_account_sees_nobody_here(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as other, await registered(site, browser) as citizen:
        await other.register("lain@example.org")
        await other.become_applicant(full_name=SRI.full_name, nik=SRI.nik, birth_date="1990-02-05", sex="female")
        for place in ("", "/confirm", "/correct"):
            page = await browser.get(f"/applicants/{other.applicant_id}{place}")
            assert page.status == 404
            assert SRI.full_name not in page.html
        await citizen.become_applicant()
        page = await browser.get(f"/applicants/{citizen.applicant_id}/correct")
        form = page.form("full_name")
        for place in ("", "/confirm", "/correct"):
            form.action = f"/applicants/{other.applicant_id}{place}"
            page = await browser.submit(form, full_name="DICURI", nik=SRI.nik, family_card_number="3174010101150007")
            assert page.status == 404, "the address of a form was changed"
        theirs = await other.done("identity", "GET", f"/v1/applicants/{other.applicant_id}")
        assert theirs["full_name"] == SRI.full_name
