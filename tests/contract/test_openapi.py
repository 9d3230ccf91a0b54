"""The HTTP layer keeps what its descriptions promise, shown on the demo service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from shared.clock import SystemClock
from shared.errors import Refusal
from shared.http import PUBLIC, Call, Endpoint, HttpOptions, View, build_app, serve
from shared.http.openapi import build_openapi
from shared.tokens import Caller, Role, StaticKeys, TokenIssuer, TokenVerifier, new_signing_key_pem
from tests.contract.openapi_fuzz import fuzz_openapi
from tests.contract.openapi_rules import assert_sound, broken_rules
from tests.unit.shared_http.demo import NOTEBOOK, NewNote, Notebook, NotesQuery, api

TWISTED_PATH = "/v1/twisted.json"


async def twisted(_request: web.Request) -> web.Response:
    """The demo's description, but for problem answers, which promise a member that none has."""
    document = build_openapi(api.all, "demo", "1.0.0")
    for answer in document["components"]["responses"].values():
        for content in answer.get("content", {}).values():
            content["schema"] = {"type": "object", "required": ["never_there"]}
    return web.json_response(document)


@dataclass
class Served:
    url: str
    token: str


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    clock = SystemClock()
    issuer = TokenIssuer(new_signing_key_pem(), "paspor-identity", clock)
    verifier = TokenVerifier(StaticKeys(issuer.jwks()), clock)
    app = build_app(
        api.all, service_name="demo", clock=clock, verifier=verifier, options=HttpOptions(rate_factor=1_000_000)
    )
    app[NOTEBOOK] = Notebook(clock)
    app[NOTEBOOK].go_on.set()
    app.router.add_get(TWISTED_PATH, twisted)
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(app, "127.0.0.1", 0, stop, 1.0, listening=lambda host, port: ready.set_result(f"http://{host}:{port}"))
    )
    yield Served(await ready, issuer.issue(Caller("a1", Role.APPLICANT, "s1"), 900))
    stop.set()
    await serving


async def test_a_described_service_keeps_its_word(served: Served) -> None:
    report = await fuzz_openapi(served.url, token=served.token, without=["trouble", "broken_export"])
    report.assert_clean()


async def test_a_service_that_breaks_its_word_is_found(served: Served) -> None:
    report = await fuzz_openapi(served.url, token=served.token, only=["trouble"], examples=3)
    assert not report.clean
    assert "something_broke" in report.output or "Server error" in report.output


async def test_a_problem_that_breaks_the_description_it_shares_is_found(served: Served) -> None:
    report = await fuzz_openapi(
        served.url, token=served.token, only=["write_note"], examples=3, document_path=TWISTED_PATH
    )
    assert not report.clean
    assert "never_there" in report.output


def test_the_demos_endpoints_keep_the_house_rules() -> None:
    assert_sound(api.all, "demo")


class Loose(View):
    text: str
    many: list[str]


class Mumbles(Refusal):
    code = "mumbles"
    title = "not a sentence"
    title_id = "Kalimat."
    next_action = "Do something."


async def lies(call: Call[None, NewNote]) -> None:
    return None


def test_each_house_rule_is_looked_at() -> None:
    endpoint = Endpoint("POST", "/x", lies, "", PUBLIC, {204: None}, body=Loose, query=NotesQuery, refusals=(Mumbles,))
    said = "\n".join(broken_rules(endpoint))
    for rule in (
        "outside /v1/",
        "summary",
        "Loose is no Body",
        "Loose/text has no upper limit",
        "Mumbles.title is no sentence",
        "English only",
        "reads its body as",
        "reads its query as",
    ):
        assert rule in said
    endpoint = Endpoint("GET", "/v1/x", lies, "x", PUBLIC, {204: None}, query=Loose)
    assert "Loose.many is no scalar" in "\n".join(broken_rules(endpoint))
