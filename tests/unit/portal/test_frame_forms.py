"""Forms of the frame: forged, stale, repeated, huge and odd ones, refusals, services that are away, faults of ours."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from portal.web.binding import safe_path
from portal.web.cookies import Browser as KnownBrowser
from portal.web.cookies import Cookies
from portal.web.form_tokens import make_token
from portal.web.forms import KEPT_FIELD, MOST_CHARS, MOST_FIELDS
from portal.web.page import MOST_FORM_BYTES
from shared.crypto.keyring import Keyring
from tests.unit.portal.browser import Browser
from tests.unit.portal.fake_api import FakeApi, open_fake_api, seal, seal_browser
from tests.unit.portal.site import KEYS
from tests.unit.portal.trying import COMMAND, FACTS, PAGES

SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}"
FORM = "application/x-www-form-urlencoded"
KNOWN_BY = "what-this-browser-is-known-by"


@pytest.fixture
async def fake() -> AsyncIterator[FakeApi]:
    async with open_fake_api() as fake:
        fake.answers["POST", COMMAND] = (201, {})
        yield fake


@pytest.fixture
async def browser(fake: FakeApi) -> AsyncIterator[Browser]:
    """A browser that is known, and whose person is signed in."""
    async with fake.browser(pages=PAGES) as browser:
        browser.set_cookie("session", seal(fake.session()))
        browser.set_cookie("browser", seal_browser(KnownBrowser(secret=KNOWN_BY)))
        yield browser


def form_of(**changes: Any) -> list[tuple[str, str]]:
    """What a browser sends of the form."""
    return list({"form_token": make_token(KNOWN_BY, "acc-1"), "form_key": "key-1", "name": "Budi", **changes}.items())


async def test_a_form_that_is_sent_twice_is_one_command_and_another_one_when_it_changes(
    fake: FakeApi, browser: Browser
) -> None:
    for name in ("Budi", "Budi", "Siti"):
        status, _, _ = await browser.raw("POST", "/try", data=form_of(name=name))
        assert status == 303
    keys = [call.headers["Idempotency-Key"] for call in fake.called(COMMAND)]
    assert keys[0] == keys[1] != keys[2]
    assert json.loads(fake.calls[0].body)["name"] == "Budi"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x" * 56,
        "é" * 56,
        make_token(KNOWN_BY, "acc-1")[:-1],
        make_token("secret-of-another-browser", "acc-1"),
        make_token(KNOWN_BY, "acc-2"),
        make_token(KNOWN_BY, ""),
    ],
    ids=["empty", "made up", "letters", "cut", "other browser", "other account", "stranger"],
)
async def test_a_form_that_is_not_ours_sends_nothing_and_can_be_seen_and_sent_by_the_person(
    fake: FakeApi, browser: Browser, token: str
) -> None:
    page = await browser._go("POST", "/try", data=form_of(form_token=token, why="Sebab"))
    assert (page.status, page.heading) == (403, "Kirim formulir sekali lagi")
    page = await browser.submit(page.form("name", "why"))
    assert page.form("name").values["why"] == ["Sebab"]
    assert fake.calls == [], "seeing it again sends nothing"
    await browser.submit(page.form("name", "why"))
    assert len(fake.called(COMMAND)) == 1


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 303), ("none", 303)]
)
async def test_a_form_of_another_site_is_refused_whatever_it_holds(
    fake: FakeApi, browser: Browser, site: str, status: int
) -> None:
    answered, _, body = await browser.raw("POST", "/try", data=form_of(), headers={"Sec-Fetch-Site": site})
    assert answered == status
    assert len(fake.calls) == (status == 303)
    assert b"Budi" not in body, "what another site typed is not shown as the person's own"


@pytest.mark.acceptance("F4.only_ended_answers_401")
async def test_a_page_after_the_session_leads_to_sign_in_and_back(fake: FakeApi, browser: Browser) -> None:
    browser.forget_cookies("session")
    status, headers, _ = await browser.raw("GET", "/try?step=2&x=%26y")
    assert (status, headers["Location"]) == (303, "/sign-in?back=%2Ftry%3Fstep%3D2%26x%3D%2526y")
    fake.answers["GET", FACTS] = (401, {"code": "session_over"})
    browser.set_cookie("session", seal(fake.session()))
    status, headers, _ = await browser.raw("GET", "/try/known")
    assert (status, headers["Location"]) == (303, "/sign-in?back=%2Ftry%2Fknown")
    assert "session" not in browser.cookies(), "the session that is over is taken away"


async def test_what_was_typed_after_the_session_is_kept_sealed(fake: FakeApi, browser: Browser) -> None:
    fake.answers["POST", COMMAND] = (401, {"code": "session_over"})
    page = await browser._go("POST", "/try?step=2", data=form_of(why="Rahasia saya"))
    assert (page.status, page.heading) == (401, "Sesi Anda sudah berakhir")
    assert "Rahasia" not in page.html
    sealed = page.form("kept").values["kept"][0]
    cookies = Cookies(Keyring.parse(KEYS), is_encrypted=False)
    kept = json.loads(cookies.open(sealed, KEPT_FIELD) or "")
    assert kept["path"] == "/try?step=2"
    assert kept["values"]["why"] == ["Rahasia saya"]
    assert "form_token" not in kept["values"]
    assert cookies.open(sealed[:-2] + "xx", KEPT_FIELD) is None
    assert cookies.open(seal(fake.session()), KEPT_FIELD) is None, "a cookie is no kept form"


async def test_a_form_that_meets_a_service_that_is_away_is_sent_again_by_one_button(
    fake: FakeApi, browser: Browser
) -> None:
    fake.answers["POST", COMMAND] = (503, {})
    page = await browser._go("POST", "/try", data=form_of(why="Sebab panjang"))
    assert page.status == 503
    assert re.search(r"Nomor rujukan untuk petugas: [0-9a-f]{32}", page.text)
    fake.answers["POST", COMMAND] = (201, {})
    page = await browser.submit(page.form("why"))
    assert page.path == "/try"
    first, second = fake.called(COMMAND)
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.body == second.body


async def test_a_page_whose_service_is_away_says_so_with_a_number_and_a_way(fake: FakeApi, browser: Browser) -> None:
    for answer in ((502, {}), (503, {}), (504, {})):
        fake.answers["GET", FACTS] = answer
        page = await browser.get("/try/known?part=2")
        assert (page.status, page.heading) == (503, "Bagian ini sedang tidak dapat dihubungi")
        assert "/try/known?part=2" in page.links
        assert "Nomor rujukan" in page.text
    assert "session" in browser.cookies(), "a service that is away ends no session"


@pytest.mark.parametrize(("status", "shown"), [(400, 409), (403, 409), (404, 404), (409, 409), (429, 429), (500, 502)])
async def test_a_refusal_of_what_is_looked_at_is_a_page(
    fake: FakeApi, browser: Browser, status: int, shown: int
) -> None:
    told = {
        "code": "x",
        "title": "Belum bisa.",
        "detail": "Karena begini.",
        "next_action": "Tunggu.",
        "trace_id": "ab12",
    }
    fake.answers["GET", FACTS] = (status, told)
    page = await browser.get("/try/known")
    assert (page.status, page.heading) == (shown, "Belum bisa.")
    assert all(word in page.text for word in ("Tunggu.", "ab12"))
    assert ("Karena begini." in page.text) == (status < 500), "details of a fault may be anything"


async def test_a_refusal_of_what_was_sent_stands_beside_its_field(fake: FakeApi, browser: Browser) -> None:
    errors = [{"pointer": "/name", "detail": "Nama terlalu panjang."}, {"pointer": "/born", "detail": "Bukan tanggal."}]
    fake.answers["POST", COMMAND] = (422, {"code": "malformed", "title": "Ada yang salah.", "errors": errors})
    page = await browser._go("POST", "/try", data=form_of(**{"born-day": "31", "born-month": "2", "born-year": "2020"}))
    assert page.status == 422
    assert page.form("name").values["born-day"] == ["31"]
    assert {"#name", "#born"} <= set(page.links)
    assert "Nama terlalu panjang." in page.field_errors()["name"]
    page = await browser._go("POST", "/try/plain", data=form_of())
    assert (page.status, page.heading) == (409, "Ada yang salah.")


async def test_a_session_that_ends_while_the_form_is_shown_again_is_asked_for(fake: FakeApi, browser: Browser) -> None:
    fake.answers["GET", FACTS] = (401, {"code": "session_over"})
    fake.answers["POST", COMMAND] = (422, {"code": "malformed", "title": "Ada yang salah."})
    for changes in ({}, {"form_refill": "yes"}):
        browser.set_cookie("session", seal(fake.session()))
        page = await browser._go("POST", "/try/known", data=form_of(why="Sebab", **changes))
        assert page.status == 401
        assert page.form("kept").values["kept"][0], "what was typed is kept"


async def test_a_form_that_trickles_in_is_given_up(
    fake: FakeApi, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.web.visit.FORM_SECONDS", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"name="
        await asyncio.sleep(0.3)
        yield b"Budi"

    status, _, _ = await browser.raw("POST", "/try", data=slow(), headers={"Content-Type": FORM})
    assert status == 400
    assert fake.calls == []


async def test_a_fault_of_ours_is_a_page_with_a_number_and_nothing_of_its_cause(
    fake: FakeApi, browser: Browser
) -> None:
    page = await browser.get("/try/broken")
    assert (page.status, page.heading) == (500, "Ada kesalahan pada sistem kami")
    assert "secret_member" not in page.html
    assert re.search(r"[0-9a-f]{32}", page.text)
    page = await browser._go("POST", "/try/broken", data=form_of(why="Sebab"))
    assert page.status == 500
    assert "secret value" not in page.html
    assert page.form("why").values["why"] == ["Sebab"], "what was typed can be sent again"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"name=" + b"x" * (MOST_FORM_BYTES + 10), FORM, 413),
        (b"name=" + b"x" * (MOST_CHARS + 1), FORM, 413),
        (b"&".join(b"f%d=1" % number for number in range(MOST_FIELDS + 5)), FORM, 413),
        (b"&".join([b"name="] * (MOST_FIELDS + 5)), FORM, 413),
        (b"name=\xff\xfe\x00", FORM, 400),
        (b"name=Budi", f"{FORM}; charset=utf-16", 400),
        (b"name=Budi", f"{FORM}; charset=no-such", 400),
        (b'{"name": "Budi"}', "application/json", 400),
        (b"name=Budi", "text/plain", 400),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
        (b"anything", "multipart/form-data", 400),
        (b"", "", 400),
        (b"name=%ff%fe%00&name=2", FORM, 403),
        (b"=&=&&;", FORM, 403),
    ],
)
async def test_what_is_no_form_of_ours_has_a_page_and_changes_nothing(
    fake: FakeApi, browser: Browser, body: bytes, kind: str, status: int
) -> None:
    answered, headers, page = await browser.raw("POST", "/try", data=body, headers={"Content-Type": kind})
    assert (answered, headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert b"<h1" in page
    assert fake.calls == []


async def test_script_in_every_text_is_only_text(fake: FakeApi, browser: Browser) -> None:
    told = {"code": "x", "title": SCRIPT, "detail": SCRIPT, "next_action": SCRIPT, "trace_id": SCRIPT, "status": 409}
    typed = {"name": SCRIPT, "why": SCRIPT, "born-day": SCRIPT, SCRIPT: SCRIPT}
    pages = []
    fake.answers["GET", FACTS] = (200, {"name": SCRIPT})
    pages.append(await browser.get(f"/try/known?told={quote(SCRIPT)}"))
    fake.answers["GET", FACTS] = (409, told)
    pages.append(await browser.get("/try/known"))
    pages.append(await browser.get(f"/{quote(SCRIPT, safe='')}?language={quote(SCRIPT)}"))
    pages.append(await browser._go("POST", f"/try?x={quote(SCRIPT)}", data=form_of(form_token="", **typed)))
    for answer in ((422, told), (422, {**told, "errors": [{"pointer": "/name", "detail": SCRIPT}]}), (503, {})):
        fake.answers["POST", COMMAND] = answer
        pages.append(await browser._go("POST", "/try", data=form_of(**typed)))
    for page in pages:
        assert "<script>alert" not in page.html
        assert "<img src=x" not in page.html
        assert "49" not in page.html.replace(page.html.partition("form_token")[2][:200], "") or "7*7" in page.html
        assert page.html.count("<script") == 1, "the site's own"


async def test_pages_lie_in_no_frame_and_answer_head_without_a_body(browser: Browser) -> None:
    for path in ("/try", "/try/broken", "/no/such"):
        status, headers, body = await browser.raw("GET", path)
        assert (await browser.raw("HEAD", path))[0] == status
        assert (await browser.raw("HEAD", path))[2] == b"" != body
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert "Cookie" in headers["Vary"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
async def test_other_methods_find_nothing(fake: FakeApi, browser: Browser, method: str) -> None:
    status, _, _ = await browser.raw(method, "/try", data=form_of() if method != "TRACE" else None)
    assert status in (404, 405)
    assert fake.calls == []
    assert (await browser.raw("POST", "/help", data=form_of()))[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "///evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\\evil.example",
        "\\\\evil.example",
        "/\tevil",
        "/\n/evil.example",
        "evil.example",
        "",
        "/ok\x00",
        "http:/evil.example",
        "/.//evil.example/../..//x\\",
    ],
)
def test_no_path_leads_to_another_site(path: str) -> None:
    assert safe_path(path) == "/home"


@pytest.mark.parametrize("path", ["/home", "/applications/a-1/pay?x=1&y=%2F", "/a?next=https://example.org", "/"])
def test_paths_of_this_site_lead_on(path: str) -> None:
    assert safe_path(path) == path


async def test_pages_are_squeezed_for_browsers_that_can_read_it(browser: Browser) -> None:
    _, headers, body = await browser.raw("GET", "/try", headers={"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    _, headers, plain = await browser.raw("GET", "/try", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in headers
    assert abs(len(body) - len(plain)) < 20, "the client unpacked the same page"
