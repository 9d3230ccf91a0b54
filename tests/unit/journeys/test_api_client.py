"""The journeys' client waits where a service holds its calls, and asks again and again where none does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from journeys import api_client
from journeys.api_client import Api, GaveUp


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


class Service:
    """Answers from a list, the last one for ever, and keeps what it was asked with."""

    def __init__(self, *answers: web.Response) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def said(state: str = "", **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if not state:
        return web.Response(status=304, headers=named)
    return web.json_response({"state": state}, headers=named)


@pytest.fixture
async def ask(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    """Asks a service until it says `paid`; returns what was seen and the pauses that were made."""
    servers: list[TestServer] = []
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def get_until(service: Service, seconds: float = 60.0) -> tuple[Any, list[float]]:
        app = web.Application()
        app.router.add_get("/bill", service.answer)
        server = TestServer(app)
        servers.append(server)
        await server.start_server()
        monkeypatch.setattr(api_client.asyncio, "sleep", pause)
        async with Api() as api:
            url = str(server.make_url("/bill"))
            seen = await api.get_until(url, lambda bill: bill["state"] == "paid", "the payment", seconds=seconds)
        return seen, pauses

    yield get_until
    monkeypatch.undo()
    for server in servers:
        await server.close()


async def test_it_waits_by_the_etag_and_makes_no_pause(ask: Callable[..., Any]) -> None:
    service = Service(
        said("issued", ETag='"a"'),
        said(ETag='"a"', Preference_Applied="wait=20"),
        said("paid", ETag='"b"', Preference_Applied="wait=20"),
    )
    assert await ask(service) == ({"state": "paid"}, [])
    conditions = [(asked.get("If-None-Match"), asked.get("Prefer")) for asked in service.asked]
    assert conditions == [(None, None), ('"a"', "wait=20"), ('"a"', "wait=20")]


async def test_it_pauses_longer_and_longer_where_the_wait_is_not_applied(ask: Callable[..., Any]) -> None:
    service = Service(said("issued", ETag='"a"'), *[said(ETag='"a"')] * 3, said("paid", ETag='"b"'))
    seen, pauses = await ask(service)
    assert seen == {"state": "paid"}
    assert len(pauses) == 4
    assert pauses == sorted(set(pauses))


async def test_it_asks_again_and_again_where_there_is_no_etag(ask: Callable[..., Any]) -> None:
    service = Service(said("issued"), said("issued"), said("paid"))
    seen, pauses = await ask(service)
    assert (seen, len(pauses)) == ({"state": "paid"}, 2)
    assert all("Prefer" not in asked for asked in service.asked)


async def test_it_gives_up_and_tells_what_it_saw(ask: Callable[..., Any]) -> None:
    with pytest.raises(GaveUp, match=r"the payment did not happen within 0 s; last seen: .*issued"):
        await ask(Service(said("issued")), seconds=0)


async def test_a_call_that_another_one_is_still_doing_is_sent_again_when_that_has_ended(
    ask: Callable[..., Any],
) -> None:
    under_way = web.json_response({"code": "upload_under_way"}, status=409, headers={"Retry-After": "2"})
    assert await ask(Service(under_way, said("paid"))) == ({"state": "paid"}, [2.0])
