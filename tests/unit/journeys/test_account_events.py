"""A citizen is told by the account's stream when to look, and looks by themselves while it is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from journeys import account_events
from journeys.account_events import AccountEvents
from journeys.addresses import Addresses
from journeys.api_client import Api
from journeys.citizen import Citizen
from journeys.outside_world import Outside
from journeys.people import People


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


def change(kind: str, thing_id: str, fact: str, event_id: str = "1-a") -> str:
    data = json.dumps({"kind": kind, "id": thing_id, "fact": fact})
    return f"event: change\nid: {event_id}\ndata: {data}\n\n"


class Service:
    """Streams what a test puts in, answers bills, and keeps what it was asked."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self.status = 200
        self.last_ids: list[str | None] = []
        self.asked: list[str] = []
        self.bill_state = "issued"
        self.bills = [{"bill_id": "bill-1", "requested_at": "2026-01-01"}]

    async def stream(self, request: web.Request) -> web.StreamResponse:
        self.last_ids.append(request.headers.get("Last-Event-ID"))
        if self.status != 200:
            return web.json_response({"code": "session_over"}, status=self.status)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while text := await self.said.get():
            await response.write(text.encode())
        return response

    async def bill(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response({"bill_id": request.match_info["bill_id"], "state": self.bill_state})

    async def list_bills(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response({"bills": [{**bill, "state": self.bill_state} for bill in self.bills]})


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def url(service: Service) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/v1/account-events", service.stream)
    app.router.add_get("/v1/bills", service.list_bills)
    app.router.add_get("/v1/bills/{bill_id}", service.bill)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    service.said.put_nowait("")
    await server.close()


@pytest.fixture
async def events(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AccountEvents]:
    monkeypatch.setattr(account_events, "RETRY_SECONDS", 0)
    async with Api() as api:
        events = AccountEvents(api, f"{url}/v1/account-events")
        yield events
        await events.close()


async def test_a_fact_that_was_told_is_found_and_a_new_one_awaited(events: AccountEvents, service: Service) -> None:
    events.begin()
    service.said.put_nowait("retry: 3000\n\n: still here\n\nevent: begin\nid: 0-a\ndata: {}\n\n")
    service.said.put_nowait(change("bill", "bill-1", "issued"))
    assert await events.wait_for("bill", ("issued", "paid")) == "bill-1"
    assert await events.wait_for("bill", ("issued",), "bill-1") == "bill-1", "told before, found without a wait"
    awaited = asyncio.create_task(events.wait_for("bill", ("paid",)))
    service.said.put_nowait(change("application", "bill-1", "paid") + change("bill", "bill-2", "paid"))
    assert await awaited == "bill-2"


async def test_what_is_not_told_in_time_is_not_known(events: AccountEvents, service: Service) -> None:
    events.begin()
    service.said.put_nowait(change("bill", "bill-1", "issued"))
    await events.wait_for("bill", ("issued",))
    assert await events.wait_for("bill", ("paid",), seconds=0) is None


async def test_a_broken_stream_is_opened_again_after_the_last_event(events: AccountEvents, service: Service) -> None:
    events.begin()
    service.said.put_nowait(change("bill", "bill-1", "issued", "7-a"))
    await events.wait_for("bill", ("issued",))
    service.said.put_nowait("")
    service.said.put_nowait(change("bill", "bill-1", "paid", "8-a"))
    while await events.wait_for("bill", ("paid",)) is None:  # noqa: ASYNC110 - it is away for a moment
        await asyncio.sleep(0)
    assert service.last_ids == [None, "7-a"]


async def test_a_refused_stream_is_not_asked_for_again_and_no_one_waits_for_it(
    events: AccountEvents, service: Service
) -> None:
    service.status = 401
    events.begin()
    assert await events.wait_for("bill", ("paid",)) is None
    assert await events.wait_for("bill", ("paid",)) is None
    assert (service.last_ids, events.is_away) == ([None], True)


async def test_before_it_is_followed_no_one_waits(events: AccountEvents) -> None:
    assert await events.wait_for("bill", ("paid",)) is None


def a_citizen(url: str, api: Api, events: AccountEvents | None) -> Citizen:
    named: Any = {name: url for name in Addresses.__annotations__ if name not in ("staff_password", "office_id")}
    at = Addresses(**named, staff_password="invented")
    return Citizen(at, api, Outside(at, api), People().adult(), events)


async def test_a_citizen_who_is_told_asks_once(events: AccountEvents, service: Service, url: str) -> None:
    events.begin()
    service.said.put_nowait(change("bill", "bill-1", "issued"))
    async with Api() as api:
        bill = await a_citizen(url, api, events).bill("issued")
    assert (bill["bill_id"], service.asked) == ("bill-1", ["/v1/bills/bill-1"])


@pytest.mark.parametrize("follows", [True, False])
async def test_a_citizen_without_a_stream_looks_by_themselves(
    events: AccountEvents, service: Service, url: str, *, follows: bool
) -> None:
    service.status = 503
    if follows:
        events.begin()
    async with Api() as api:
        bill = await a_citizen(url, api, events if follows else None).bill("issued")
    assert (bill["state"], service.asked) == ("issued", ["/v1/bills"])


async def test_a_fact_that_is_no_longer_so_is_not_believed(events: AccountEvents, service: Service, url: str) -> None:
    events.begin()
    service.said.put_nowait(change("bill", "bill-0", "issued"))
    service.bill_state = "expired"
    async with Api() as api:
        citizen = a_citizen(url, api, events)
        looked = asyncio.create_task(citizen.bill("issued"))
        while "/v1/bills" not in service.asked:  # noqa: ASYNC110 - the service tells nobody
            await asyncio.sleep(0.001)
        service.bill_state = "issued"
        assert (await looked)["state"] == "issued"
