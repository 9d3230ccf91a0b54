"""Parts of the frame by themselves: words, dates, the process, calls to services."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from portal.__main__ import main
from portal.api.client import Api
from portal.api.problem import Problem, ServiceDown, SignedOut
from portal.api.renewals import Renewals
from portal.api.services import MOST_BYTES, Services
from portal.app import run
from portal.config import Settings
from portal.web import dates
from portal.web.binding import read_kept
from portal.web.form_tokens import make_token
from portal.web.forms import Form
from portal.web.words import Words, WordsMissing
from tests.unit.portal.fake_api import FakeApi, open_fake_api, seal
from tests.unit.portal.site import KEYS
from tests.unit.portal.trying import FACTS, PAGES

SERVICES = ("identity", "application", "scheduling", "billing", "notification")


@pytest.fixture
async def fake() -> AsyncIterator[FakeApi]:
    async with open_fake_api() as fake:
        yield fake


@pytest.fixture
async def api(fake: FakeApi) -> AsyncIterator[Api]:
    services = Services(dict.fromkeys(SERVICES, fake.url))
    yield Api(services, Renewals(services, fake.clock.now), session=fake.session(), language="id", address="192.0.2.1")
    await services.close()


@pytest.mark.parametrize(
    "table",
    ['[a]\nid = "Halo"\n', '[a]\nen = "Hello"\n', '[a]\nid = "Halo"\nen = ""\n', 'a = "Halo"\n', '[a.b]\nid = "x"\n'],
)
def test_a_sentence_that_lacks_a_language_stops_the_start(tmp_path: Path, table: str) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "words.toml").write_text(table)
    with pytest.raises(WordsMissing):
        Words(tmp_path)


def test_a_room_may_override_a_shared_sentence_and_facts_must_be_given(tmp_path: Path) -> None:
    for room, text in (("web", "bersama {who}"), ("room", "sendiri")):
        (tmp_path / room).mkdir()
        (tmp_path / room / "words.toml").write_text(f'[a]\nid = "{text}"\nen = "{text}"\n')
    words = Words(tmp_path)
    assert words.keys() == {"web.a", "room.a"}
    assert words.sentence("id", "room", "a", {}) == "sendiri"
    assert words.sentence("id", "other", "a", {"who": "kita"}) == "bersama kita"
    for key, facts in (("a", {"x": 1}), ("b", {})):
        with pytest.raises(WordsMissing):
            words.sentence("id", "other", key, facts)


def test_dates_times_and_amounts_are_written_as_people_write_them() -> None:
    moment = "2026-12-07T02:30:00Z"
    assert dates.write_date("2026-12-07", "id") == "Senin, 7 Desember 2026"
    assert dates.write_short_date("2026-12-07", "en") == "7 Dec 2026"
    assert dates.write_moment(moment, "id") == "Senin, 7 Desember 2026 pukul 09.30 WIB"
    assert dates.write_moment(moment, "en", "Asia/Jayapura") == "Monday, 7 December 2026 at 11:30 WIT"
    assert dates.write_clock(moment, "id", "Asia/Makassar") == "10.30 WITA"
    assert dates.write_clock(moment, "en", "Mars/Olympus") == "09:30 WIB"
    assert dates.write_rupiah(1_650_000) == "Rp1.650.000"


def test_a_form_reads_what_was_typed() -> None:
    form = Form({"a": [" x "], "b": ["", "1"], "c": ["yes"], "d-day": ["7"], "d-month": ["2"], "d-year": ["26"]})
    assert (form.text("a"), form.optional("z"), form.chosen("b")) == ("x", None, ["1"])
    assert (form.flag("c"), form.flag("a")) == (True, None)
    assert (form.date("d"), form.date("e")) == ("0026-02-07", None)


async def test_calls_of_every_kind_reach_the_service_and_its_answers_come_back(fake: FakeApi, api: Api) -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        return web.json_response({"query": dict(request.query)}, headers={"Upload-Offset": "3"})

    async def letter(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"%PDF", content_type="application/pdf")

    for method in ("GET", "PATCH", "HEAD", "DELETE"):
        fake.answers[method, "/v1/applications"] = echo
    fake.answers["GET", "/v1/receipts"] = letter
    assert (await api.get("/v1/applications", a=True, b=2, c=None))["query"] == {"a": "true", "b": "2"}
    assert await api.download("/v1/receipts") == ("application/pdf", b"%PDF")
    status, headers, _ = await api.upload("/v1/applications", b"abc", {"Upload-Offset": "0"})
    assert (status, headers["Upload-Offset"]) == (200, "3")
    assert (await api.head("/v1/applications"))["Upload-Offset"] == "3"
    assert await api.send("DELETE", "/v1/applications", key="k-12345678") == {"query": {}}
    assert await api.find("/v1/credits") is None
    assert api.waited.calls == 6


async def test_answers_that_cannot_be_read_are_told_as_what_they_are(fake: FakeApi, api: Api) -> None:
    async def huge(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * (MOST_BYTES + 1))

    async def odd(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=418, body=b"<html>", headers={"Retry-After": "soon"})

    fake.answers["GET", "/v1/bills"] = huge
    with pytest.raises(ServiceDown, match="answer_too_large"):
        await api.get("/v1/bills")
    fake.answers["GET", "/v1/bills"] = odd
    with pytest.raises(Problem) as told:
        await api.get("/v1/bills")
    assert (told.value.status, told.value.code, told.value.retry_after_seconds) == (418, "status_418", None)
    fake.answers["GET", "/v1/bills"] = (409, {"code": "x", "title": "Salah.", "field": "amount"})
    with pytest.raises(Problem) as told:
        await api.get("/v1/bills")
    assert told.value.fields[0].pointer == "amount"
    fake.answers["GET", "/v1/evidence"] = (403, {})
    with pytest.raises(Problem):
        await api.find("/v1/evidence")
    with pytest.raises(LookupError):
        await api.get("/v1/nothing-of-ours")
    api.session = None
    with pytest.raises(SignedOut):
        await api.renew()


async def test_a_service_that_is_not_there_is_down(fake: FakeApi) -> None:
    services = Services(dict.fromkeys(SERVICES, "http://127.0.0.1:9"))
    assert services.names == SERVICES
    assert services.url_of("/v1/applicants/a-1/border-crossings") == (
        "http://127.0.0.1:9/v1/applicants/a-1/border-crossings"
    )
    with pytest.raises(ServiceDown):
        await services.call("GET", "/v1/bills", headers={})
    with pytest.raises(ServiceDown):
        await services.open_stream("/v1/account-events", {})
    assert not await services.is_ready("billing")
    await services.close()
    fake.answers["GET", "/health/ready"] = (200, {})
    ready = Services(dict.fromkeys(SERVICES, fake.url))
    assert await ready.is_ready("billing")
    await ready.close()


async def test_a_form_that_nothing_shows_again_is_not_there(fake: FakeApi) -> None:
    async with fake.browser(pages=PAGES) as browser:
        browser.set_cookie("session", seal(fake.session()))
        page = await browser.get("/try")
        data = {"form_token": page.form("name").values["form_token"][0], "form_refill": "yes"}
        assert (await browser.raw("POST", "/try/plain", data=data))[0] == 404
        fake.answers["POST", "/v1/applications"] = (422, {"code": "malformed", "title": "Ada yang salah."})
        fake.answers["GET", FACTS] = (409, {"code": "x", "title": "Yang kedua."})
        data = {"form_token": data["form_token"], "name": "x"}
        status, _, body = await browser.raw("POST", "/try/known", data=data)
        assert (status, b"Yang kedua." in body) == (409, True), "the form cannot be shown: the second refusal is"


def test_a_kept_form_that_was_altered_is_none() -> None:
    token = make_token("secret", "acc-1")

    class Visit:
        account_id = "acc-1"

        class cookies:  # noqa: N801 - stands for a member
            @staticmethod
            def open(sealed: str, _field: str) -> str | None:
                kept = {"path": "/try", "values": {"a": ["b"]}, "token": token, "secret": "secret"}
                return json.dumps(kept) if sealed == "good" else None

    visit: Any = Visit
    assert read_kept(visit, "good") == ("/try", {"a": ["b"]})
    assert read_kept(visit, "bad") is None
    assert read_kept(visit, "") is None
    visit.account_id = "acc-2"
    assert read_kept(visit, "good") is None, "somebody else signed in"


def test_settings_that_are_wrong_are_told_in_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PASPOR_PORTAL_KEYS", raising=False)
    assert main() == 2
    assert "PASPOR_PORTAL_KEYS" in capsys.readouterr().err

    async def served(settings: Settings) -> None:
        assert settings.http_port == 8108

    monkeypatch.setenv("PASPOR_ENVIRONMENT", "test")
    monkeypatch.setenv("PASPOR_PORTAL_KEYS", KEYS)
    monkeypatch.setattr("portal.__main__.run", served)
    monkeypatch.setattr("portal.__main__.configure_logs", lambda *_: None)
    assert main() == 0


async def test_the_process_serves_until_it_is_told_to_stop(fake: FakeApi) -> None:
    urls = {f"{name}_url": fake.url for name in SERVICES}
    settings = Settings.load(environment="test", portal_keys=KEYS, http_port=0, **urls)
    stop = asyncio.Event()
    serving = asyncio.create_task(run(settings, stop))
    await asyncio.sleep(0.1)
    assert not serving.done()
    stop.set()
    async with asyncio.timeout(10):
        await serving
