"""`/docs` shows the interface in a browser and reaches no other address than the one that served it."""

from __future__ import annotations

import asyncio
import re
import threading
from html.parser import HTMLParser
from typing import Any

import pytest

from shared.http import OPENAPI_PATH
from shared.http.docs_page import FILES, PAGE_PATH, POLICY, START
from shared.http.openapi import build_openapi
from shared.settings import Environment
from tests.unit.shared_http.conftest import Client, Serve

FETCHED = re.compile(r"(?:https?:)?//[a-z0-9.-]+", re.IGNORECASE)


class Named(HTMLParser):
    """The addresses that a page names, and its parts that would run or style by themselves."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag
        for name, value in attrs:
            if name in ("src", "href", "action"):
                self.addresses.append(value or "")
            if name.startswith("on") or name == "style":
                self.inline.append(name)

    def handle_data(self, data: str) -> None:
        if self._open in ("script", "style") and data.strip():
            self.inline.append(data)


@pytest.fixture
async def shown(serve: Serve) -> Client:
    return await serve(docs=True, trial=True)


async def test_the_page_names_only_files_of_ours_and_each_is_there(shown: Client) -> None:
    answer = await shown.get(PAGE_PATH)
    assert (answer.status, answer.content_type) == (200, "text/html")
    page = await answer.text()
    assert "<title>Paspor: demo</title>" in page
    named = Named(page)
    assert named.inline == []
    assert sorted(named.addresses) == [
        "data:,",
        "docs/start.js",
        *(f"docs/{name}" for name in sorted(FILES)),
    ]
    for address in named.addresses[1:]:
        file = await shown.get(f"/{address}")
        assert file.status == 200, address
        assert file.content_type in ("text/css", "text/javascript", "application/javascript")
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        assert len(await file.read()) > 100


async def test_nothing_may_be_fetched_from_elsewhere_run_inline_or_framed(shown: Client) -> None:
    policy = (await shown.get(PAGE_PATH)).headers["Content-Security-Policy"]
    assert policy == POLICY
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["img-src"] == "'self' data:"
    assert "unsafe" not in policy


async def test_what_we_write_and_the_style_name_no_other_address(shown: Client) -> None:
    assert FETCHED.findall(re.sub(r"^//.*$", "", START, flags=re.MULTILINE)) == []
    assert 'url: "docs/openapi.json"' in START and "validatorUrl: null" in START
    style = await (await shown.get("/docs/swagger-ui.css")).text()
    loaded = re.findall(r"url\(\s*['\"]?([^'\")]{0,20})", style)
    assert [address for address in loaded if not address.startswith("data:")] == []
    assert "@import" not in style


async def test_the_document_is_the_services_own_with_the_trial_in_it(shown: Client) -> None:
    plain = await (await shown.get(OPENAPI_PATH)).json()
    told = await (await shown.get("/docs/openapi.json")).json()
    assert told["paths"].keys() == plain["paths"].keys()
    assert "BUDI CONTOH" in told["info"]["description"]
    assert "BUDI" not in str(plain)


async def test_the_document_is_made_once_and_for_its_first_reader(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[threading.Thread] = []

    def build(*words: Any) -> dict[str, Any]:
        made.append(threading.current_thread())
        return build_openapi(*words)

    monkeypatch.setattr("shared.http.app.build_openapi", build)
    client = await serve(docs=True)
    assert made == [], "a start does without it"
    answers = await asyncio.gather(*(client.get(path) for path in (OPENAPI_PATH, "/docs/openapi.json", OPENAPI_PATH)))
    assert [answer.status for answer in answers] == [200] * 3
    [maker] = made
    assert maker is not threading.main_thread(), "other calls go on meanwhile"


async def test_without_a_trial_nothing_of_one_is_shown(serve: Serve) -> None:
    client = await serve(docs=True)
    told = await (await client.get("/docs/openapi.json")).json()
    assert told == await (await client.get(OPENAPI_PATH)).json()


async def test_it_is_not_there_unless_it_is_asked_for(demo: Client) -> None:
    for path in (PAGE_PATH, "/docs/start.js", "/docs/openapi.json", *(f"/docs/{name}" for name in FILES)):
        assert (await demo.get(path)).status == 404


@pytest.mark.parametrize("path", ["/docs/..%2f__init__.py", "/docs/swagger-ui.js", "/docs/", "/docs/index.html"])
async def test_no_other_file_of_the_package_is_served(shown: Client, path: str) -> None:
    assert (await shown.get(path)).status == 404


@pytest.mark.parametrize(
    ("environment", "asked", "served"),
    [
        (Environment.PRODUCTION, None, False),
        (Environment.PRODUCTION, True, True),
        (Environment.LOCAL, None, True),
        (Environment.TEST, None, True),
        (Environment.LOCAL, False, False),
    ],
)
def test_production_serves_it_only_where_it_is_asked_for(environment: Any, asked: bool | None, served: bool) -> None:
    from shared.settings import ServiceSettings

    settings = ServiceSettings.model_construct(environment=environment, docs_page=asked)
    assert settings.serves_docs is served
