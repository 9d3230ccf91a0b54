"""What a stranger with a program sends, and what bad luck does: a clear page, nothing done, nothing given away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
from aiohttp import ClientPayloadError, web

from portal.account.exports import PIECE_BYTES
from portal.evidence.receiving import LARGEST_BYTES, MOST_PARTS, send_with_evidence
from portal.files.receiving import Places
from portal.pages import PAGES
from portal.web.binding import MOST_PATH_CHARS, safe_path
from portal.web.cookies import Browser as KnownBrowser
from portal.web.form_tokens import make_token
from portal.web.forms import Form, read_whole_number
from portal.web.page import Access, Page, get, post
from portal.web.visit import Visit
from portal.web.words import Words
from tests.unit.portal.browser import Browser
from tests.unit.portal.fake_api import FakeApi, open_fake_api, seal, seal_browser
from tests.unit.portal.test_papers import as_multipart, send_raw

PROOF: Final = "/proof-of-a-test"
KEPT: Final = {"state": "kept", "evidence_id": "e1"}
PICTURE: Final = b"\xff\xd8\xff a picture"
STACK: Final = 'Traceback: File "/srv/identity.py" at mongodb://10.1.2.3'


async def show_proof(visit: Visit, form: Form) -> web.StreamResponse:
    """A page with the errors of a form and what was typed."""
    return visit.render("errors/form_stale.html", form=form, again=form)


async def take_proof(visit: Visit) -> web.StreamResponse:
    """A room's form with pictures."""

    async def send(form: Form) -> None:
        await visit.send("POST", "/v1/refunds", {"evidence_ids": form.chosen("evidence_ids")})

    shown = await send_with_evidence(visit, "refund", send, show_proof)
    return shown or visit.redirect("/home")


PROOFS: Final[tuple[Page, ...]] = (
    *PAGES,
    get(PROOF, show_proof),
    post(PROOF, take_proof, show_proof, Access.ANYBODY, takes_files=True),
)


@pytest.fixture
async def fake() -> AsyncIterator[FakeApi]:
    async with open_fake_api() as fake:
        fake.answers["POST", "/v1/evidence"] = (201, KEPT)
        fake.answers["POST", "/v1/refunds"] = (201, {})
        yield fake


@pytest.fixture
async def browser(fake: FakeApi) -> AsyncIterator[Browser]:
    async with fake.browser(pages=PROOFS) as browser:
        browser.set_cookie("session", seal(fake.session()))
        browser.set_cookie("browser", seal_browser(KnownBrowser(secret="a secret")))
        yield browser


def token(account_id: str = "acc-1") -> str:
    """The token of a form in the browser."""
    return make_token("a secret", account_id)


def form_of(*pictures: bytes, fields: int = 2) -> bytes:
    """A form with so many fields, its token and its key among them, then pictures."""
    texts: list[tuple[str, str | None, bytes]] = [("form_token", None, token().encode()), ("form_key", None, b"k")]
    texts += [("note", None, b"typed by hand")] * (fields - 2)
    return as_multipart([*texts, *(("pictures", "a.jpg", picture) for picture in pictures)])


def evidence_of(fake: FakeApi) -> int:
    """The pictures that went on to the API."""
    return len(fake.called("/v1/evidence"))


async def test_pictures_beyond_the_places_are_told_and_what_was_typed_stays(
    fake: FakeApi, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.evidence.receiving.PLACES", Places(most=1, most_of_one=1))
    entered, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.StreamResponse:
        entered.set()
        await goes_on.wait()
        return web.json_response(KEPT, status=201)

    fake.answers["POST", "/v1/evidence"] = slow
    first = asyncio.create_task(send_raw(browser, PROOF, form_of(PICTURE)))
    await entered.wait()
    status, text = await send_raw(browser, PROOF, form_of(PICTURE, fields=3))
    assert (status, evidence_of(fake)) == (422, 1), "the second waits in no memory of ours"
    assert "Banyak foto sedang dikirim saat ini." in text and "typed by hand" in text
    goes_on.set()
    assert (await first)[0] == 303
    assert (await send_raw(browser, PROOF, form_of(PICTURE, PICTURE)))[0] == 303, "the place is free again, twice"


async def test_a_form_of_pictures_has_parts_and_bytes_up_to_a_limit(
    fake: FakeApi, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await send_raw(browser, PROOF, form_of(b"", fields=MOST_PARTS - 1)))[0] == 303
    assert (await send_raw(browser, PROOF, form_of(b"", fields=MOST_PARTS)))[0] == 413
    assert (await send_raw(browser, PROOF, form_of(*[b""] * 300)))[0] == 413
    monkeypatch.setattr("portal.evidence.receiving.MOST_BYTES", 2 * len(PICTURE))
    assert (await send_raw(browser, PROOF, form_of(PICTURE, PICTURE)))[0] == 303
    assert (await send_raw(browser, PROOF, form_of(PICTURE, PICTURE + b"x")))[0] == 413
    browser.forget_cookies("session")
    assert (await send_raw(browser, PROOF, form_of(PICTURE, PICTURE)))[0] == 401
    assert (await send_raw(browser, PROOF, form_of(PICTURE, PICTURE + b"x")))[0] == 413, "strangers too"
    monkeypatch.undo()
    assert evidence_of(fake) == 3


async def test_a_picture_at_the_limit_goes_on_whole(
    fake: FakeApi, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LARGEST_BYTES == 10 * 1024 * 1024
    monkeypatch.setattr("portal.evidence.receiving.LARGEST_BYTES", 200_000)
    uploading = {"state": "uploading", "evidence_id": "e1", "upload_offset": 4, "upload_url": "/v1/evidence/e1/content"}
    fake.answers["POST", "/v1/evidence"] = (201, uploading)
    fake.answers["PATCH", "/v1/evidence/e1/content"] = (200, KEPT)
    whole = PICTURE.ljust(200_000, b"x")
    assert (await send_raw(browser, PROOF, form_of(whole)))[0] == 303
    assert [call.body for call in fake.called("/v1/evidence/e1/content")] == [whole[4:]]
    status, text = await send_raw(browser, PROOF, form_of(whole + b"x"))
    assert status == 422 and "lebih dari 10 MB" in text
    assert evidence_of(fake) == 1


async def test_a_form_of_pictures_that_is_broken_or_silent_is_told_so(
    fake: FakeApi, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for odd in (b"--b0undary\r\nno header\r\n\r\nx", b"nothing of the kind", form_of(PICTURE)[:-30]):
        status, text = await send_raw(browser, PROOF, odd)
        assert status in (400, 403, 413), (odd, text)
    monkeypatch.setattr("portal.files.receiving.LONGEST_SILENCE_SECONDS", 0.05)

    async def fall_silent() -> AsyncIterator[bytes]:
        yield form_of(PICTURE)[:-30]
        await asyncio.sleep(1)

    headers = {"Content-Type": "multipart/form-data; boundary=b0undary"}
    status, _headers, _body = await browser.raw("POST", PROOF, data=fall_silent(), headers=headers)
    assert status == 400
    assert fake.called("/v1/refunds") == []


@pytest.mark.parametrize("odd", ["²", "٣", "9" * 5000, "1" * 10, "-1", "1e3", ""])
def test_a_number_is_digits_and_few(odd: str) -> None:
    assert read_whole_number(odd) is None
    assert read_whole_number("9" * 9) == 999_999_999


@pytest.mark.parametrize("odd", ["²", "9" * 5000])
async def test_a_hidden_number_that_was_changed_breaks_nothing(fake: FakeApi, browser: Browser, odd: str) -> None:
    path = "/account/consents/statistics"
    sent = {"form_token": token(), "given": "yes", "notice_version": odd}
    fake.answers["PUT", "/v1/account/consents/statistics"] = (200, {})
    assert (await browser.raw("POST", path, data=sent))[0] == 303
    assert b'"notice_version":null' in fake.called("/v1/account/consents/statistics")[0].body


async def test_a_long_address_to_go_back_to_is_left_out(fake: FakeApi, browser: Browser) -> None:
    browser.forget_cookies("session")
    asked = {"challenge_id": "c1", "asker_token": "t" * 43, "old_code_channel": None}
    fake.answers["POST", "/v1/logins"] = (202, asked)
    for back in ("/" + "x" * (MOST_PATH_CHARS - 1), "/" + "x" * 4000, "/" + "é" * 4000):
        sent = {"form_token": token(""), "identifier": "a@contoh.example", "back": back}
        status, headers, _body = await browser.raw("POST", "/sign-in", data=sent)
        assert (status, headers["Location"]) == (303, "/sign-in/code"), len(back)
    at_the_edge = "/" + "x" * (MOST_PATH_CHARS - 1)
    assert (safe_path(at_the_edge), safe_path(at_the_edge + "x")) == (at_the_edge, "/home")


async def test_broken_forms_of_a_sign_in_are_told_as_such(browser: Browser) -> None:
    browser.forget_cookies("session")
    for path in ("/sign-in", "/sign-in/code", "/sign-in/kept", "/sign-in/resend"):
        for odd in (b"--b0undary\r\n\x00bad: \x01header\r\n\r\nx", b"--b0undary\r\nno header\r\n\r\nx", b"x"):
            status, text = await send_raw(browser, path, odd)
            assert status in (400, 403, 413, 422, 200), (path, odd, text)


@pytest.mark.parametrize("odd", ["..", "%2e%2e", "a%2F..%2F..%2Ftokens", "a%3Fx=1", "a%23", "x" * 129, "a%0d%0ab"])
async def test_links_that_are_passed_on_reach_nothing_else(fake: FakeApi, browser: Browser, odd: str) -> None:
    for path in ("/v1/logins/{}/disown", "/v1/address-undo/{}", "/v1/receipt-checks/{}", "/v1/leaving-undo/{}"):
        status, _headers, _body = await browser.raw("GET", path.format(odd))
        assert status == 404, path
    for path in ("/v1/%6cogins/x/disown", "/%76%31/logins/x/disown", "/v1//logins/x/disown"):
        assert (await browser.raw("GET", path))[0] == 404, path
    assert [call.path for call in fake.calls if call.path != "/v1/logins/x/disown"] == []


async def test_an_address_tells_no_sentence_that_needs_facts(browser: Browser) -> None:
    words = Words()
    assert words.tells("sign_in", "signed_out")
    assert not words.tells("codes", "tries_left"), "it tells how many"
    assert not words.tells("sign_in", "nothing_of_the_kind")
    with_facts = {key.partition(".")[2] for key in sorted(words.keys()) if not words.tells(*key.split(".", 1))}
    browser.forget_cookies("session")
    for told in sorted(with_facts)[:20]:
        page = await browser.get(f"/sign-in?told={told}")
        assert "notification-banner" not in page.html, told


async def test_an_export_that_breaks_off_is_cut_and_no_page_stands_in_it(fake: FakeApi, browser: Browser) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(10 * PIECE_BYTES)})
        await response.prepare(request)
        await response.write(b"z" * 2 * PIECE_BYTES)
        assert request.transport is not None
        request.transport.close()
        return response

    fake.answers["GET", "/v1/account/exports/x1/archive"] = break_off
    got = b""
    with pytest.raises(ClientPayloadError):
        async with browser._client.get("/account/export/x1/data") as answer:
            assert answer.headers["Content-Disposition"] == 'attachment; filename="paspor-data.zip"'
            async for piece in answer.content.iter_any():
                got += piece
    assert got.strip(b"z") == b""


async def test_a_look_at_the_head_of_an_export_takes_no_body(fake: FakeApi, browser: Browser) -> None:
    async def send(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"z" * 1000)

    fake.answers["GET", "/v1/exported-files/x1"] = send
    url = browser._client.make_url("/")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies().items())
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"HEAD /account/export/x1/files HTTP/1.1\r\nHost: {url.host}\r\nCookie: {cookies}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    got = await reader.read()
    writer.close()
    assert got.startswith(b"HTTP/1.1 200") and got.endswith(b"\r\n\r\n"), got[-80:]


def paths(method: str) -> Iterator[str]:
    """Every address of a method, its ids filled in."""
    for page in PAGES:
        if page.method == method and "/live" not in page.path:
            yield re.sub(r"{\w+}", "abc", page.path)


ODD_QUERY: Final = (
    "?language=%ff&told=%00&back=//evil.example&office_id=../x&after=%0d%0aSet-Cookie:a=b&from=9999-12-31"
)
ANSWERS: Final[dict[str, tuple[int, Any]]] = {
    "not there": (404, {"code": "not_found", "title": "Tidak ada.", "status": 404}),
    "refused": (422, {"code": "x", "title": "<script>alert(1)</script>", "errors": [], "status": 422}),
    "later": (429, {"code": "too_many", "title": "Nanti.", "status": 429}),
    "down": (503, {"code": "x", "detail": STACK}),
    "broke": (500, {"detail": STACK}),
}


@pytest.mark.parametrize("kind", sorted(ANSWERS))
async def test_whatever_services_answer_every_address_has_a_page_that_gives_nothing_away(
    fake: FakeApi, kind: str, browser: Browser
) -> None:
    async def say(_request: web.Request) -> web.StreamResponse:
        status, body = ANSWERS[kind]
        return web.json_response(body, status=status)

    class Same(dict[tuple[str, str], Any]):
        def get(self, _call: Any, _default: Any = None) -> Any:
            return say

    fake.answers = Same()
    sent = {"form_token": token(), "form_key": "k", "told": "<script>", "page": "²", "session_id": "../x"}
    for method in ("GET", "POST"):
        for path in paths(method):
            if path.startswith("/v1/") or path == "/refund-guide":
                continue
            data = sent if method == "POST" else None
            status, headers, body = await browser.raw(method, path + ODD_QUERY, data=data)
            page = body.decode("utf-8", "replace")
            assert status != 500, (method, path)
            assert "Traceback" not in page and "mongodb" not in page and fake.url not in page, (method, path)
            assert "<script>" not in page.replace("<script src", ""), (method, path)
            assert "Set-Cookie:a" not in str(headers) and "evil.example" not in headers.get("Location", "")[:20]
            assert headers["X-Content-Type-Options"] == "nosniff", (method, path)
            assert "no-store" in headers["Cache-Control"] or path.startswith(("/forms", "/paper-ex", "/help")), path


LINKED_CALLS: Final = ("/v1/logins/abc/disown", "/v1/address-undo/abc", "/v1/leaving-undo/abc")
"""Forms of services' own pages, whose address is the secret."""


async def test_a_form_with_a_foreign_token_sends_nothing_at_any_address(fake: FakeApi, browser: Browser) -> None:
    foreign = (make_token("a secret", "acc-2"), make_token("another secret", "acc-1"), make_token("a secret", ""), "")
    for path in paths("POST"):
        for word in foreign:
            sent = {"form_token": word, "form_key": "k", "kept": "x", "confirmed": "yes", "step": "receive"}
            status, headers, _body = await browser.raw("POST", path, data=sent)
            assert status != 500, path
            told = headers.get("Location", "")
            assert "told" not in told, (path, told)
    assert [call for call in fake.calls if call.method != "GET" and call.path not in LINKED_CALLS] == []


async def test_a_fault_of_a_service_without_words_is_told_in_ours(fake: FakeApi, browser: Browser) -> None:
    fake.answers["PUT", "/v1/account/consents/statistics"] = (500, {"detail": STACK})
    fake.answers["GET", "/v1/account/consents"] = (200, {"purposes": [], "children": []})
    fake.answers["GET", "/v1/privacy-notice"] = (200, {"version": 1, "purposes": []})
    sent = {"form_token": token(), "given": "yes", "notice_version": "1"}
    status, _headers, body = await browser.raw("POST", "/account/consents/statistics", data=sent)
    assert status == 422
    assert "Ini tidak dapat dilakukan sekarang" in body.decode()
    assert "Traceback" not in body.decode()
