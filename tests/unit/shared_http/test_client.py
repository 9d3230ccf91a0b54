"""Calls out: tried again only where that is harmless, given up on for a while, never a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import BaseModel

from shared.clock import ManualClock
from shared.context import bound, new_causation
from shared.errors import UpstreamDown
from shared.http import CircuitBreaker, JsonClient, Patience
from shared.http.client import MAX_ANSWER_BYTES
from shared.randomness import SeededRandomness


class HurriedClock(ManualClock):
    """A clock whose sleepers wake at once and later: it remembers how long they meant to sleep."""

    def __init__(self, start: ManualClock) -> None:
        super().__init__(start.now())
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)


class Fact(BaseModel):
    known: bool


class Upstream:
    """The other side: answers what the test puts in, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Callable[[web.Request], Awaitable[web.StreamResponse]]] = []
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, dict(request.headers), await request.read()))
        return await self.answers.pop(0)(request)

    def says(self, *statuses: int) -> None:
        for status in statuses:
            self.answers.append(_saying(status))


def _saying(status: int) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"known": True}, status=status, headers={"Location": "/elsewhere"})

    return answer


async def _hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def _hang(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


async def _too_much(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * (MAX_ANSWER_BYTES + 1))


async def _just_enough(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * MAX_ANSWER_BYTES)


async def _no_json(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"<html>")


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def hurried(clock: ManualClock) -> HurriedClock:
    return HurriedClock(clock)


@pytest.fixture
async def client(upstream: Upstream, hurried: HurriedClock) -> AsyncIterator[JsonClient]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", upstream.answer)
    server = TestServer(app, shutdown_timeout=0.1)
    await server.start_server()
    client = JsonClient(
        "registry",
        str(server.make_url("/")),
        clock=hurried,
        randomness=SeededRandomness(1),
        patience=Patience(try_seconds=2.0, tries=3),
        breaker=CircuitBreaker("registry", hurried, failures_to_open=5, open_seconds=10),
        headers={"X-Api-Key": "public"},
    )
    yield client
    await client.close()
    await server.close()


async def test_an_answer_is_an_answer_whatever_it_says(client: JsonClient, upstream: Upstream) -> None:
    upstream.says(200, 404, 500, 302)
    answers = [await client.call("GET", "/facts", query={"a": "b"}) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 404, 500, 302]
    assert [answer.ok for answer in answers] == [True, False, False, False]
    assert answers[0].json() == {"known": True}


async def test_the_trace_and_the_body_go_along(client: JsonClient, upstream: Upstream) -> None:
    upstream.says(200, 200)
    causation = new_causation()
    with bound(causation):
        await client.call("POST", "/facts", body=Fact(known=True), headers={"Idempotency-Key": "k"})
        await client.call("POST", "/facts", body=b"\x89PNG", headers={"Content-Type": "image/png"})
    (method, headers, body), (_, raw_headers, raw) = upstream.asked
    assert (method, body, headers["Content-Type"]) == ("POST", b'{"known":true}', "application/json")
    assert headers["traceparent"][3:35] == causation.traceparent[3:35]
    assert headers["traceparent"] != causation.traceparent
    assert (headers["X-Api-Key"], headers["Idempotency-Key"]) == ("public", "k")
    assert (raw, raw_headers["Content-Type"]) == (b"\x89PNG", "image/png")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_not_now_is_tried_again_with_growing_pauses(
    client: JsonClient, upstream: Upstream, hurried: HurriedClock, status: int
) -> None:
    upstream.says(status, status, 200)
    assert (await client.call("GET", "/facts")).status == 200
    first, second = hurried.slept
    assert 0.05 <= first <= 0.1
    assert 0.1 <= second <= 0.2


async def test_after_the_last_try_it_is_down_with_a_reason(client: JsonClient, upstream: Upstream) -> None:
    upstream.says(503, 503, 503)
    with pytest.raises(UpstreamDown) as down:
        await client.call("GET", "/facts")
    assert (down.value.name, down.value.reason) == ("registry", "status_503")
    assert down.value.facts == {"upstream": "registry", "reason": "status_503"}
    assert down.value.status == 503
    assert len(upstream.asked) == 3


async def test_a_post_is_tried_once_unless_it_is_said_to_be_harmless(client: JsonClient, upstream: Upstream) -> None:
    upstream.says(503, 503, 200)
    with pytest.raises(UpstreamDown):
        await client.call("POST", "/facts", body={"a": 1})
    assert len(upstream.asked) == 1
    assert (await client.call("POST", "/facts", body={"a": 1}, idempotent=True)).status == 200


async def test_a_lost_line_is_tried_again(client: JsonClient, upstream: Upstream) -> None:
    upstream.answers.append(_hang_up)
    upstream.says(200)
    assert (await client.call("PUT", "/facts")).status == 200


async def test_nobody_there_is_a_state(clock: ManualClock) -> None:
    hurried = HurriedClock(clock)
    client = JsonClient("ghost", "http://127.0.0.1:1", clock=hurried, randomness=SeededRandomness(1))
    with pytest.raises(UpstreamDown, match="connection_refused"):
        await client.call("GET", "/")
    await client.close()


async def test_an_answer_that_does_not_come_is_a_state(upstream: Upstream, client: JsonClient) -> None:
    client._patience = Patience(try_seconds=0.05, tries=1)
    upstream.answers.append(_hang)
    with pytest.raises(UpstreamDown, match="timeout"):
        await client.call("GET", "/facts")


async def test_an_answer_is_read_up_to_its_limit(client: JsonClient, upstream: Upstream) -> None:
    upstream.answers.extend([_just_enough, _too_much, _too_much, _too_much])
    assert len((await client.call("GET", "/facts")).body) == MAX_ANSWER_BYTES
    with pytest.raises(UpstreamDown, match="answer_too_large"):
        await client.call("GET", "/facts")


async def test_an_answer_is_read_as_a_model_or_is_no_answer(client: JsonClient, upstream: Upstream) -> None:
    upstream.says(200)
    assert (await client.call_for(Fact, "GET", "/facts")).known
    upstream.says(404)
    with pytest.raises(UpstreamDown, match="status_404"):
        await client.call_for(Fact, "GET", "/facts")
    upstream.answers.append(_no_json)
    with pytest.raises(UpstreamDown, match="unreadable"):
        await client.call_for(Fact, "GET", "/facts")


async def test_what_keeps_failing_is_left_alone_for_a_while(
    client: JsonClient, upstream: Upstream, hurried: HurriedClock
) -> None:
    upstream.says(*[503] * 5)
    for _ in range(2):
        with pytest.raises(UpstreamDown):
            await client.call("GET", "/facts")
    assert str(client.breaker.state) == "open"
    with pytest.raises(UpstreamDown, match="circuit_open") as down:
        await client.call("GET", "/facts")
    assert down.value.retry_after_seconds == 10
    assert len(upstream.asked) == 5
    hurried.advance(10)
    upstream.says(200)
    assert (await client.call("GET", "/facts")).status == 200
    assert str(client.breaker.state) == "closed"


def test_a_breaker_opens_at_its_count_and_not_before(clock: ManualClock) -> None:
    breaker = CircuitBreaker("x", clock, failures_to_open=3, open_seconds=10)
    for _ in range(2):
        breaker.before()
        breaker.failed()
    breaker.before()
    breaker.succeeded()
    for _ in range(2):
        breaker.before()
        breaker.failed()
    assert str(breaker.state) == "closed"
    breaker.before()
    breaker.failed()
    assert str(breaker.state) == "open"


def test_a_half_open_breaker_lets_one_try_and_opens_again_if_it_fails(clock: ManualClock) -> None:
    breaker = CircuitBreaker("x", clock, failures_to_open=1, open_seconds=10)
    breaker.before()
    breaker.failed()
    clock.set(clock.now() + timedelta(milliseconds=9_999))
    with pytest.raises(UpstreamDown):
        breaker.before()
    clock.advance(0.001)
    assert str(breaker.state) == "half_open"
    breaker.before()
    with pytest.raises(UpstreamDown):
        breaker.before()
    breaker.abandoned()
    breaker.before()
    breaker.failed()
    assert str(breaker.state) == "open"


def test_a_breaker_opens_after_at_least_one_failure_for_a_positive_time(clock: ManualClock) -> None:
    for failures, seconds in ((0, 1.0), (1, 0.0)):
        with pytest.raises(ValueError, match="breaker"):
            CircuitBreaker("x", clock, failures_to_open=failures, open_seconds=seconds)


async def test_a_call_given_up_by_its_caller_says_nothing_about_the_other_side(
    client: JsonClient, upstream: Upstream
) -> None:
    upstream.answers.append(_hang)
    task = asyncio.ensure_future(client.call("GET", "/facts"))
    async with asyncio.timeout(5):
        while not upstream.asked:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert str(client.breaker.state) == "closed"


def test_pauses_grow_to_their_longest() -> None:
    patience = Patience(first_pause_seconds=0.1, longest_pause_seconds=1.0)
    assert [patience.pause_seconds(done, 1.0) for done in (1, 2, 3, 4, 5)] == [0.1, 0.2, 0.4, 0.8, 1.0]
    assert patience.pause_seconds(1, 0.0) == 0.05
