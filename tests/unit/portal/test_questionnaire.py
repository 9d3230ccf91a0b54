"""The questions, which passport at which price, and what an earlier passport changes."""

from __future__ import annotations

from typing import Any

import pytest

from portal.questionnaire.answers import price
from portal.web.words import Words
from services.application.applications.earlier_books import BookState
from shared.events.codes import ApplicationReason
from tests.unit.application.test_earlier_books import book
from tests.unit.identity.world import PUTRI
from tests.unit.portal.browser import Browser, PageSeen
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import Citizen

TYPED = {
    "has_held_passport": "no",
    "reason": "new",
    "passport_kind": "electronic",
    "validity_years": "10",
    "purpose": "tourism",
}


async def begun(site: Site, browser: Browser) -> Citizen:
    """A citizen with a draft, in the browser."""
    citizen = Citizen(site.suite)
    await citizen.register()
    await citizen.become_applicant()
    await citizen.begin()
    sign_in(browser, citizen)
    return citizen


async def see(browser: Browser, citizen: Citizen, page: str = "questionnaire") -> PageSeen:
    """A page of the citizen's application."""
    return await browser.get(f"/applications/{citizen.application_id}/{page}")


@pytest.mark.acceptance("Y2.choose_passport")
async def test_kinds_stand_side_by_side_with_price_and_papers(site: Site, browser: Browser) -> None:
    async with await begun(site, browser) as citizen:
        page = await see(browser, citizen)
        assert "Paspor yang mana?" in page.read.headings
        for amount in ("Rp350.000", "Rp650.000", "Rp950.000", "Rp1.000.000"):
            assert amount in page.text
        assert "Dokumen untuk paspor pertama" in page.text
        assert "Kartu keluarga (KK)" in page.text
        assert "Paspor lama" in page.text
        form = page.form("passport_kind", "validity_years")
        assert form.choices["passport_kind"] == ["ordinary", "electronic"]
        assert "parent_has_passport" not in form.names, "a question about children"
        page = await browser.get(f"/applications/{citizen.application_id}/questionnaire?language=en")
        assert "Which passport?" in page.read.headings
        assert "Papers for a first passport" in page.text


@pytest.mark.acceptance("Y2.questionnaire")
async def test_answers_are_saved_shown_with_what_follows_and_changed(site: Site, browser: Browser) -> None:
    async with await begun(site, browser) as citizen:
        await see(browser, citizen)
        page = await browser.submit(**TYPED)
        assert page.path == f"/applications/{citizen.application_id}/answers?told=saved"
        assert "Rp950.000" in page.text
        assert "Kartu tanda penduduk" in page.text
        assert "Biaya adalah imbalan atas layanan" in page.text
        assert page.link(says="Lanjut ke dokumen").endswith("/papers")
        page = await browser.follow(to="questionnaire#purpose$")
        assert page.form("purpose").values["purpose"] == ["tourism"], "answers are shown again"
        page = await browser.submit(reason="lost", has_held_passport="yes", passport_kind="ordinary")
        assert "Rp1.650.000" in page.text, "fee and penalty"
        assert "kepolisian" in page.text
        assert (await citizen.view())["answers"]["reason"] == "lost"


@pytest.mark.acceptance("Y2.questionnaire")
async def test_contradictions_and_gaps_are_told_beside_their_questions(site: Site, browser: Browser) -> None:
    async with await begun(site, browser) as citizen:
        await see(browser, citizen)
        page = await browser.submit(has_held_passport="no")
        assert set(page.field_errors()) == {"reason", "passport_kind", "validity_years", "purpose"}
        page = await browser.submit(**{**TYPED, "has_held_passport": "yes"})
        assert page.status == 422
        assert "penggantian, bukan paspor pertama" in page.field_errors()["reason"]
        assert page.form("reason").values["passport_kind"] == ["electronic"], "it comes back filled"
        page = await browser.submit(**{**TYPED, "purpose": "<script>alert(1)</script>"})
        assert page.status == 422
        assert "<script>alert" not in page.html
        assert (await citizen.view())["answers"] is None


async def test_a_child_gets_five_years_and_its_own_questions(site: Site, browser: Browser) -> None:
    async with await begun(site, browser) as citizen:
        guardian = citizen.applicant_id
        await citizen.become_applicant(
            full_name=PUTRI.full_name,
            nik=PUTRI.nik,
            birth_date=PUTRI.birth_date.isoformat(),
            sex="female",
            guardian_applicant_id=guardian,
        )
        await citizen.begin()
        page = await see(browser, citizen)
        form = page.form("parent_has_passport")
        assert "naturalised" not in form.names
        assert form.values["validity_years"] == ["5"]
        assert "hanya dewasa" in page.text
        page = await browser.submit(**TYPED)
        assert "paspor anak berlaku lima tahun" in page.field_errors()["validity_years"]
        page = await browser.submit(validity_years="5", parent_has_passport="yes")
        assert "Rp650.000" in page.text
        assert "Apakah orang tua memiliki paspor?" in page.text


async def test_answers_are_read_and_not_changed_once_submitted(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.until_submitted()
        sign_in(browser, citizen)
        page = await see(browser, citizen)
        assert page.path.endswith("/answers?told=fixed")
        assert "petugas memperbaikinya saat wawancara" in page.text
        assert not [link for link in page.links if "/questionnaire" in link]


async def test_a_form_of_a_draft_that_was_submitted_meanwhile_changes_nothing(site: Site, browser: Browser) -> None:
    async with await begun(site, browser) as citizen:
        await citizen.answer()
        page = await see(browser, citizen)
        form = page.form("reason")
        await citizen.upload_everything()
        await citizen.submit()
        page = await browser.submit(form, passport_kind="ordinary")
        assert page.path.endswith("/answers?told=fixed")
        assert (await citizen.view())["answers"]["passport_kind"] == "electronic"


@pytest.mark.acceptance("Y2.questionnaire")
async def test_an_earlier_passport_is_told_and_fitted_in_one_step(site: Site, browser: Browser) -> None:
    site.suite.agencies.books.books = (book(BookState.EXPIRED),)
    async with await begun(site, browser) as citizen:
        page = await see(browser, citizen, "earlier-book")
        assert "setelah pertanyaan dijawab" in page.text
        assert (await see(browser, citizen, "answers")).path.endswith("/questionnaire"), "nothing is answered yet"
        await citizen.answer()
        page = await see(browser, citizen, "answers")
        assert "ubah jawabannya" in page.text
        page = await browser.follow(says="Sesuaikan jawaban dalam satu langkah")
        assert "Paspor yang habis masa berlakunya" in page.text
        page = await browser.submit(page.form("reason"), reason=None)
        assert page.field_errors()["reason"].endswith("Pilih satu jawaban.")
        page = await browser.submit(page.form("reason"), reason="expired")
        assert "disesuaikan dengan catatan" in page.text
        view = await citizen.view()
        assert (view["answers"]["reason"], view["answers"]["has_held_passport"]) == ("expired", True)
        assert "Paspor lama" in page.text, "the papers follow"
        page = await browser.get(f"/applications/{citizen.application_id}")
        assert "Unggah dokumen" in page.text


async def test_who_keeps_the_answers_is_told_so(site: Site, browser: Browser) -> None:
    site.suite.agencies.books.books = (book(BookState.EXPIRED),)
    async with await begun(site, browser) as citizen:
        await citizen.answer()
        page = await browser.get(f"/applications/{citizen.application_id}")
        page = await browser.follow(to="/earlier-book$")
        page = await browser.submit(page.form("reason"), reason="<b>")
        assert page.status == 422
        page = await browser.submit(page.form("reason"), reason="keep")
        assert "Jawaban Anda dipertahankan" in page.text
        page = await see(browser, citizen, "earlier-book")
        assert "Anda mempertahankan jawaban Anda" in page.text


async def test_every_question_and_choice_of_the_service_is_explained(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        asked = (await citizen.done("application", "GET", "/v1/questionnaire")).body
    words = Words()
    for question in asked["questions"]:
        assert words.knows("questionnaire", f"why.{question['name']}")
        for code in question["choices"]:
            assert words.knows("questionnaire", f"choice.{question['name']}.{code}"), code
    assert all(words.knows("questionnaire", f"choice.reason.{reason}_hint") for reason in ApplicationReason)
    assert all(words.knows("questionnaire", f"book.{state}") for state in BookState)


async def test_another_account_sees_no_answers(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen, Citizen(site.suite) as other:
        await citizen.register()
        await citizen.become_applicant()
        await citizen.begin()
        await other.register("lain@example.org")
        sign_in(browser, other)
        for page in ("questionnaire", "answers", "earlier-book"):
            assert (await see(browser, citizen, page)).status == 404


TARIFF: dict[str, Any] = {
    "fees": [{"passport_kind": "ordinary", "validity_years": 5, "amount": 350_000}],
    "penalties": [{"reason": "lost", "amount": 1_000_000}],
    "zero_tariffs": [
        {"code": "government_scholarship", "waives": "fee", "passport_kinds": ["ordinary"]},
        {"code": "force_majeure", "waives": "penalty", "passport_kinds": ["ordinary"]},
    ],
}


@pytest.mark.parametrize(
    ("zero", "total"), [(None, 1_350_000), ("government_scholarship", 1_000_000), ("force_majeure", 350_000)]
)
def test_a_ground_frees_from_its_own_part_of_the_price(zero: str | None, total: int) -> None:
    answers = {"passport_kind": "ordinary", "validity_years": 5, "reason": "lost", "zero_tariff": zero}
    assert price(answers, TARIFF).total == total


def test_a_ground_of_another_kind_of_passport_frees_from_nothing() -> None:
    tariff = {**TARIFF, "zero_tariffs": [{**TARIFF["zero_tariffs"][0], "passport_kinds": ["electronic"]}]}
    answers = {
        "passport_kind": "ordinary",
        "validity_years": 5,
        "reason": "new",
        "zero_tariff": "government_scholarship",
    }
    assert (price(answers, tariff).total, price(answers, tariff).waived_by) == (350_000, None)
