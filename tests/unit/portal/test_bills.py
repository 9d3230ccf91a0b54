"""Pages about what is to pay: the code, payments that are not seen, receipts, one code for a family, credits."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from portal.bills.pages import PAGES as BILLS
from portal.messages.pages import PAGES as MESSAGES
from portal.passports.pages import PAGES as PASSPORTS
from portal.refunds.pages import PAGES as REFUNDS
from portal.visits.pages import PAGES as VISITS
from shared.tokens import Role
from tests.unit.application.world import picture
from tests.unit.billing.world import FakeSimponi
from tests.unit.identity.world import nobody
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import Citizen, Officer

NTPN = "A1B2C3D4E5F60718"


async def until_held(site: Site) -> Citizen:
    """A citizen with a held seat."""
    citizen = await Citizen(site.suite).until_submitted()
    await citizen.hold()
    return citizen


@pytest.mark.acceptance("Y2.pay_by_code", "Y20.ntpn", "Y20.receipt_on_page")
async def test_a_code_is_shown_paid_and_becomes_a_receipt(site: Site, browser: Browser) -> None:
    async with await until_held(site) as citizen:
        sign_in(browser, citizen)
        pay = f"/applications/{citizen.application_id}/pay"
        bill = await citizen.bill()
        page = await browser.get(pay)
        assert (page.status, page.heading) == (200, "Bayar biaya paspor")
        assert bill["billing_code"] in page.text, "the groups stand together, so that the code is copied as one"
        assert "Bayar tepat Rp950.000." in page.text
        assert f'data-until="{bill["expires_at"]}"' in page.html
        assert bill["lines"][0]["legal_basis"] in page.text
        assert "Teller bank" in page.text
        assert "Yang tidak dikembalikan" in page.text
        assert 'http-equiv="refresh"' in page.html
        page = await browser.get(pay + "?language=en")
        assert "Pay exactly" in page.text
        assert "Bank counter" in page.text
        page = await browser.get(f"/applications/{citizen.application_id}/receipt")
        assert "No payment is recorded yet" in page.text
        await citizen.pay()
        page = await browser.get(pay)
        assert "Paid" in page.text
        assert NTPN in page.text
        page = await browser.follow(to="/receipt$")
        assert NTPN in page.text
        assert "Pays this bill" in page.text
        page = await browser.follow(to="/pdf$")
        assert (page.status, page.headers["Content-Type"]) == (200, "application/pdf")


@pytest.mark.acceptance("Y2.pay_by_code")
async def test_while_the_treasury_is_away_the_page_says_that_the_code_is_being_made(
    site: Site, browser: Browser
) -> None:
    simponi = site.suite.agencies.simponi
    assert isinstance(simponi, FakeSimponi)
    simponi.down = True
    async with await until_held(site) as citizen:
        sign_in(browser, citizen)
        page = await browser.get(f"/applications/{citizen.application_id}/pay")
        assert "Kode sedang dibuat" in page.text
        assert 'content="15"' in page.html


@pytest.mark.acceptance("Y2.pay_by_code")
async def test_a_code_that_has_ended_is_renewed_once_however_often_it_is_asked(site: Site, browser: Browser) -> None:
    async with await until_held(site) as citizen:
        sign_in(browser, citizen)
        await site.suite.later(5 * 3600)
        old = await citizen.bill()
        page = await browser.get(f"/applications/{citizen.application_id}/pay")
        assert "Kode sudah tidak berlaku" in page.text
        form = page.form(action=f"/applications/{citizen.application_id}/pay/{old['bill_id']}/renewal")
        page = await browser.submit(form)
        assert "Kode baru sedang diminta." in page.text
        await browser.submit(form)
        await site.suite.settle()
        new = await citizen.bill()
        assert (new["state"], new["replaces_bill_id"]) == ("issued", old["bill_id"])
        page = await browser.get(f"/applications/{citizen.application_id}/pay")
        assert new["billing_code"] in page.text
        await browser.submit(form)
        await site.suite.settle()
        assert (await citizen.bill())["bill_id"] == new["bill_id"], "a form sent again changes nothing"


async def test_a_payment_that_is_not_seen_is_told_with_its_number_and_a_picture(site: Site, browser: Browser) -> None:
    async with await until_held(site) as citizen:
        sign_in(browser, citizen)
        await browser.get(f"/applications/{citizen.application_id}/pay")
        page = await browser.follow(to="/claim$")
        page = await browser.submit(ntpn="", ntb="", pictures=("slip.jpg", picture()))
        assert page.status == 422
        assert "NTPN atau NTB" in page.text
        assert "1 foto sudah kami terima" in page.text, "the picture is kept"
        page = await browser.submit(ntpn="<b>x", ntb="")
        assert "<b>x" not in page.html
        assert page.form("ntpn").values["ntpn"] == ["<b>x"]
        page = await browser.submit(ntpn=NTPN, ntb="")
        assert page.path.partition("?")[0].endswith("/pay")
        assert "Laporan Anda diterima" in page.text
        await site.suite.settle()
        bill = await citizen.bill()
        assert [len(claim["evidence_files"]) for claim in bill["claims"]] == [1]


async def test_what_is_no_picture_is_refused_beside_its_field(site: Site, browser: Browser) -> None:
    async with await until_held(site) as citizen:
        sign_in(browser, citizen)
        await browser.get(f"/applications/{citizen.application_id}/pay")
        await browser.follow(to="/claim$")
        page = await browser.submit(ntpn=NTPN, pictures=("slip.exe", b"MZ no picture"))
        assert page.status == 422
        assert "pictures" in page.field_errors()
        assert page.form("ntpn").values["ntpn"] == [NTPN]
        assert (await citizen.bill())["claims"] == []


async def test_a_claim_comes_back_filled_after_a_session_that_was_over(site: Site, browser: Browser) -> None:
    async with await until_held(site) as citizen:
        bill = await citizen.bill()
        sign_in(browser, citizen)
        path = f"/applications/{citizen.application_id}/pay/{bill['bill_id']}/claim"
        await browser.get(path)
        form = browser.page.form("ntpn")
        browser.forget_cookies("session")
        page = await browser.submit(form, ntpn=NTPN, pictures=("slip.jpg", picture()))
        assert (page.status, page.heading) == (401, "Sesi Anda sudah berakhir")
        assert "kept" in page.html
        assert NTPN not in page.html, "what was typed is sealed"
        sign_in(browser, citizen)
        fresh = (await browser.get(path)).form("ntpn")
        data = {"form_token": fresh.values["form_token"][0], "form_refill": "yes", "ntpn": NTPN}
        status, _headers, body = await browser.raw("POST", path, data=data)
        assert status == 200
        assert f'value="{NTPN}"' in body.decode()
        assert (await citizen.bill())["claims"] == [], "shown again, nothing was sent"


async def test_a_form_with_a_picture_stays_filled_while_a_service_is_away(site: Site) -> None:
    async with await until_held(site) as citizen, site.browser(application_url="http://127.0.0.1:9") as browser:
        bill = await citizen.bill()
        sign_in(browser, citizen)
        await browser.get(f"/applications/{citizen.application_id}/pay/{bill['bill_id']}/claim")
        page = await browser.submit(ntpn=NTPN, pictures=("slip.jpg", picture()))
        assert page.status == 422
        assert "Isian Anda masih ada" in page.field_errors()["pictures"]
        assert page.form("ntpn").values["ntpn"] == [NTPN]


async def test_more_or_larger_pictures_than_are_taken_are_told_beside_the_field(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await until_held(site) as citizen:
        bill = await citizen.bill()
        sign_in(browser, citizen)
        path = f"/applications/{citizen.application_id}/pay/{bill['bill_id']}/claim"
        await browser.get(path)
        monkeypatch.setattr("portal.evidence.receiving.LARGEST_BYTES", 100)
        page = await browser.submit(ntpn=NTPN, pictures=("slip.jpg", picture()))
        assert "10 MB" in page.field_errors()["pictures"]
        monkeypatch.undo()
        monkeypatch.setattr("portal.evidence.receiving.MOST_FILES", 0)
        page = await browser.submit(ntpn=NTPN, pictures=("slip.jpg", picture()))
        assert "Paling banyak 5 foto" in page.field_errors()["pictures"]
        form = page.form("ntpn")
        form.values["form_token"] = ["not ours"]
        assert (await browser.submit(form, ntpn=NTPN, pictures=("slip.jpg", picture()))).status == 403
        assert (await citizen.bill())["claims"] == []


async def test_hidden_fields_that_were_changed_lead_nowhere(site: Site, browser: Browser) -> None:
    async with await until_held(site) as citizen:
        bill = await citizen.bill()
        sign_in(browser, citizen)
        pay = f"/applications/{citizen.application_id}/pay"
        token = (await browser.get(pay)).form(action="/sign-out").values["form_token"][0]
        credit = f"{pay}/{bill['bill_id']}/credit"
        assert (await browser.raw("POST", credit, data={"form_token": token}))[0] == 422
        changed = {"form_token": token, "credit_id": "../bills"}
        assert (await browser.raw("POST", credit, data=changed))[0] == 404
        assert (await browser.raw("POST", "/credits/0a0a/bills", data={"form_token": token}))[0] == 422
        for path in (f"/applications/0a0a/pay/{bill['bill_id']}/claim", f"{pay}/0a0a/claim"):
            assert (await browser.get(path)).status == 404
        for path in (credit, f"{pay}/{bill['bill_id']}/renewal"):
            assert (await browser.get(path)).path == pay, "an address of a form leads to its page"
        claim = f"{pay}/{bill['bill_id']}/claim"
        await browser.get(claim)
        page = await browser.submit(browser.page.form("ntpn"), ntpn="x" * 20_001)
        assert page.status == 413
        await citizen.pay()
        page = await browser.get(claim)
        assert "Tagihan ini sudah lunas." in page.text
        page = await browser.get(f"/applications/0a0a/receipt/{bill['bill_id']}/pdf")
        assert page.status == 404


async def test_bills_of_others_are_not_there(site: Site, browser: Browser) -> None:
    async with await until_held(site) as owner, Citizen(site.suite) as other:
        bill = await owner.bill()
        await other.register("orang.lain@example.org")
        sign_in(browser, other)
        path = f"/applications/{owner.application_id}"
        for place in (f"{path}/pay", f"{path}/receipt", f"{path}/pay/{bill['bill_id']}/claim", "/joint-bills/none"):
            page = await browser.get(place)
            assert page.status == 404, place
            assert bill["billing_code"] not in page.html
        assert (await browser.get("/applications/a%2F..%2Fb/pay")).status == 404


@pytest.mark.acceptance("Y2.pay_by_code")
async def test_bills_of_a_family_are_paid_with_one_code(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        await bill_another(citizen, 1)
        sign_in(browser, citizen)
        page = await browser.get("/joint-bills")
        assert "sedikitnya dua tagihan" in page.text
        assert not [form for form in page.forms if "bill_ids" in form.names]
        await bill_another(citizen, 2)
        page = await browser.get("/joint-bills")
        bills = page.form("bill_ids").choices["bill_ids"]
        assert len(bills) == 2
        page = await browser.submit(bill_ids=bills[:1])
        assert page.status == 422
        assert "Pilih sedikitnya dua tagihan." in page.field_errors()["bill_ids"]
        form = page.form("bill_ids")
        page = await browser.submit(form, bill_ids=bills)
        joint_path = page.path.partition("?")[0]
        assert joint_path.startswith("/joint-bills/")
        await site.suite.settle()
        page = await browser.get(joint_path)
        joint = await citizen.done("billing", "GET", f"/v1{joint_path}")
        assert joint["billing_code"] in page.text
        assert "Rp1.900.000" in page.text
        assert page.text.count("ORANG CONTOH") == 2
        page = await browser.get(f"/applications/{citizen.application_id}/pay")
        assert "satu kode bersama tagihan lain" in page.text
        await browser.follow(to="^/joint-bills/")
        page = await browser.submit(browser.page.form(action=f"{joint_path}/cancellation"))
        await site.suite.settle()
        page = await browser.get(joint_path)
        assert "Anda membatalkan kode gabungan ini." in page.text
        page = await browser.get(f"/applications/{citizen.application_id}/pay")
        assert "Bayar tepat" in page.text


async def bill_another(citizen: Citizen, number: int) -> None:
    """An application of one more person of the account, with a bill."""
    await citizen.become_applicant(nik=nobody(number).nik, full_name="ORANG CONTOH")
    await citizen.begin()
    await citizen.answer()
    await citizen.upload_everything()
    await citizen.submit()
    await citizen.hold()


async def test_without_credit_the_page_says_so(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        sign_in(browser, citizen)
        page = await browser.get("/credits")
        assert (page.status, page.heading) == (200, "Saldo pengembalian")
        assert "Anda tidak mempunyai saldo." in page.text


async def test_a_service_that_is_away_has_a_page_and_a_form_keeps_its_values(site: Site) -> None:
    async with await until_held(site) as citizen, site.browser(billing_url="http://127.0.0.1:9") as browser:
        sign_in(browser, citizen)
        page = await browser.get(f"/applications/{citizen.application_id}/pay")
        assert page.status == 503
        assert "sedang tidak dapat dihubungi" in page.text


@pytest.mark.acceptance("Y2.pay_by_code")
async def test_a_charge_that_the_interview_found_is_a_bill_beside_the_paid_one(site: Site, browser: Browser) -> None:
    async with await Citizen(site.suite).until_paid() as citizen:
        seat = await citizen.appointment()
        site.suite.clock.set(datetime.fromisoformat(seat["starts_at"]) + timedelta(minutes=1))
        await site.suite.settle()
        async with Officer(site.suite, Role.FRONT_OFFICER) as front:
            await front.done("scheduling", "POST", "/v1/check-ins", {"queue_code": seat["queue_code"]})
            finding = {"ground": "lost", "reason_code": "told_at_interview"}
            await front.done("application", "POST", f"{citizen.application}/penalty", finding)
        sign_in(browser, citizen)
        page = await browser.get(f"/applications/{citizen.application_id}/pay")
        assert "Biaya beban karena paspor hilang atau rusak" in page.text
        assert "Bayar tepat Rp1.000.000." in page.text
        assert "Lunas" in page.text
        first = page.text.index("Biaya beban karena")
        assert first < page.text.index("Lunas"), "what is still to pay stands first"


@pytest.mark.parametrize("away", ["identity", "application", "scheduling", "billing", "notification"])
async def test_whichever_service_is_away_each_page_is_shown_or_says_so(site: Site, away: str) -> None:
    changes = {f"{away}_url": "http://127.0.0.1:9"}
    async with Citizen(site.suite) as citizen, site.browser(**changes) as browser:
        await citizen.register()
        sign_in(browser, citizen)
        told = set()
        for declared in (*BILLS, *VISITS, *REFUNDS, *MESSAGES, *PASSPORTS):
            if declared.method == "GET":
                page = await browser.get(re.sub(r"{[a-z_]+}", "0a0a0a0a", declared.path))
                assert page.status in (200, 404, 503), declared.path
                told.add(page.status)
        assert 503 in told
