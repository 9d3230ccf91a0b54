"""Help for everybody: requirements, fees, money back, privacy, accessibility."""

from __future__ import annotations

import pytest

from portal.help.choices import chosen_query
from portal.web.laws import name_law
from tests.unit.portal.browser import Browser
from tests.unit.portal.fake_api import open_fake_api, seal


@pytest.mark.acceptance("F32.requirements", "F32.fees", "F32.how_to")
async def test_a_stranger_finds_everything_from_the_page_of_help(browser: Browser) -> None:
    for language, other in (("id", "en"), ("en", "id")):
        page = await browser.get(f"/help?language={language}")
        texts = {path: (await browser.get(path)).text for path in page.links if path.startswith("/help/")}
        assert len(texts) == 5
        for path in texts:
            there = await browser.get(f"{path}?language={other}")
            assert there.text != texts[path], f"{path} reads the same in both languages"
        await browser.get(f"/help?language={language}")


async def test_requirements_are_those_of_the_case_that_was_chosen(browser: Browser) -> None:
    page = await browser.get("/help/requirements")
    assert "Kartu tanda penduduk (KTP)" in page.text
    assert "Surat keterangan kehilangan" not in page.text
    page = await browser.submit(page.form("reason"), reason="lost", minor="no")
    assert "Surat keterangan kehilangan dari kepolisian" in page.text
    assert page.form("reason").values["reason"] == ["lost"], "the choice stays"
    assert "as amended" not in page.text
    page = await browser.get("/help/requirements?reason=nonsense&purpose=%3Cscript%3E&minor=maybe&on=2020-01-01")
    assert page.status == 200


async def test_fees_stand_with_their_legal_basis(browser: Browser) -> None:
    page = await browser.get("/help/fees")
    for word in ("Rp950.000", "Rp1.000.000", "PP 45/2024", "PP 45/2024 Pasal 5 ayat (1)", "Bukti: "):
        assert word in page.text
    assert "art." not in page.text


async def test_money_back_is_told_step_by_step(browser: Browser) -> None:
    page = await browser.get("/help/refunds")
    assert "Pembayaran ganda" in page.text
    assert "hari kerja" in page.text
    assert "over-deposit" not in page.text
    page = await browser.get("/help/refunds?language=en")
    assert "Paid twice" in page.text


async def test_the_privacy_notice_leads_to_ones_rights_once_one_is_signed_in(browser: Browser) -> None:
    page = await browser.get("/help/privacy")
    assert "pelindungan-data@paspor.example" in page.text
    assert "/account/export" not in page.links
    async with open_fake_api() as fake, fake.browser() as other:
        raw = await browser.raw("GET", "/help/privacy")
        assert raw[0] == 200
        notice = {
            "summary": "Ringkas.",
            "version": 1,
            "from_at": "2026-01-01T00:00:00Z",
            "purposes": [],
            "rights": [{"right": "access", "text": "Melihat.", "call": "x"}, {"right": "new_one", "text": "Baru."}],
            "controller": {"name": "N", "address": "A", "email": "e@example.org"},
        }
        fake.answers["GET", "/v1/privacy-notice"] = (200, notice)
        other.set_cookie("session", seal(fake.session()))
        page = await other.get("/help/privacy")
        assert "/account/export" in page.links
        assert "Baru." in page.text


async def test_the_accessibility_statement_says_what_works_what_does_not_and_whom_to_ask(browser: Browser) -> None:
    page = await browser.get("/help/accessibility")
    assert all(word in page.text for word in ("WCAG", "Yang belum sempurna", "Ombudsman", "Cara kami menguji"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("PP 45/2024", "PP 45/2024"),
        ("PP 45/2024 art. 5(1)", "PP 45/2024 Pasal 5 ayat (1)"),
        ("Permenkumham 8/2014 art. 4 and 5, as amended by Permenkumham 18/2022",
         "Permenkumham 8/2014 Pasal 4 dan 5; Permenkumham 18/2022"),
        ("UU 9/2018 art. 63; PMK 188/PMK.05/2021 (error in executing a code)",
         "UU 9/2018 Pasal 63; PMK 188/PMK.05/2021"),
        ("Keputusan kepala kantor", "Keputusan kepala kantor"),
    ],
)  # fmt: skip
def test_laws_are_named_in_indonesian(text: str, named: str) -> None:
    assert name_law(text, "id") == named
    assert name_law(text, "en") == text


def test_only_our_choices_reach_the_service() -> None:
    asked = {"reason": "lost", "purpose": "x", "minor": "yes", "on": "2020-01-01"}
    assert chosen_query(asked) == {"reason": "lost", "minor": "true"}
