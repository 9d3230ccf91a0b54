"""Registering and signing in on the site: one form, a code, and on to where the visitor wanted to go."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from portal.app import build_app
from portal.config import Settings
from portal.pages import PAGES
from portal.web.cookies import Cookies, Session
from portal.web.forms import Form
from portal.web.page import Page, get, post
from portal.web.visit import Visit
from shared.crypto.keyring import Keyring
from tests.unit.portal.browser import Browser, PageSeen
from tests.unit.portal.signing_in import sign_in, sign_out
from tests.unit.portal.site import KEYS, Site, open_site
from tests.walking import EMAIL, PHONE, Caller, Citizen, Reply


async def ask(browser: Browser, site: Site, identifier: str = EMAIL, path: str = "/sign-in") -> PageSeen:
    """Ask for a code; the message has gone out."""
    await browser.get(path)
    page = await browser.submit(identifier=identifier)
    await site.suite.settle()
    return page


async def prove(browser: Browser, site: Site, **typed: Any) -> PageSeen:
    """Type the newest code; what follows from it has happened."""
    page = await browser.submit(**({"code": site.suite.agencies.newest_code()} if "code" not in typed else {}), **typed)
    await site.suite.settle()
    return page


async def enter(browser: Browser, site: Site, identifier: str = EMAIL, path: str = "/sign-in") -> PageSeen:
    await ask(browser, site, identifier, path)
    return await prove(browser, site)


@pytest.mark.acceptance("Y2.get_client")
async def test_the_site_needs_nothing_to_be_installed(browser: Browser) -> None:
    page = await browser.get("/")
    assert page.status == 200
    await browser.follow(to="^/sign-in")
    assert browser.page.form("identifier").action == "/sign-in"


@pytest.mark.acceptance("Y2.register")
async def test_a_new_address_is_registered_by_its_code(site: Site, browser: Browser) -> None:
    page = await ask(browser, site)
    assert (page.path, page.heading) == ("/sign-in/code", "Masukkan kode")
    assert "w***@example.org" in page.text
    assert 'autocomplete="one-time-code"' in page.html and 'inputmode="numeric"' in page.html
    assert "/help/privacy" in page.links
    (free,) = page.form("code").choices["purposes"]
    page = await prove(browser, site, purposes=[free])
    assert page.path == "/home"
    assert {"session", "browser"} <= browser.cookies().keys()
    consents = (await call_as(site, browser.cookies()["session"], "/v1/account/consents")).body
    assert {item["purpose"]: item["given"] for item in consents["purposes"]}[free] is True


async def call_as(site: Site, cookie: str, path: str) -> Reply:
    """What identity answers to the session in this cookie."""
    sealed = Cookies(Keyring.parse(KEYS), is_encrypted=False).open(cookie, "session")
    async with Caller(site.suite, Session.model_validate_json(sealed or "").access_token) as caller:
        return await caller.call("identity", "GET", path)


@pytest.mark.acceptance("Y2.log_in")
async def test_a_known_address_and_an_unknown_one_get_the_same_pages(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.register()
    await site.suite.later(120)
    known = await ask(browser, site)
    assert (await prove(browser, site)).path == "/home"
    async with site.browser() as other:
        unknown = await ask(other, site, "orang.lain@example.org")
    said = [re.sub(r"\w\*\*\*@\S+|\d\d\.\d\d", "-", page.text) for page in (known, unknown)]
    assert said[0] == said[1]


@pytest.mark.acceptance("Y2.log_in")
async def test_signing_in_leads_to_the_page_that_was_wanted_and_nowhere_else(site: Site, browser: Browser) -> None:
    page = await browser.get("/home")
    if page.path != "/home":  # it asked to sign in
        assert page.path == "/sign-in?back=%2Fhome"
    assert (await enter(browser, site, path="/sign-in?back=/help/privacy")).path == "/help/privacy"
    assert (await browser.get("/sign-in?back=/help/privacy")).path == "/help/privacy", "already signed in"
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        status, headers, _body = await browser.raw("GET", "/sign-in", params={"back": elsewhere})
        assert (status, headers["Location"]) == (303, "/home")


async def test_what_is_no_address_is_told_beside_the_field(browser: Browser) -> None:
    await browser.get("/sign-in")
    page = await browser.submit(identifier="")
    assert page.status == 422 and "identifier" in page.field_errors()
    for typed in ("bukan alamat", '"><script>alert(1)</script>', "x" * 300):
        page = await browser.submit(identifier=typed)
        assert page.status == 422, typed
        assert page.field_errors()["identifier"]
        assert "<script>alert" not in page.html
        assert page.form("identifier").values["identifier"] == [typed]


@pytest.mark.parametrize("language", ["id", "en"])
async def test_wrong_codes_are_counted_until_only_the_long_code_or_a_new_one_helps(site: Site, language: str) -> None:
    async with site.browser(language=language) as browser:
        await ask(browser, site)
        right = site.suite.agencies.newest_code()
        wrong = "000000" if right != "000000" else "000001"
        page = await browser.submit(code="")
        assert page.field_errors()["code"]
        for left in (4, 3, 2, 1):
            page = await browser.submit(code=wrong)
            assert f"{'Sisa percobaan' if language == 'id' else 'Tries left'}: {left}" in page.field_errors()["code"]
        page = await browser.submit(code=wrong)
        page = await browser.submit(code=right)
        assert "ABCD-EFGH-JKLM" in page.field_errors()["code"]
        long_code = re.findall(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}\b", newest_mail(site))[-1]
        assert (await prove(browser, site, code="", long_code=long_code)).path == "/home"


def newest_mail(site: Site) -> str:
    """The text of the newest mail."""
    return str(site.suite.agencies.mailer.taken[-1].body)


async def test_a_code_that_expired_leads_to_a_new_one(site: Site, browser: Browser) -> None:
    await ask(browser, site)
    old = site.suite.agencies.newest_code()
    await site.suite.later(900)
    page = await browser.submit(code=old)
    assert page.field_errors()["code"] == "Salah: Kode sudah kedaluwarsa. Minta kode baru."
    page = await browser.submit(page.form(action="/sign-in/resend"))
    await site.suite.settle()
    assert "Kode baru sudah dikirim" in page.text
    assert (await prove(browser, site)).path == "/home"


async def test_asking_again_at_once_tells_when_and_the_first_code_counts(site: Site, browser: Browser) -> None:
    await ask(browser, site)
    page = await browser.submit(browser.page.form(action="/sign-in/resend"))
    assert page.status == 422 and "Kode baru saja dikirim" in page.text
    page = await ask(browser, site)
    assert page.path.startswith("/sign-in/code") and "Kode baru saja dikirim" in page.text
    assert (await prove(browser, site)).path == "/home"


async def test_a_code_that_another_tab_sent_again_counts_in_both(site: Site, browser: Browser) -> None:
    await ask(browser, site)
    first_tab, first = browser.page, site.suite.agencies.newest_code()
    await site.suite.later(70)
    await browser.submit(browser.page.form(action="/sign-in/resend"))
    await site.suite.settle()
    newest = site.suite.agencies.newest_code()
    page = await browser.submit(first_tab.form("code"), code=first)
    assert "hanya yang terbaru berlaku" in page.field_errors()["code"]
    assert (await browser.submit(first_tab.form("code"), code=newest)).path == "/home"


async def test_tabs_for_two_addresses_keep_their_own_codes(site: Site, browser: Browser) -> None:
    await ask(browser, site)
    first_tab, code = browser.page, site.suite.agencies.newest_code()
    await ask(browser, site, "orang.lain@example.org")
    page = await browser.submit(first_tab.form("code"), code=code)
    assert page.path == "/home"


async def test_the_back_button_and_a_form_sent_twice_change_nothing(site: Site, browser: Browser) -> None:
    address = await browser.get("/sign-in")
    await ask(browser, site)
    tab, code = browser.page, site.suite.agencies.newest_code()
    assert (await browser.submit(tab.form("code"), code=code)).path == "/home"
    session = browser.cookies()["session"]
    assert (await browser.submit(tab.form("code"), code=code)).path == "/home"
    assert (await browser.get("/sign-in/code")).path == "/home"
    assert (await browser.submit(address.form("identifier"), identifier="orang.lain@example.org")).path == "/home"
    assert browser.cookies()["session"] == session


async def test_the_code_page_is_loaded_again_in_the_other_language(site: Site, browser: Browser) -> None:
    await ask(browser, site)
    page = await browser.get("/sign-in/code?language=en")
    assert page.heading == "Type the code" and "w***@example.org" in page.text
    assert (await prove(browser, site)).path == "/home"


async def test_without_a_code_under_way_or_with_an_altered_one_it_begins_again(site: Site, browser: Browser) -> None:
    assert (await browser.get("/sign-in/code")).path == "/sign-in"
    await ask(browser, site)
    form = browser.page.form("code")
    form.values["code_asked"] = ["k1.altered"]
    browser.forget_cookies("code")
    assert (await browser.submit(form, code="123456")).form("identifier")
    browser.set_cookie("code", "k1.altered")
    assert (await browser.get("/sign-in/code")).path == "/sign-in"
    cookies = Cookies(Keyring.parse(KEYS), is_encrypted=False)
    browser.set_cookie("code", cookies.seal('{"challenge": 1}', "code"))
    assert (await browser.get("/sign-in/code")).path == "/sign-in", "of another version of the site"
    await ask(browser, site, "orang.lain@example.org")
    again = browser.page.form(action="/sign-in/resend")
    again.values["form_token"] = ["x" * 56]
    assert (await browser.submit(again)).heading == "Masukkan kode", "nothing was sent"
    again.values["code_asked"] = [""]
    again.values["form_token"] = browser.page.form("code").values["form_token"]
    browser.forget_cookies("code")
    assert (await browser.submit(again)).form("identifier")


async def test_a_code_that_identity_forgot_leads_to_a_new_one(site: Site, browser: Browser) -> None:
    await ask(browser, site)
    form = browser.page.form("code")
    await site.suite.later(3 * 24 * 3600)
    page = await browser.submit(form, code="123456")
    assert "Kode itu sudah terlalu lama" in page.text and page.form("identifier")
    assert "Kode itu sudah terlalu lama" in (await browser.get("/sign-in/code")).text


async def test_a_form_of_another_browser_is_shown_again_and_nothing_is_sent(site: Site, browser: Browser) -> None:
    await browser.get("/sign-in")
    form = browser.page.form("identifier")
    form.values["form_token"] = ["x" * 56]
    page = await browser.submit(form, identifier=EMAIL)
    assert page.form("identifier").values["identifier"] == [EMAIL]
    status, _headers, _body = await browser.raw("POST", "/sign-in", data=b"\xff{", headers={"Content-Type": "text/x"})
    assert status == 400
    status, _headers, _body = await browser.raw(
        "POST", "/sign-in", data={"identifier": EMAIL}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert status == 403
    await site.suite.settle()
    assert not site.suite.agencies.mailer.taken


class TestNewDevice:
    async def test_the_other_address_agrees_with_a_second_code(self, site: Site, browser: Browser) -> None:
        await self._citizen(site)
        page = await self._first_code(browser, site)
        assert page.heading == "Perangkat baru: satu kode lagi"
        assert "nomor ponsel akun" in page.text
        page = await browser.submit(code=self.first, second_code="", second_lost=None)
        assert "second_code" in page.field_errors()
        page = await browser.submit(code=self.first, second_code="000000", second_lost=None)
        assert "second_code" in page.field_errors()
        second = site.suite.agencies.newest_code(by_sms=True)
        page = await browser.submit(code=self.first, second_code=second, second_lost=None)
        assert page.path == "/home"
        await self._again_on_the_same_device(site, browser)

    async def _again_on_the_same_device(self, site: Site, browser: Browser) -> None:
        page = await browser.submit(browser.page.form(action="/sign-out"))
        assert page.path.startswith("/sign-in") and "Anda sudah keluar" in page.text
        await site.suite.later(120)
        assert (await enter(browser, site)).path == "/home", "the device is known"

    async def test_a_lost_address_is_told_and_may_object_for_days(self, site: Site, browser: Browser) -> None:
        await self._citizen(site)
        await self._first_code(browser, site)
        page = await browser.submit(code=self.first, second_code="", second_lost=["yes"])
        assert page.heading == "Akun Anda terbuka beberapa hari lagi"
        await site.suite.later(3 * 24 * 3600 + 60)
        await self._first_code(browser, site)
        page = await browser.submit(code=self.first, second_code="", second_lost=["yes"])
        assert page.path == "/home"

    async def _citizen(self, site: Site) -> None:
        async with Citizen(site.suite) as citizen:
            await citizen.register()
            await citizen.add_phone()
        await site.suite.later(120)

    async def _first_code(self, browser: Browser, site: Site) -> PageSeen:
        await ask(browser, site)
        self.first = site.suite.agencies.newest_code(by_sms=False)
        return await prove(browser, site, code=self.first)


async def test_a_telephone_number_gets_its_code_by_sms(site: Site, browser: Browser) -> None:
    page = await ask(browser, site, PHONE)
    assert "lewat SMS" in page.text
    assert (await prove(browser, site, code=site.suite.agencies.newest_code(by_sms=True))).path == "/home"


class TestBusyNetwork:
    """The visitor computes, or waits; the portal computes for nobody."""

    async def test_without_script_it_is_waited_and_with_it_computed(self) -> None:
        async with open_site(codes_per_network_minute=1, proof_bits=8) as site, site.browser() as browser:
            await ask(browser, site, "satu@example.org")
            page = await ask(browser, site, "dua@example.org")
            assert page.form("identifier", "proof").values["identifier"] == ["dua@example.org"]
            assert "Tunggu" in page.text and "proof." in page.html
            challenge = re.findall(r'data-proof-challenge="([^"]+)"', page.html)[0]
            bits = int(re.findall(r'data-proof-bits="(\d+)"', page.html)[0])
            proof = next(text for n in range(10**6) if zero_bits(text := f"{challenge}:{n}") >= bits)
            page = await browser.submit(proof=proof)
            assert page.path == "/sign-in/code"
            page = await ask(browser, site, "tiga@example.org")
            await site.suite.later(61)
            assert (await browser.submit(proof="")).path == "/sign-in/code"


def zero_bits(text: str) -> int:
    return 256 - int.from_bytes(hashlib.sha256(text.encode()).digest()).bit_length()


class TestKeptForms:
    """A session that ends in the middle of a form loses nothing of it."""

    SENT: list[str]

    @pytest.fixture
    async def browser(self, site: Site) -> Any:
        self.SENT = []

        async def show(visit: Visit, form: Form) -> web.StreamResponse:
            return visit.render("home/front.html", form=form, told=form.text("note"))

        async def note(visit: Visit) -> web.StreamResponse:
            form = await visit.form()
            self.SENT.append(form.text("note"))
            return visit.redirect("/notes")

        pages = (*PAGES, get("/notes", show), post("/notes", note, show))
        async with Browser(app_with(site, pages)) as browser:
            yield browser

    async def test_a_form_is_there_again_after_signing_in(self, site: Site, browser: Browser) -> None:
        async with Citizen(site.suite) as citizen:
            await citizen.register()
            await site.suite.later(120)
            sign_in(browser, citizen)
            form = await self._form(browser)
            sign_out(browser)
            text = 'isi <b>"panjang"</b> ' + "x" * 4000
            page = await browser.submit(form, note=text)
            assert page.status == 401 and "Isian Anda tersimpan" in page.text
            page = await browser.submit(page.form("kept"))
            assert "Isian Anda tersimpan" in page.text
            await browser.submit(identifier=EMAIL)
            await site.suite.settle()
            assert "Isian Anda tersimpan" in browser.page.text
            await browser.submit(code="000000")
            page = await prove(browser, site)
            assert page.heading == "Anda sudah masuk"
            again = page.form("note")
            assert (again.action, again.values["note"]) == ("/notes", [text])
            await browser.submit(again)
            assert self.SENT == [], "it is shown, not sent"

    async def test_what_one_typed_is_not_shown_to_another_who_signs_in(self, site: Site, browser: Browser) -> None:
        async with Citizen(site.suite) as citizen, Citizen(site.suite) as other:
            await citizen.register()
            await other.register("lain@example.org")
            sign_in(browser, citizen)
            form = await self._form(browser)
            sign_out(browser)
            page = await browser.submit(form, note="hanya untuk saya")
            sign_in(browser, other)
            page = await browser.submit(page.form("kept"))
            assert page.path == "/home"
            assert "hanya untuk saya" not in page.html

    async def test_another_tab_signed_in_meanwhile(self, site: Site, browser: Browser) -> None:
        async with Citizen(site.suite) as citizen:
            await citizen.register()
            sign_in(browser, citizen)
            form = await self._form(browser)
            sign_out(browser)
            page = await browser.submit(form, note="isi")
            sign_in(browser, citizen)
            page = await browser.submit(page.form("kept"))
            assert page.form("note").values["note"] == ["isi"]

    async def test_an_altered_one_is_forgotten(self, site: Site, browser: Browser) -> None:
        async with Citizen(site.suite) as citizen:
            await citizen.register()
            sign_in(browser, citizen)
            form = await self._form(browser)
            sign_out(browser)
            page = await browser.submit(form, note="isi")
            kept = page.form("kept")
            kept.values["kept"] = [kept.values["kept"][0][:-3] + "abc"]
            sign_in(browser, citizen)
            assert (await browser.submit(kept)).path == "/home"

    async def test_a_form_of_another_account_is_not_sent(self, site: Site, browser: Browser) -> None:
        async with Citizen(site.suite) as citizen, Citizen(site.suite) as other:
            await citizen.register()
            await other.register("orang.lain@example.org")
            sign_in(browser, citizen)
            form = await self._form(browser)
            sign_in(browser, other)
            page = await browser.submit(form, note="isi")
            assert page.status == 403 and page.form("note").values["note"] == ["isi"]
            assert self.SENT == []

    async def _form(self, browser: Browser) -> Any:
        page = await browser.get("/notes")
        form = page.form(action="/sign-out")
        return replace(form, action="/notes", names=form.names | {"note"})


def app_with(site: Site, pages: tuple[Page, ...]) -> web.Application:
    urls = {f"{name}_url": url for name, url in site.suite.urls.items()}
    return build_app(Settings.load(environment="test", portal_keys=KEYS, http_port=0, **urls), site.suite.clock, pages)


async def test_signing_out_ends_the_session_at_identity_too(site: Site, browser: Browser) -> None:
    await enter(browser, site)
    stolen = browser.cookies()["session"]
    page = await browser.submit(browser.page.form(action="/sign-out"))
    assert "Anda sudah keluar" in page.text and "session" not in browser.cookies()
    await site.suite.settle()
    assert (await call_as(site, stolen, "/v1/account"))["sessions"] == 0
    browser.set_cookie("session", stolen)
    await site.suite.later(3600)
    page = await browser.get("/account")
    assert page.path.startswith("/sign-in"), "a copy of the cookie is worth nothing once its token is renewed"


async def test_signing_out_works_while_identity_does_not_answer(site: Site, browser: Browser) -> None:
    await enter(browser, site)
    async with site.browser(identity_url="http://127.0.0.1:9") as cut_off:
        for name, value in browser.cookies().items():
            cut_off.set_cookie(name, value)
        page = await cut_off.submit(browser.page.form(action="/sign-out"))
        assert "Anda sudah keluar" in page.text
        page = await cut_off.submit(identifier=EMAIL)
        assert page.status == 503 and EMAIL in page.form("identifier").values["identifier"]


async def test_while_identity_does_not_answer_the_code_is_kept_to_be_sent_again(site: Site, browser: Browser) -> None:
    await ask(browser, site)
    form, code = browser.page.form("code"), site.suite.agencies.newest_code()
    async with site.browser(identity_url="http://127.0.0.1:9") as cut_off:
        for name, value in browser.cookies().items():
            cut_off.set_cookie(name, value)
        page = await cut_off.submit(form, code=code)
        assert page.status == 503 and page.form("code").values["code"] == [code]
        assert (await cut_off.get("/sign-in/code")).status == 503
    assert (await browser.submit(page.form("code"))).path == "/home", "the line is back"


async def test_a_form_of_the_account_comes_back_filled_after_the_session_ended(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        await site.suite.later(120)
        sign_in(browser, citizen, session_ends_at=site.suite.clock.now() + timedelta(minutes=30))
        await browser.get("/account/addresses")
        await site.suite.later(3600)
        page = await browser.submit(phone='0812 0000 "<b>')
        assert page.status == 401
        await browser.submit(page.form("kept"))
        async with site.browser(identity_url="http://127.0.0.1:9") as cut_off:
            for name, value in browser.cookies().items():
                cut_off.set_cookie(name, value)
            page = await cut_off.submit(browser.page.form("identifier"), identifier=EMAIL)
            assert page.status == 503 and "tetap tersimpan" in page.text
        await browser.submit(page.form("kept"))
        await site.suite.settle()
        page = await prove(browser, site)
        page = await browser.submit(page.form("phone"))
        assert (page.path, page.status) == ("/account/addresses/phone", 200)
        assert page.form("phone").values["phone"] == ['0812 0000 "<b>'] and "<b>" not in page.html
