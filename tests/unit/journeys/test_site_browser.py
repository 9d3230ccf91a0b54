"""The browser of the walks: forms as HTML has them, cookies, and pages of errors that are told as such."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from journeys.api_client import GaveUp
from journeys.site_browser import PageWrong, SiteBrowser

PAGE = """<!DOCTYPE html><html lang="id"><body><h1>Isi <b>data</b></h1>
<form method="post" action="/taken">
<input type="hidden" name="form_token" value="t1"><input name="name" value="">
<input type="radio" name="kind" value="a"><input type="radio" name="kind" value="b" checked>
<select name="place"><option value="x">X</option><option value="y" selected>Y</option></select>
<textarea name="note">lama</textarea><input type="submit" name="unsent" value="1">
<button name="go" value="1">OK</button>
</form>
<form method="post" action="/taken" enctype="multipart/form-data"><input type="file" name="picture"></form>
<form method="get" action="/search"><input name="q"></form>
<a href="/next?told=x">Lanjut</a></body></html>"""


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def browser() -> AsyncIterator[SiteBrowser]:
    looks = 0

    async def show(_request: web.Request) -> web.Response:
        answer = web.Response(text=PAGE, content_type="text/html")
        answer.set_cookie("seen", "yes")
        return answer

    async def take(request: web.Request) -> web.Response:
        given = await request.post()
        if given.get("name") == "salah":
            text = '<h1>Isi</h1><p class="govuk-error-message">Nama <b>ini</b> salah.</p>'
            return web.Response(status=422, text=text, content_type="text/html")
        told = "&".join(
            f"{name}={value if isinstance(value, str) else len(value.file.read())}" for name, value in given.items()
        )
        return web.Response(status=303, headers={"Location": f"/next?{told}"})

    async def go_on(request: web.Request) -> web.Response:
        nonlocal looks
        looks += 1
        link = '<a href="/letter">Surat</a>' if looks > 2 else ""
        said = f"<h1>{request.query_string}</h1><p>{request.cookies.get('seen')}</p>{link}"
        return web.Response(text=said, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", show)
    app.router.add_post("/taken", take)
    for path in ("/next", "/search"):
        app.router.add_get(path, go_on)
    async with TestServer(app) as server, SiteBrowser(str(server.make_url("/"))) as browser:
        yield browser


async def test_a_form_is_sent_with_what_it_held_and_what_is_typed(browser: SiteBrowser) -> None:
    page = await browser.get("/")
    assert (page.heading, page.link(r"^/next")) == ("Isi data", "/next?told=x")
    form = page.form("name")
    assert form.choices == {"kind": ["a", "b"], "place": ["x", "y"], "go": ["1"]}
    page = await browser.fill(form, name="Sari", kind="a", unknown="left out")
    assert page.path == "/next?form_token=t1&name=Sari&kind=a&place=y&note=lama"
    assert "yes" in page.text, "cookies are kept"


async def test_files_and_searches_are_sent_as_forms_say(browser: SiteBrowser) -> None:
    page = await browser.get("/")
    assert (await browser.fill(page.form("picture"), picture=b"12345")).path == "/next?picture=5"
    assert (await browser.fill(page.form("q"), q="a b")).path == "/search?q=a+b"


async def test_refusals_and_errors_say_what_the_page_says(browser: SiteBrowser) -> None:
    page = await browser.get("/")
    with pytest.raises(PageWrong, match=r"422.*the form was refused\. It says: Nama ini salah\."):
        await browser.fill(page.form("name"), name="salah")
    with pytest.raises(PageWrong, match="404"):
        await browser.get("/nowhere")
    with pytest.raises(PageWrong, match="no form with code"):
        page.form("code")
    with pytest.raises(PageWrong, match="no link leads to"):
        page.link("^/pay")


async def test_a_page_is_loaded_again_until_it_has_what_is_waited_for(
    browser: SiteBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await browser.look_until("/next", lambda page: page.find_link("^/letter$"), "the letter")
    assert page.links == ["/letter"]
    monkeypatch.setattr("journeys.site_browser._LOOKS", 1)
    with pytest.raises(GaveUp, match="the refund did not happen"):
        await browser.look_until("/next", lambda page: page.has_form("refund"), "the refund")
