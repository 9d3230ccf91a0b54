"""The benches of waiting callers, without a suite: what is counted, told and measured."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench import calls, journey_requests, waiting_memory, waiting_told
from bench.against import read_wishes
from bench.load import Tally
from bench.raw_waiting import Awaited, Callers, in_flight
from bench.target import RunBroken


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


METRICS = """
# TYPE paspor_http_in_flight gauge
paspor_http_in_flight{kind="call",service="scheduling"} 3.0
paspor_http_in_flight{kind="waiting",service="scheduling"} 1.536e+03
paspor_http_in_flight{service="scheduling",kind="followed_stream"} 7.0
"""


def test_those_who_wait_are_read_from_a_services_metrics() -> None:
    assert [in_flight(METRICS, kind) for kind in ("waiting", "followed_stream", "upload")] == [1536, 7, 0]


def test_requests_of_a_journey_are_the_calls_of_any_builds_bench_by_its_finished_journeys() -> None:
    tally = Tally(durations={"billing GET /v1/bills/*": [0.1] * 60, "identity POST /v1/logins": [0.1] * 30})
    table = journey_requests.make_table("a build", calls.make_table(tally, 3, 3, 3).method)
    assert [(figure.name, figure.value) for figure in table.figures] == [("journey.requests", 30.0)]


@pytest.mark.parametrize("method", ["something else", calls.make_table(Tally(durations={"a": [1]}), 3, 3, 0).method])
def test_without_a_finished_journey_there_is_no_figure(method: str) -> None:
    with pytest.raises(RunBroken, match="no journey was finished"):
        journey_requests.make_table("a build", method)


def test_memory_is_held_against_a_share_of_the_target_in_a_shortened_run() -> None:
    table = waiting_memory.make_table(100, 1.5, 1.0, waiting_memory.TARGET_MIB * 100 / waiting_memory.CALLERS)
    assert [(figure.name, figure.target, figure.met) for figure in table.figures] == [
        ("waiting.memory", 1.2, False),
        ("waiting.stream_memory", 1.2, True),
    ]


def test_telling_is_held_against_twice_the_effect_of_the_same_run() -> None:
    table = waiting_told.make_table([0.1] * 99 + [0.2], [0.3], [0.5], 100)
    met = {figure.name: (figure.ratio, figure.met) for figure in table.figures if figure.floor}
    assert met == {"waiting.told_p99": (1.5, True), "waiting.stream_told_p99": (2.5, False)}


def test_a_bench_named_as_one_of_its_figures_shows_all_of_them() -> None:
    (wish,) = read_wishes(["waiting.memory"], [])
    assert wish.figures == ("waiting.memory", "waiting.stream_memory")
    (wish,) = read_wishes(["waiting.told_p99"], [])
    assert (wish.recipe.name, wish.figures) == ("waiting.told", ("waiting.told_p99",))


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Any]]:
    servers: list[TestServer] = []

    async def start(handler: Callable[[web.Request], Any]) -> str:
        app = web.Application()
        app.router.add_get("/thing", handler)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return str(servers[-1].make_url("/thing"))

    yield start
    for server in servers:
        await server.close()


async def test_a_caller_reads_then_waits_again_and_again(serve: Callable[..., Any]) -> None:
    asked: list[tuple[str | None, str | None]] = []
    said: asyncio.Queue[bytes] = asyncio.Queue()
    forever = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.headers.get("If-None-Match"), request.headers.get("Prefer")))
        number = len(asked)
        if number == 4:
            await forever.wait()
        headers = {"ETag": f'"{number}"', **({"Preference-Applied": "wait=25"} if number > 1 else {})}
        return web.Response(
            status=304 if number == 2 else 200, text="" if number == 2 else str(number), headers=headers
        )

    waiting = Callers()
    waiting.wait(Awaited(await serve(answer), "token"), said.put_nowait)
    assert await said.get() == b"3"
    while len(asked) < 4:  # noqa: ASYNC110 - the service tells nobody
        await asyncio.sleep(0.001)
    assert asked == [(None, None), ('"1"', "wait=25"), ('"2"', "wait=25"), ('"3"', "wait=25")]
    assert waiting.answers == {"200": 1, "waited": 2}
    forever.set()
    await waiting.go_home()


async def test_a_follower_is_told_the_data_of_each_event(serve: Callable[..., Any]) -> None:
    said: asyncio.Queue[bytes] = asyncio.Queue()

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Bearer token"
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'retry: 1\n\nid: 1\ndata: {"a":1}\n\n: still here\n\n')
        return response

    waiting = Callers()
    waiting.follow(Awaited(await serve(answer), "token"), said.put_nowait)
    assert (await said.get()).strip() == b'{"a":1}'
    assert waiting.answers == {"200": 1}
    await waiting.go_home()
