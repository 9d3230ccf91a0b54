"""Loads without a suite: what is timed, when a minute counts, how callers of an opening behave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench import opening_load, stage
from bench.calls import CallTimer, name_route
from bench.holders import Holders
from bench.load import Tally
from bench.opening_load import minutes_under_load
from bench.openings import Hall, OpeningCallers, count_broken
from bench.seats import count_oversold
from journeys.api_client import new_session

BEGUN: Final = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
RATE, SECONDS = 5.0, 600.0
ON_TIME: Final = [BEGUN + timedelta(seconds=(number + 0.5) / RATE) for number in range(round(RATE * SECONDS))]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[TestServer]:
    """A service that answers every call by this handler."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server:
        yield server


# -- calls


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/v1/applications/0190c2f4-7c1e-7000-8000-000000000001/letter", "/v1/applications/*/letter"),
        ("/v1/offices/jakarta-selatan/sessions", "/v1/offices/jakarta-selatan/sessions"),
        ("/v1/things/17", "/v1/things/*"),
    ],
)
def test_calls_to_different_things_are_one_route(path: str, named: str) -> None:
    assert name_route("application", "GET", path) == f"application GET {named}"


async def test_a_call_is_timed_to_its_last_byte() -> None:
    goes_on = asyncio.Event()

    async def slow_body(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"a")
        await goes_on.wait()
        await answer.write(b"b")
        return answer

    async with served(slow_body) as server:
        timer = CallTimer({server.port or 0: "billing"})
        async with new_session(timer) as session:
            call = asyncio.create_task(session.get(server.make_url("/v1/tariffs")).__aenter__())
            await asyncio.sleep(0.05)
            assert timer.tally.durations == {}, "headers alone are no answer"
            goes_on.set()
            assert await (await call).read() == b"ab"
    assert {name: len(seconds) for name, seconds in timer.tally.durations.items()} == {"billing GET /v1/tariffs": 1}
    assert timer.tally.outcomes == {"200": 1}


async def test_a_stream_is_timed_to_its_head() -> None:
    """It ends when its caller leaves; waiting for its last byte would hold the caller for ever."""
    goes_on = asyncio.Event()

    async def stream(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b"data: 1\n\n")
        await goes_on.wait()
        return answer

    async with served(stream) as server:
        timer = CallTimer({server.port or 0: "notification"})
        async with new_session(timer) as session, session.get(server.make_url("/v1/account-events")) as answer:
            assert await answer.content.readline() == b"data: 1\n"
            assert timer.tally.outcomes == {"200": 1}
            goes_on.set()


async def test_a_call_without_an_answer_counts_too() -> None:
    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with served(hang_up) as server:
        timer = CallTimer({server.port or 0: "billing"})
        async with new_session(timer) as session:
            with pytest.raises(aiohttp.ClientError):
                await session.post(server.make_url("/v1/payment-claims"))
    assert timer.tally.outcomes == {"no answer": 1}
    assert len(timer.tally.all_durations) == 1


async def test_calls_to_agencies_are_not_counted() -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok")

    async with served(answer) as server:
        timer = CallTimer({(server.port or 0) + 1: "billing"})
        async with new_session(timer) as session, session.get(server.make_url("/simponi/billings")):
            pass
    assert timer.tally.all_durations == []


# -- ten times the load


def test_ten_minutes_are_ten_where_everybody_came_in_time() -> None:
    assert minutes_under_load(ON_TIME, BEGUN, RATE, SECONDS) == 10.0


def test_a_few_late_ones_at_a_border_take_no_minute() -> None:
    late = [at + timedelta(seconds=0.5) for at in ON_TIME]
    assert minutes_under_load(late, BEGUN, RATE, SECONDS) == 10.0


def test_a_load_that_falls_behind_has_fewer_minutes() -> None:
    slow = [BEGUN + (at - BEGUN) * 1.5 for at in ON_TIME]
    assert minutes_under_load(slow, BEGUN, RATE, SECONDS) == 0.0
    stuck = [at + timedelta(minutes=1) if at > BEGUN + timedelta(minutes=5) else at for at in ON_TIME]
    assert minutes_under_load(stuck, BEGUN, RATE, SECONDS) == 9.0


def test_a_shortened_run_has_its_own_minutes_alone() -> None:
    assert minutes_under_load(ON_TIME[:60], BEGUN, RATE, 12.0) == pytest.approx(0.2)


def test_the_table_says_how_many_answers_were_broken() -> None:
    tally = Tally(seconds=2.0)
    for outcome, seconds in (("200", 0.1), ("201", 0.1), ("503", 0.2), ("no answer", 0.2)):
        tally.took("look", seconds)
        tally.outcomes[outcome] += 1
    figures = {figure.name: figure for figure in opening_load.make_table(tally, 10.0, 1, 5).figures}
    assert figures["opening_load.share_of_5xx"].value == 0.5
    assert figures["opening_load.calls"].value == 2.0
    met = {name: figure.met for name, figure in figures.items() if figure.target is not None}
    assert met == {
        "opening_load.minutes": True,
        "opening_load.oversold": False,
        "opening_load.share_of_5xx": False,
    }


class Appointments:
    """Stands in for the collection: live appointments by seat."""

    def __init__(self, seat_ids: Sequence[str]) -> None:
        self.appointment = self
        self._seat_ids = seat_ids

    async def find(self, _wanted: Any, _shown: Any) -> AsyncIterator[Any]:
        for seat_id in self._seat_ids:
            yield {"state": {"slot": {"seat_id": seat_id}}}


@pytest.mark.parametrize(
    ("seat_ids", "seats", "oversold"), [(["a", "b"], 2, 0), (["a", "a"], 2, 1), (["a", "b", "c"], 2, 1)]
)
async def test_seats_are_oversold_where_two_name_one_or_more_than_there_are(
    seat_ids: list[str], seats: int, oversold: int
) -> None:
    assert await count_oversold(Appointments(seat_ids), ["s"], seats) == oversold


# -- callers of an opening


class OpeningService:
    """A service with one opening: what each call is answered is told beforehand; the last answer stays."""

    def __init__(self, **answers: Sequence[tuple[int, dict[str, Any]]]) -> None:
        self._answers = {name: list(given) for name, given in answers.items()}
        self.calls: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = "hold" if request.path.endswith("appointments") else "ticket" if request.method == "POST" else "look"
        self.calls.append(name)
        given = self._answers[name]
        status, body = given.pop(0) if len(given) > 1 else given[0]
        if status == 0:
            assert request.transport is not None
            request.transport.close()
        return web.json_response(body, status=status or 500, headers={"Retry-After": "0"})


TICKET: Final = (201, {"ticket_id": "t1", "standing": "waiting"})
ADMITTED: Final = (200, {"ticket_id": "t1", "standing": "admitted"})


async def send_callers(service: OpeningService, citizens: int = 1, stay_seconds: float = 60.0) -> Tally:
    people = stage.submitted(citizens)
    now, tally = datetime.now(UTC), Tally()
    async with served(service.answer) as server:
        hall = Hall([str(server.make_url("")).rstrip("/")], "o1", ["s1"], now, now, now)
        visitors = OpeningCallers(tally, hall, Holders(people, ["token"] * citizens))
        await visitors.come([now] * citizens, now + timedelta(seconds=stay_seconds))
        assert len(visitors.came_at) == citizens
        assert visitors.admission_seconds >= 1.0
    return tally


async def test_a_caller_takes_a_ticket_looks_and_holds_when_let_in() -> None:
    service = OpeningService(ticket=[TICKET], look=[(200, {"standing": "waiting"}), ADMITTED], hold=[(201, {})])
    tally = await send_callers(service)
    assert service.calls == ["ticket", "look", "look", "hold"]
    assert (tally.outcomes["seated"], tally.outcomes["unlucky"]) == (1, 0)


async def test_a_sold_out_session_sends_them_home() -> None:
    service = OpeningService(ticket=[TICKET], look=[ADMITTED], hold=[(409, {"code": "session_sold_out"})])
    tally = await send_callers(service)
    assert tally.outcomes["sold out"] == 1
    assert service.calls.count("hold") == 1


async def test_a_call_that_is_put_off_or_lost_is_made_again_and_counted() -> None:
    busy: dict[str, Any] = {}
    service = OpeningService(ticket=[(503, busy), (429, busy), TICKET], look=[ADMITTED], hold=[(0, busy), (201, {})])
    tally = await send_callers(service)
    assert tally.outcomes["seated"] == 1
    assert (tally.outcomes["503"], tally.outcomes["429"], tally.outcomes["no answer"]) == (1, 1, 1)
    assert count_broken(tally) == 2


@pytest.mark.parametrize("standing", ["outside", "missed"])
async def test_a_caller_leaves_when_the_opening_has_passed_them(standing: str) -> None:
    service = OpeningService(ticket=[(200, {"ticket_id": "t1", "standing": standing})])
    assert (await send_callers(service)).outcomes["unlucky"] == 1
    assert service.calls == ["ticket"]


async def test_those_who_wait_leave_at_the_end() -> None:
    service = OpeningService(ticket=[TICKET], look=[(200, {"standing": "waiting"})])
    assert (await send_callers(service, citizens=3, stay_seconds=0.2)).outcomes["unlucky"] == 3
