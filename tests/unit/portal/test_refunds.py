"""Pages about money that goes back, and about credits made of it."""

from __future__ import annotations

from typing import Any

import pytest

from portal.refunds.refunds import stages_to_come, write_basis
from shared.errors import UpstreamDown
from shared.tokens import Role
from tests.contract.test_refund_journey import cases, recommended, step
from tests.unit.application.world import picture
from tests.unit.identity.world import nobody
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import Citizen


async def until_refund(citizen: Citizen) -> Any:
    """A case that billing opened: the application was withdrawn before its payment came."""
    await citizen.until_submitted()
    await citizen.hold()
    await citizen.bill()
    await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
    citizen.suite.clock.advance(2)
    await citizen.pay()
    (case,) = await cases(citizen)
    return case


async def test_money_goes_back_step_by_step_to_the_named_account(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        case = await until_refund(citizen)
        sign_in(browser, citizen)
        page = await browser.get(f"/applications/{citizen.application_id}/refund")
        assert "Pengembalian yang sudah ada" in page.text
        page = await browser.follow(to="^/refunds/")
        assert (page.status, page.heading) == (200, "Pengembalian uang Anda")
        assert "Dibayar setelah permohonan ditarik" in page.text
        assert "Giliran: bendahara kantor." in page.text
        assert "Rekening bank tujuan" in page.text
        page = await browser.submit(bank_code="", account_number="12<b>", holder_name="Budi <b>Contoh")
        assert page.status == 422
        assert {"bank_code", "account_number"} <= set(page.field_errors())
        assert "<b>Contoh" not in page.html
        await browser.submit(bank_code="002", account_number="1234560000", holder_name="Budi Contoh")
        await site.suite.settle()
        page = await browser.get(f"/refunds/{case['refund_id']}")
        assert "Isi rekening lain." in page.text
        typed = {"account_number": "1234567890", "holder_name": "Budi Contoh"}
        await browser.submit(bank_code="other", bank_code_typed="002", **typed)
        await site.suite.settle()
        page = await browser.get(f"/refunds/{case['refund_id']}")
        assert "Cocok menurut bank." in page.text
        assert "1234567890" not in page.html
        await recommended(citizen, case)
        await step(citizen, Role.OPERATOR, case, "approve")
        await site.suite.later(120)
        page = await browser.get(f"/refunds/{case['refund_id']}?language=en")
        assert "Paid back" in page.text
        assert "To come" not in page.text
        page = await browser.follow(to="/receipt$")
        assert (page.status, page.headers["Content-Type"]) == (200, "application/pdf")


async def test_a_request_is_sent_with_a_picture_and_taken_back(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        page = await browser.get(f"/applications/{citizen.application_id}/refund")
        assert "Kesalahan bank atau pos persepsi" in page.text
        page = await browser.submit(note="", pictures=("slip.jpg", picture()))
        assert page.status == 422
        assert {"reason", "note"} <= set(page.field_errors())
        form = page.form("reason", "note")
        page = await browser.submit(form, reason="agent_error", note="<script>x</script> ditarik dua kali")
        assert "Permohonan terkirim." in page.text
        assert "<script>x" not in page.html
        assert "1 foto bukti terkirim." in page.text
        (case,) = await cases(citizen)
        await browser.submit(form, reason="agent_error", note="<script>x</script> ditarik dua kali")
        assert len(await cases(citizen)) == 1, "a form sent again opens no second case"
        page = await browser.submit(browser.page.form(action=f"/refunds/{case['refund_id']}/withdrawal"))
        assert "Permohonan ditarik." in page.text
        assert (await citizen.appointment())["state"] == "confirmed"


async def test_papers_are_sent_and_a_refusal_is_objected_to(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        sign_in(browser, citizen)
        body = {"bill_id": citizen.bill_id, "reason": "agent_error", "note": "dua kali"}
        case = (await citizen.done("billing", "POST", "/v1/refunds", body)).body
        path = f"/refunds/{case['refund_id']}"
        assert "code" not in await step(citizen, Role.TREASURER, case, "ask_papers", papers=["slip", "odd_thing"])
        page = await browser.get(path)
        assert "Struk atau bukti bayar" in page.text
        assert "odd_thing" not in page.html
        page = await browser.submit(page.form(action=f"{path}/answer"), note="terlampir")
        assert "Terkirim." in page.text
        account = {"bank_code": "002", "account_number": "1234567890", "holder_name": "Budi Contoh"}
        await citizen.done("billing", "PUT", f"/v1{path}/bank-account", account)
        await recommended(citizen, case)
        refused = await step(citizen, Role.OPERATOR, case, "refuse", rule="not_proven")
        assert refused["state"] == "refused", refused
        page = await browser.get(path)
        assert "Alasan yang disebutkan tidak dapat dibuktikan." in page.text
        page = await browser.submit(page.form(action=f"{path}/answer"), note="ada bukti")
        assert page.status == 422
        assert "Pilih kirim bukti baru atau ajukan keberatan." in page.field_errors()["way"]
        page = await browser.submit(page.form(action=f"{path}/answer"), way="objection", note="ada bukti")
        assert "Keberatan diperiksa" in page.text


@pytest.mark.acceptance("Y2.pay_by_code")
async def test_a_refund_kept_as_credit_pays_a_bill(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_answer(_work: object) -> None:
        raise UpstreamDown("treasury", "timeout")

    async with Citizen(site.suite) as citizen:
        case = await until_refund(citizen)
        sign_in(browser, citizen)
        monkeypatch.setattr(site.suite.agencies.treasury, "_asked", no_answer)
        account = {"bank_code": "002", "account_number": "1234567890", "holder_name": "Budi Contoh"}
        await citizen.done("billing", "PUT", f"/v1/refunds/{case['refund_id']}/bank-account", account)
        await recommended(citizen, case)
        await step(citizen, Role.OPERATOR, case, "approve")
        page = await browser.get(f"/refunds/{case['refund_id']}")
        page = await browser.submit(page.form(action=f"/refunds/{case['refund_id']}/credit"))
        assert "Uang disimpan sebagai saldo." in page.text
        await browser.follow(to="^/credits$")
        assert "Sisa Rp950.000 dari Rp950.000" in browser.page.text
        assert "tidak ada tagihan yang dapat dibayar" in browser.page.text
        await citizen.become_applicant(nik=nobody(1).nik, full_name="ORANG CONTOH")
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        await citizen.hold()
        page = await browser.get("/credits")
        form = page.form("bill_id")
        page = await browser.get(f"/applications/{citizen.application_id}/pay")
        page = await browser.submit(page.form("credit_id"))
        assert "Tagihan dibayar dengan saldo Anda." in page.text
        await site.suite.settle()
        assert (await citizen.bill())["state"] == "paid"
        page = await browser.submit(form)
        assert page.status in (200, 422)
        page = await browser.get("/credits")
        assert "Sisa Rp0" in page.text


async def test_a_credit_is_paid_out_to_the_account_that_is_named(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_answer(_work: object) -> None:
        raise UpstreamDown("treasury", "timeout")

    async with Citizen(site.suite) as citizen:
        case = await until_refund(citizen)
        sign_in(browser, citizen)
        account = {"bank_code": "002", "account_number": "1234567890", "holder_name": "Budi Contoh"}
        with monkeypatch.context() as away:
            away.setattr(site.suite.agencies.treasury, "_asked", no_answer)
            await citizen.done("billing", "PUT", f"/v1/refunds/{case['refund_id']}/bank-account", account)
            await recommended(citizen, case)
            await step(citizen, Role.OPERATOR, case, "approve")
            await citizen.done("billing", "POST", f"/v1/refunds/{case['refund_id']}/credit")
        page = await browser.get("/credits")
        form = next(form for form in page.forms if form.action.endswith("/payout"))
        await browser.submit(form)
        await site.suite.settle()
        page = await browser.submit(form)
        assert page.path.startswith("/refunds/") or page.path.startswith("/credits")
        page = await browser.get("/credits?language=en")
        page = await browser.follow(says="Follow the payout")
        assert page.heading == "Your refund"
        assert "A credit from an approved refund is paid out" in page.text
        page = await browser.submit(bank_code="002", account_number="1234567890", holder_name="Budi Contoh")
        await site.suite.later(3600)
        page = await browser.get(page.path.partition("?")[0])
        assert "Paid back" in page.text


async def test_refunds_of_others_are_not_there(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as owner, Citizen(site.suite) as other:
        case = await until_refund(owner)
        await other.register("orang.lain@example.org")
        sign_in(browser, other)
        refund = f"/refunds/{case['refund_id']}"
        for path in (refund, f"{refund}/receipt", f"/applications/{owner.application_id}/refund"):
            page = await browser.get(path)
            assert page.status == 404, path
            assert "Rp950.000" not in page.html


@pytest.mark.parametrize(
    ("state", "first", "count"), [("opened", "complete", 7), ("released", "ordered", 2), ("paid", "", 0)]
)
def test_what_follows_is_told_from_where_a_case_stands(state: str, first: str, count: int) -> None:
    to_come = stages_to_come({"state": state})
    assert (to_come[0] if to_come else "", len(to_come)) == (first, count)


@pytest.mark.parametrize(
    ("language", "written"),
    [("id", "PP 45/2024 Pasal 5(1)"), ("en", "PP 45/2024 art. 5(1) (a remark)")],
)
def test_a_legal_basis_is_cited_as_the_language_cites_it(language: str, written: str) -> None:
    assert write_basis("PP 45/2024 art. 5(1) (a remark)", language) == written
