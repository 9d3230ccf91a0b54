"""What visitors carry: cookies that are altered, foreign or old, sessions through restarts, renewals, their address."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from aiohttp import web

from portal.web.cookies import Browser as KnownBrowser
from portal.web.cookies import Cookies
from portal.web.form_tokens import make_token
from shared.crypto.keyring import Keyring
from tests.unit.portal.browser import Browser
from tests.unit.portal.fake_api import FakeApi, open_fake_api, seal, seal_browser
from tests.unit.portal.site import KEYS
from tests.unit.portal.trying import COMMAND, FACTS, PAGES

OTHER_KEYS = "k2:" + base64.b64encode(bytes(range(32, 64))).decode()
REFRESH = "/v1/tokens/refresh"


@pytest.fixture
async def fake() -> AsyncIterator[FakeApi]:
    async with open_fake_api() as fake:
        fake.answers["GET", FACTS] = (200, {"name": "Budi"})
        fake.answers["POST", COMMAND] = (201, {})
        yield fake


def is_signed_in(browser: Browser) -> bool:
    return "/sign-out" in browser.page.html


async def test_altered_and_foreign_cookies_are_as_if_they_were_not_there(fake: FakeApi) -> None:
    good = seal(fake.session())
    known = seal_browser(KnownBrowser(secret="s"))
    odd = {
        "altered": good[:40] + ("A" if good[40] != "A" else "B") + good[41:],
        "cut": good[:-8],
        "of another key": seal(fake.session(), OTHER_KEYS),
        "of another kind": known,
        "oversized": "x" * 7000,
        "no text of ours": "%00%ff",
        "empty": "",
    }
    async with fake.browser(pages=PAGES) as browser:
        for name, value in odd.items():
            browser.set_cookie("session", value)
            page = await browser.get("/try/open")
            assert (page.status, is_signed_in(browser)) == (200, False), name
            assert "session" not in browser.cookies(), f"{name}: it is taken away"
        browser.set_cookie("browser", good)
        assert (await browser.get("/try/open")).status == 200
        assert browser.cookies()["browser"] not in (good, known), "a browser whose cookie is none of ours gets its own"
    assert fake.calls == []


async def test_cookies_sealed_with_the_key_before_go_on_and_those_of_a_key_that_is_gone_do_not(fake: FakeApi) -> None:
    both = f"{OTHER_KEYS},{KEYS}"
    async with fake.browser(pages=PAGES, portal_keys=both) as browser:
        browser.set_cookie("session", seal(fake.session()))
        await browser.get("/try/open")
        assert is_signed_in(browser)
    async with fake.browser(pages=PAGES, portal_keys=OTHER_KEYS) as browser:
        browser.set_cookie("session", seal(fake.session()))
        await browser.get("/try/open")
        assert not is_signed_in(browser)


@pytest.mark.acceptance("F4.refresh")
async def test_a_restart_and_a_second_process_keep_sessions_and_open_forms(fake: FakeApi) -> None:
    async with fake.browser(pages=PAGES) as first, fake.browser(pages=PAGES) as second:
        first.set_cookie("session", seal(fake.session()))
        page = await first.get("/try")
        values = [(name, text) for name, texts in page.form("name").values.items() for text in texts]
        for name, value in first.cookies().items():
            second.set_cookie(name, value)
        status, _, _ = await second.raw("POST", "/try", data=values)
        assert status == 303
        assert len(fake.called(COMMAND)) == 1
        again, _, _ = await first.raw("POST", "/try", data=values)
        assert again == 303
        assert len({call.headers["Idempotency-Key"] for call in fake.called(COMMAND)}) == 1


async def test_a_sign_in_makes_forms_from_before_it_worthless(fake: FakeApi) -> None:
    planted = "secret-that-a-thief-planted"
    async with fake.browser(pages=PAGES) as browser:
        browser.set_cookie("browser", seal_browser(KnownBrowser(secret=planted)))
        page = await browser.get("/try/open")
        stale = page.form("name").values["form_token"][0]
        data = {"form_token": stale, "form_key": "k"}
        assert (await browser.raw("POST", "/try/open", data=data))[0] == 303
        await browser.get("/try")
        assert is_signed_in(browser)
        for token in (stale, make_token(planted, "acc-1")):
            status, _, _ = await browser.raw("POST", "/try", data={"form_token": token, "name": "x"})
            assert status == 403
    assert fake.calls == []


async def test_cookies_are_bound_to_the_host_and_to_https(fake: FakeApi) -> None:
    async with fake.browser(pages=PAGES, public_url="https://paspor.example.org") as browser:
        _, headers, _ = await browser.raw("GET", "/try/open?language=en")
        cookies = SimpleCookie()
        for line in headers.getall("Set-Cookie"):  # type: ignore[attr-defined]
            cookies.load(line)
        assert set(cookies) == {"__Host-browser", "__Host-language"}
        for cookie in cookies.values():
            assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
            assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_a_session_of_the_longest_tokens_fits_into_a_cookie() -> None:
    tokens = FakeApi().session(access_token="x" * 1200, refresh_token="y" * 100)
    assert len(seal(tokens)) < 2200
    response = web.Response()
    with pytest.raises(ValueError, match="4000"):
        Cookies(Keyring.parse(KEYS), is_encrypted=False).write_session(
            response, tokens.model_copy(update={"access_token": "x" * 4000}), FakeApi().clock.now()
        )


@pytest.mark.acceptance("F4.refresh")
async def test_two_tabs_that_renew_at_the_same_moment_renew_once(fake: FakeApi) -> None:
    fresh = fake.session(access_token="fresh", refresh_token="fresh-refresh")

    async def renew(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return web.json_response(fresh.model_dump(mode="json"))

    fake.answers["POST", REFRESH] = renew
    old = fake.session(access_expires_at=fake.clock.now() - timedelta(minutes=1))
    async with fake.browser(pages=PAGES) as browser:
        cookie = {"Cookie": f"session={seal(old)}"}
        tabs = await asyncio.gather(*(browser.raw("GET", "/try/known", headers=cookie) for _ in range(5)))
        assert [status for status, _, _ in tabs] == [200] * 5
        assert all(any("session=" in line for line in headers.getall("Set-Cookie")) for _, headers, _ in tabs)  # type: ignore[attr-defined]
    assert len(fake.called(REFRESH)) == 1
    assert {call.headers["Authorization"] for call in fake.called(FACTS)} == {"Bearer fresh"}


async def test_a_token_that_a_service_calls_expired_is_renewed_once_and_the_call_goes_on(fake: FakeApi) -> None:
    async def judge(request: web.Request) -> web.StreamResponse:
        if request.headers["Authorization"] == "Bearer fresh":
            return web.json_response({"name": "Budi"})
        return web.json_response({"code": "token_expired"}, status=401)

    fake.answers["GET", FACTS] = judge
    fake.answers["POST", REFRESH] = (200, fake.session(access_token="fresh").model_dump(mode="json"))
    async with fake.browser(pages=PAGES) as browser:
        browser.set_cookie("session", seal(fake.session()))
        assert (await browser.get("/try/known")).status == 200
        fake.answers["GET", FACTS] = (401, {"code": "token_expired"})
        status, headers, _ = await browser.raw("GET", "/try/known")
        assert (status, headers["Location"]) == (303, "/sign-in?back=%2Ftry%2Fknown"), "no second try"


@pytest.mark.acceptance("F4.no_5xx_ends_it")
@pytest.mark.parametrize("answer", [500, 502, 503, 429])
async def test_no_fault_of_identity_ends_a_session(fake: FakeApi, answer: int) -> None:
    fake.answers["POST", REFRESH] = (answer, {"code": "something_broke"})
    old = fake.session(access_expires_at=fake.clock.now() - timedelta(minutes=1))
    async with fake.browser(pages=PAGES) as browser:
        browser.set_cookie("session", seal(old))
        page = await browser.get("/try/known")
        assert page.status == 503
        assert "session" in browser.cookies()
        fake.answers["POST", REFRESH] = (200, fake.session(access_token="fresh").model_dump(mode="json"))
        assert (await browser.get("/try/known")).status == 200


async def test_a_session_that_identity_ended_is_taken_away(fake: FakeApi) -> None:
    fake.answers["POST", REFRESH] = (401, {"code": "refresh_token_invalid"})
    old = fake.session(access_expires_at=fake.clock.now() - timedelta(minutes=1))
    async with fake.browser(pages=PAGES) as browser:
        browser.set_cookie("session", seal(old))
        assert (await browser.raw("GET", "/try/known"))[0] == 303
        assert "session" not in browser.cookies()


@pytest.mark.parametrize(
    ("trusted", "sent", "seen"),
    [
        ("", "", "127.0.0.1"),
        ("", "198.51.100.9", "127.0.0.1"),
        ("127.0.0.0/8", "198.51.100.9", "198.51.100.9"),
        ("127.0.0.0/8", "203.0.113.1, 198.51.100.9", "198.51.100.9"),
        ("127.0.0.0/8", "nonsense", "127.0.0.1"),
    ],
)
async def test_services_hear_the_visitors_address_and_never_what_the_visitor_says_of_it(
    fake: FakeApi, trusted: str, sent: str, seen: str
) -> None:
    async with fake.browser(pages=PAGES, trusted_proxies=trusted) as browser:
        browser.set_cookie("session", seal(fake.session()))
        await browser.raw("GET", "/try/known", headers={"X-Forwarded-For": sent, "Forwarded": f"for={sent}"})
    call = fake.called(FACTS)[0]
    assert call.headers["X-Forwarded-For"] == seen
    assert "Forwarded" not in call.headers
    assert "Cookie" not in call.headers, "cookies stay at the portal"


async def test_ids_in_addresses_lead_to_no_other_path_of_the_api(fake: FakeApi) -> None:
    async with fake.browser() as browser:
        browser.set_cookie("session", seal(fake.session()))
        for odd in ("a%2F..%2Fb", "..", "%2e%2e", "a%3Fx=1", "a%23", "a%20b", "%C3%A9", "x" * 129):
            assert (await browser.raw("GET", f"/live/openings/{odd}/t"))[0] in (401, 404), odd
    assert fake.calls == []
