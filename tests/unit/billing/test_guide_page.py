"""The refund guide for people: where the mails link to, a browser gets a page, made from the same data as the JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.billing.data.reference import refund_reasons
from services.billing.refunds.guide_page import ROLES, guide_page
from services.billing.refunds.schemas import RefundGuideView
from services.billing.rules import RefundPolicy
from shared.http.accept import preferred
from shared.http.app import build_app
from shared.http.call import HTML, JSON
from shared.tokens import StaticKeys, TokenIssuer, TokenVerifier, new_signing_key_pem
from tests.unit.billing.world import World

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
VOID = {"meta"}

Client = TestClient[web.Request, web.Application]


@dataclass
class Page(HTMLParser):
    """The parsed text of a page, and whether its tags are balanced."""

    text: list[str] = field(default_factory=list)
    marks: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.marks.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.marks if name == tag]

    @property
    def words(self) -> str:
        return " ".join(self.text)


def read(page: bytes) -> Page:
    parsed = Page()
    parsed.feed(page.decode())
    parsed.close()
    assert parsed.open == []
    return parsed


def guide(on: date) -> RefundGuideView:
    return RefundGuideView.from_table(refund_reasons(), RefundPolicy(), on)


@pytest.fixture
async def client(world: World, socket_enabled: None) -> AsyncIterator[Client]:
    issuer = TokenIssuer(new_signing_key_pem(), "paspor-identity", world.clock)
    verifier = TokenVerifier(StaticKeys(issuer.jwks()), world.clock)
    app = build_app(
        world.parts.endpoints,
        service_name="billing",
        clock=world.clock,
        verifier=verifier,
        sessions=world.parts.sessions,
    )
    app[world.parts.key] = world.parts.service
    client: Client = TestClient(TestServer(app))
    await client.start_server()
    yield client
    await client.close()


async def got(client: Client, query: str = "", **headers: str) -> tuple[web.Response | Any, str]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.get(f"/v1/refund-guide{query}", headers=sent) as answer:
        return answer, await answer.text()


@pytest.mark.acceptance("F42.refund_page")
async def test_a_browser_gets_a_page_and_a_program_gets_the_data(client: Client) -> None:
    answer, page = await got(client, Accept=BROWSER)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (answer.headers["Content-Language"], answer.headers["Vary"]) == ("id", "Accept, Accept-Language")
    assert "Cara memperoleh kembali biaya paspor" in page
    for accept in ("*/*", JSON, "application/json, text/html;q=0.5", "image/png"):
        answer, _ = await got(client, Accept=accept)
        assert answer.headers["Content-Type"] == JSON, accept
        data = await answer.json()
        assert data["reasons"]
        assert data["on"] == "2026-11-23"


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "en-GB,en;q=0.9", "en"),
        ("", "id-ID,id;q=0.9,en;q=0.8", "id"),
        ("", "fr", "id"),
        ("?language=en", "id", "en"),
        ("?language=id", "en", "id"),
    ],
)
async def test_the_page_speaks_the_language_that_was_chosen(
    client: Client, query: str, accepted: str, language: str
) -> None:
    answer, page = await got(client, query, Accept=BROWSER, Accept_Language=accepted)
    assert answer.headers["Content-Language"] == language
    parsed = read(page.encode())
    assert parsed.all("html") == [{"lang": language}]
    assert ("How to get a passport fee back" in page) == (language == "en")
    other = "en" if language == "id" else "id"
    assert parsed.all("a") == [{"href": f"?language={other}", "hreflang": other, "lang": other}]


async def test_a_language_that_is_not_spoken_is_refused(client: Client) -> None:
    answer, _ = await got(client, "?language=fr", Accept=BROWSER)
    assert answer.status == 422


async def test_the_page_runs_nothing_and_loads_nothing(client: Client) -> None:
    answer, page = await got(client, Accept=BROWSER)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    parsed = read(page.encode())
    names = {name for name, _ in parsed.marks}
    assert names.isdisjoint({"script", "img", "link", "iframe", "form", "object"})
    assert not any(attribute.startswith("on") for _, given in parsed.marks for attribute in given)
    assert len(page.encode()) < 32_768


@pytest.mark.acceptance("F42.refund_page")
@pytest.mark.parametrize("language", ["id", "en"])
def test_everything_of_the_data_is_on_the_page(language: Any) -> None:
    data = guide(date(2026, 11, 22))
    words = read(guide_page(data, language)).words
    end = "" if language == "en" else "_id"
    for reason in data.reasons:
        assert getattr(reason, f"title{end}") in words
        assert reason.legal_basis in words
        assert ROLES[reason.decided_by][language == "id"] in words
    for stage in data.stages:
        assert getattr(stage, f"title{end}") in words
        assert ROLES[stage.actor][language == "id"] in words
    for rule in data.rules:
        assert getattr(rule, f"text{end}") in words
    for line in data.how if language == "en" else data.how_id:
        assert line in words
    unit = {"en": "working days", "id": "hari kerja"}[language]
    assert f"{data.papers_working_days} {unit}" in words
    assert str(data.object_within_days) in words
    assert str(data.objection_decided_within_days) in words


def test_only_the_reasons_of_the_day_are_on_it() -> None:
    title = "Paid although entitled to the zero tariff"
    assert title not in read(guide_page(guide(date(2024, 12, 16)), "en")).words
    assert title in read(guide_page(guide(date(2024, 12, 17)), "en")).words


def test_a_reader_of_screens_finds_the_way() -> None:
    parsed = read(guide_page(guide(date(2026, 11, 22)), "id"))
    assert len(parsed.all("h1")) == len(parsed.all("main")) == len(parsed.all("title")) == 1
    assert len(parsed.all("caption")) == len(parsed.all("table")) == 3
    assert {cell["scope"] for cell in parsed.all("th")} == {"col", "row"}
    titles = {heading["id"] for heading in parsed.all("h2")}
    assert {section["aria-labelledby"] for section in parsed.all("section")} == titles


def test_what_comes_from_the_data_is_text_and_never_marks() -> None:
    data = guide(date(2026, 11, 22))
    evil = data.reasons[0].model_copy(update={"title": "<script>alert(1)</script>", "legal_basis": 'a"b&c'})
    page = guide_page(data.model_copy(update={"reasons": (evil,)}), "en")
    assert b"<script" not in page
    assert b"a&quot;b&amp;c" in page


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, JSON),
        ("", JSON),
        (BROWSER, HTML),
        ("text/*", HTML),
        ("TEXT/HTML", HTML),
        ("text/html;q=0.5, application/json;q=0.4", HTML),
        ("text/html;level=1;q=0.2, application/json", JSON),
        ("text/html;q=0, */*", JSON),
        ("application/json;q=0, */*;q=0.1", HTML),
        ("*/*;q=0.9, text/html;q=x", JSON),
        (";;,", JSON),
    ],
)
def test_the_form_that_accept_weighs_most(accept: str | None, wanted: str) -> None:
    assert preferred(accept, (JSON, HTML)) == wanted
