"""Uploads in pieces, as the page's script makes them, and the script itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from portal.papers.pieces import MOST_PIECE_BYTES
from portal.web.assets import STATIC
from tests.unit.application.world import picture
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_out
from tests.unit.portal.site import Site
from tests.unit.portal.test_papers import documents, papers_of, send_and_leave, token_of, with_questionnaire
from tests.walking import Citizen

STREAM: Final = "application/offset+octet-stream"
MOST_SCRIPT_BYTES: Final = 8 * 1024


async def announce(browser: Browser, citizen: Citizen, token: bytes, size: int, /, **more: Any) -> tuple[int, Any]:
    """Announce as the script does."""
    body = json.dumps({"size": size, "type": "image/jpeg", "page": 1, "paper": "", "key": "a-key-of-a-test", **more})
    headers = {"X-Form-Token": token.decode(), "Content-Type": "application/json"}
    status, _headers, answer = await browser.raw("POST", papers_of(citizen) + "/ktp/pieces", data=body, headers=headers)
    return status, json.loads(answer)


async def send(browser: Browser, url: str, token: bytes, offset: int, piece: bytes) -> tuple[int, Any]:
    """Send one piece."""
    headers = {"X-Form-Token": token.decode(), "Content-Type": STREAM, "Upload-Offset": str(offset)}
    status, _headers, answer = await browser.raw("PATCH", url, data=piece, headers=headers)
    return status, json.loads(answer)


@pytest.mark.acceptance("Y2.upload")
async def test_pieces_arrive_and_go_on_after_a_lost_line(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        content = picture()
        await browser.get(papers_of(citizen) + "/ktp")
        token = token_of(browser)
        status, begun = await announce(browser, citizen, token, len(content))
        assert (status, begun["offset"], begun["done"]) == (201, 0, False)
        status, said = await send(browser, begun["url"], token, 0, content[:2000])
        assert (status, said["offset"], said["done"]) == (200, 2000, False)
        page = await browser.get(papers_of(citizen) + "/ktp")
        assert "Sedang dikirim" in page.text
        assert "Jika pengirimannya terputus, pilih file yang sama" in page.text
        status, headers, _body = await browser.raw("HEAD", begun["url"])
        assert (status, headers["Upload-Offset"], headers["Upload-Length"]) == (200, "2000", str(len(content)))
        status, said = await send(browser, begun["url"], token, 500, content[500:])
        assert (status, said["offset"]) == (409, 2000), "the script goes on where the answer says"
        assert (await announce(browser, citizen, token, len(content)))[1]["url"] == begun["url"], "one key, one upload"
        status, said = await send(browser, begun["url"], token, 2000, content[2000:])
        assert (status, said["done"]) == (200, True)
        page = await browser.get(said["shown"])
        assert "Halaman 1 diterima." in page.text
        assert len(await documents(citizen)) == 1


async def test_pieces_need_the_token_the_session_and_ones_own_application(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        await browser.get(papers_of(citizen) + "/ktp")
        token = token_of(browser)
        _status, begun = await announce(browser, citizen, token, 5000)
        status, said = await announce(browser, citizen, b"made-up", 5000)
        assert (status, set(said)) == (403, {"text"})
        assert (await send(browser, begun["url"], b"", 0, b"x"))[0] == 403
        async with await with_questionnaire(site, browser, "lain@example.org") as other:
            await browser.get(papers_of(other) + "/ktp")
            stranger = token_of(browser)
            assert (await send(browser, begun["url"], stranger, 0, b"x"))[0] == 404
            assert (await browser.raw("HEAD", begun["url"]))[0] == 404
            assert (await announce(browser, citizen, stranger, 5000))[0] == 404
        sign_out(browser)
        status, said = await send(browser, begun["url"], token, 0, b"x")
        assert (status, "Sesi Anda sudah berakhir" in said["text"]) == (401, True)
        assert [known["state"] for known in await documents(citizen)] == ["uploading"]


async def test_a_piece_that_is_cut_in_the_middle_goes_on_where_it_stands(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        content = picture()
        await browser.get(papers_of(citizen) + "/ktp")
        token = token_of(browser)
        _status, begun = await announce(browser, citizen, token, len(content))
        head = (
            f"PATCH {begun['url']} HTTP/1.1\r\nX-Form-Token: {token.decode()}\r\nContent-Type: {STREAM}\r\n"
            f"Upload-Offset: 0\r\nContent-Length: {len(content)}"
        )
        await send_and_leave(browser, head, content[:1500])
        status, headers, _body = await browser.raw("HEAD", begun["url"])
        offset = int(headers["Upload-Offset"])
        assert (status, offset <= 1500) == (200, True)
        status, said = await send(browser, begun["url"], token, offset, content[offset:])
        assert (status, said["done"]) == (200, True)


async def test_odd_pieces_are_refused_in_a_sentence(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        await browser.get(papers_of(citizen) + "/ktp")
        token = token_of(browser)
        wrong: dict[str, tuple[Any, ...]] = {
            "size": (0, 60_000_000),
            "page": (11,),
            "type": ("text/html",),
            "paper": ("<script>",),
        }
        for name, value in [(name, value) for name, values in wrong.items() for value in values]:
            status, said = await announce(browser, citizen, token, 5000, **{name: value})
            assert status in (413, 415, 422), (name, value)
            assert said["text"]
        odd = [("size", None), ("size", "many"), ("size", float("inf")), ("page", "x"), ("filler", "x" * 3000)]
        for name, value in odd:
            assert (await announce(browser, citizen, token, 5000, **{name: value}))[0] == 413, name
        for body in (b"", b"[]", b"{}", b"no json"):
            headers = {"X-Form-Token": token.decode()}
            status, _headers, _body = await browser.raw(
                "POST", papers_of(citizen) + "/ktp/pieces", data=body, headers=headers
            )
            assert status == 413
        assert not await documents(citizen)
        _status, begun = await announce(browser, citizen, token, MOST_PIECE_BYTES + 1)
        whole = picture() + bytes(MOST_PIECE_BYTES + 1)
        assert (await send(browser, begun["url"], token, 0, whole[: MOST_PIECE_BYTES + 1]))[0] == 413
        status, said = await send(browser, begun["url"], token, 0, whole[:MOST_PIECE_BYTES])
        assert (status, said["offset"]) == (200, MOST_PIECE_BYTES)
        headers = {"X-Form-Token": token.decode(), "Content-Type": "text/plain", "Upload-Offset": "0"}
        assert (await browser.raw("PATCH", begun["url"], data=b"x", headers=headers))[0] == 413
        headers |= {"Content-Type": STREAM, "Upload-Offset": "-1"}
        assert (await browser.raw("PATCH", begun["url"], data=b"x", headers=headers))[0] == 422
        assert (await send(browser, begun["url"] + "%2F..", token, 0, b"x"))[0] == 404
        assert (await send(browser, begun["url"] + "_", token, 0, b"x"))[0] == 404


async def test_a_service_that_is_down_is_told_to_the_script(site: Site, browser: Browser) -> None:
    async with await with_questionnaire(site, browser) as citizen:
        await browser.get(papers_of(citizen) + "/ktp")
        token, cookies = token_of(browser), browser.cookies()
        async with site.browser(application_url="http://127.0.0.1:9") as away:
            for name, value in cookies.items():
                away.set_cookie(name, value)
            status, said = await announce(away, citizen, token, 5000)
            assert (status, "sebentar lagi" in said["text"]) == (503, True)


def test_the_script_is_small_and_plain() -> None:
    script = Path(STATIC, "upload.js").read_bytes()
    assert len(script) <= MOST_SCRIPT_BYTES
    for word in (b"innerHTML", b"eval(", b"http://", b"https://", b".style"):
        assert word not in script
