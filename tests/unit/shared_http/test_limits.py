"""How much and how often: requests at once, calls in a time, commands with one effect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import ManualClock
from shared.errors import Unavailable
from shared.http import HttpOptions, RateLimit
from shared.http.gates import Gate, TooBusy
from shared.http.idempotency import (
    KEPT,
    MAX_ANSWER_BYTES,
    AnswerCache,
    IdempotencyKeyReused,
    KeptAnswer,
    StillRunning,
    command_name,
)
from shared.http.problems import PROBLEM_JSON
from shared.http.rate_limit import InProcessRateLimiter, next_arrival
from tests.unit.shared_http.conftest import Client, Serve, until
from tests.unit.shared_http.demo import Notebook, SeatTaken

Bearer = Callable[..., dict[str, str]]


async def code_of(answer: Any) -> str:
    return str((await answer.json(content_type=PROBLEM_JSON))["code"])


def keyed(headers: dict[str, str], key: str = "key-00000001") -> dict[str, str]:
    return {**headers, "Idempotency-Key": key}


# -- requests at once ------------------------------------------------------------------------------------------------


async def test_one_request_over_the_limit_is_told_to_come_back(
    serve: Serve, bearer: Bearer, notebook: Notebook
) -> None:
    demo = await serve(HttpOptions(max_in_flight=2))
    running = [
        asyncio.ensure_future(demo.post("/v1/slow", headers=keyed(bearer(), f"key-0000000{n}"))) for n in range(2)
    ]
    await until(lambda: notebook.waiting == 2)
    answer = await demo.get("/v1/letter")
    assert (answer.status, await code_of(answer)) == (503, "too_busy")
    assert answer.headers["Retry-After"] == "1"
    assert (await demo.get("/health/live")).status == 200
    notebook.go_on.set()
    assert [(await each).status for each in running] == [204, 204]
    assert (await demo.get("/v1/letter")).status == 200


async def test_a_refused_request_gives_its_place_back(serve: Serve) -> None:
    demo = await serve(HttpOptions(max_in_flight=1))
    for _ in range(3):
        assert (await demo.get("/v1/trouble/bug")).status == 500
    assert (await demo.get("/v1/letter")).status == 200


async def test_a_gate_knows_when_it_is_empty() -> None:
    gate = Gate(1)
    await gate.empty()
    gate.enter()
    with pytest.raises(TooBusy):
        gate.enter()
    waiting = asyncio.ensure_future(gate.empty())
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.leave()
    await waiting


# -- calls in a time -------------------------------------------------------------------------------------------------


async def test_a_rate_lets_its_count_through_and_then_one_by_one(demo: Client, clock: ManualClock) -> None:
    assert [(await demo.get("/v1/rare")).status for _ in range(4)] == [204, 204, 204, 429]
    answer = await demo.get("/v1/rare")
    assert answer.headers["Retry-After"] == "20"
    assert await code_of(answer) == "too_many_requests"
    clock.advance(19.999)
    assert (await demo.get("/v1/rare")).status == 429
    clock.advance(0.001)
    assert (await demo.get("/v1/rare")).status == 204
    assert (await demo.get("/v1/rare")).status == 429


async def test_rates_are_counted_for_each_caller(serve: Serve, bearer: Bearer) -> None:
    demo = await serve(HttpOptions(default_rate=RateLimit(1, 60)))
    assert (await demo.get("/v1/notes", headers=bearer(account_id="a1"))).status == 200
    assert (await demo.get("/v1/notes", headers=bearer(account_id="a1"))).status == 429
    assert (await demo.get("/v1/notes", headers=bearer(account_id="a2"))).status == 200


async def test_rates_grow_by_a_factor_and_can_be_switched_off(serve: Serve) -> None:
    generous = await serve(HttpOptions(rate_factor=2))
    assert [(await generous.get("/v1/rare")).status for _ in range(7)] == [204] * 6 + [429]
    free = await serve(HttpOptions(default_rate=None))
    assert (await free.get("/v1/letter")).status == 200


@given(
    st.integers(1, 20),
    st.floats(0.5, 3600),
    st.lists(st.floats(0, 600), min_size=1, max_size=60),
)
def test_no_window_of_the_rate_sees_more_than_twice_its_count(
    count: int, per_seconds: float, gaps: list[float]
) -> None:
    limit, now, expected = RateLimit(count, per_seconds), 1_000.0, None
    passed: list[float] = []
    for gap in gaps:
        now += gap
        expected, wait = next_arrival(expected, now, limit)
        if not wait:
            passed.append(now)
    for start in passed:
        # a burst of `count`, then at most `count` more as the window goes by
        assert sum(start <= each < start + per_seconds for each in passed) <= 2 * count


@given(st.integers(1, 20), st.floats(0.5, 3600))
def test_the_wait_that_is_told_is_enough(count: int, per_seconds: float) -> None:
    limit, now, expected = RateLimit(count, per_seconds), 1_000.0, None
    for _ in range(count):
        expected, wait = next_arrival(expected, now, limit)
        assert wait == 0.0
    expected, wait = next_arrival(expected, now, limit)
    assert wait > 0
    assert next_arrival(expected, now + wait, limit)[1] == 0.0


async def test_the_limiter_forgets_the_longest_unused_key(clock: ManualClock) -> None:
    limiter = InProcessRateLimiter(max_keys=2, secret=b"s")
    limit = RateLimit(1, 60)
    for key in ("a", "b", "a", "c"):
        await limiter.allow(key, limit, clock.now())
    assert len(limiter) == 2
    assert await limiter.allow("a", limit, clock.now()) > 0
    assert await limiter.allow("b", limit, clock.now()) == 0.0


def test_a_rate_lets_at_least_one_through() -> None:
    for count, seconds in ((0, 1.0), (1, 0.0)):
        with pytest.raises(ValueError, match="at least one"):
            RateLimit(count, seconds)
    assert HttpOptions(rate_factor=0.001).scaled(RateLimit(5, 1.0)).count == 1


# -- commands with one effect ----------------------------------------------------------------------------------------

NOTE = {"title": "a"}


async def test_a_repeat_gets_the_same_answer_and_has_no_second_effect(
    demo: Client, bearer: Bearer, notebook: Notebook
) -> None:
    first = await demo.post("/v1/notes", json=NOTE, headers=keyed(bearer()))
    again = await demo.post("/v1/notes", json=NOTE, headers=keyed(bearer()))
    assert (first.status, again.status, notebook.made) == (201, 201, 1)
    assert await first.json() == await again.json()
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    assert again.headers["X-Trace-Id"] != first.headers["X-Trace-Id"]


async def test_another_body_under_the_same_key_is_refused(demo: Client, bearer: Bearer, notebook: Notebook) -> None:
    await demo.post("/v1/notes", json=NOTE, headers=keyed(bearer()))
    answer = await demo.post("/v1/notes", json={"title": "b"}, headers=keyed(bearer()))
    assert (answer.status, await code_of(answer)) == (422, "idempotency_key_reused")
    assert notebook.made == 1


async def test_keys_belong_to_their_caller(demo: Client, bearer: Bearer, notebook: Notebook) -> None:
    one = await demo.post("/v1/notes", json=NOTE, headers=keyed(bearer(account_id="a1")))
    other = await demo.post("/v1/notes", json=NOTE, headers=keyed(bearer(account_id="a2")))
    assert notebook.made == 2
    assert (await one.json())["command_id"] != (await other.json())["command_id"]


async def test_the_command_id_is_the_same_for_a_repeat_even_when_nothing_is_remembered(
    serve: Serve, bearer: Bearer
) -> None:
    ids = set()
    for _ in range(2):
        demo = await serve()
        answer = await demo.post("/v1/notes", json=NOTE, headers=keyed(bearer()))
        ids.add((await answer.json())["command_id"])
    assert len(ids) == 1


@pytest.mark.parametrize("key", ["a" * 7, "a" * 81, "with space", "semi;colon", "ümlaut-key"])
async def test_a_key_has_8_to_80_plain_characters(demo: Client, bearer: Bearer, key: str) -> None:
    answer = await demo.post("/v1/notes", json=NOTE, headers=keyed(bearer(), key))
    problem = await answer.json(content_type=PROBLEM_JSON)
    assert (answer.status, problem["errors"][0]["rule"]) == (422, "idempotency_key")
    assert (problem["errors"][0]["source"], problem["errors"][0]["pointer"]) == ("header", "/Idempotency-Key")


@pytest.mark.parametrize("key", ["a" * 8, "A1._~:-" * 11 + "abc"])
async def test_a_key_at_its_limits_is_taken(demo: Client, bearer: Bearer, key: str) -> None:
    assert (await demo.post("/v1/notes", json=NOTE, headers=keyed(bearer(), key))).status == 201


async def test_a_missing_key_is_named(demo: Client, bearer: Bearer) -> None:
    answer = await demo.post("/v1/notes", json=NOTE, headers=bearer())
    assert (await answer.json(content_type=PROBLEM_JSON))["errors"][0]["rule"] == "missing"


async def test_twins_at_the_same_moment_run_once(demo: Client, bearer: Bearer, notebook: Notebook) -> None:
    first = asyncio.ensure_future(demo.post("/v1/slow", headers=keyed(bearer())))
    await until(lambda: notebook.waiting == 1)
    twin = await demo.post("/v1/slow", headers=keyed(bearer()))
    assert (twin.status, await code_of(twin), twin.headers["Retry-After"]) == (409, "still_running", "1")
    notebook.go_on.set()
    assert (await first).status == 204
    assert (await demo.post("/v1/slow", headers=keyed(bearer()))).headers["Idempotent-Replay"] == "true"
    assert notebook.waiting == 1


@pytest.mark.parametrize("error", [SeatTaken(), Unavailable(), RuntimeError("x")])
async def test_a_refusal_or_failure_is_never_remembered(
    demo: Client, bearer: Bearer, notebook: Notebook, error: Exception
) -> None:
    notebook.next_error = error
    assert (await demo.post("/v1/notes", json=NOTE, headers=keyed(bearer()))).status >= 409
    notebook.next_error = None
    answer = await demo.post("/v1/notes", json={"title": "b"}, headers=keyed(bearer()))
    assert (answer.status, "Idempotent-Replay" in answer.headers) == (201, False)


async def test_a_secret_is_never_remembered_but_its_key_is(demo: Client, bearer: Bearer) -> None:
    first = await demo.post("/v1/secrets", headers=keyed(bearer()))
    second = await demo.post("/v1/secrets", headers=keyed(bearer()))
    assert [(await each.json())["code"] for each in (first, second)] == ["000001", "000002"]
    assert demo.app is not None
    from shared.http import RUNTIME

    assert (len(demo.app[RUNTIME].answers), demo.app[RUNTIME].answers.kept_bytes) == (1, 0)


ANSWER = KeptAnswer(201, {}, b"12345")


def test_an_answer_is_kept_for_24_hours(clock: ManualClock) -> None:
    cache = AnswerCache()
    assert cache.begin(b"a", b"body", clock.now()) is None
    cache.finish(b"a", ANSWER, clock.now())
    assert cache.begin(b"a", b"body", clock.now() + KEPT - timedelta(milliseconds=1)) is ANSWER
    assert cache.begin(b"a", b"other", clock.now() + KEPT) is None
    with pytest.raises(StillRunning):
        cache.begin(b"a", b"other", clock.now() + 3 * KEPT)


def test_the_oldest_answers_go_first_by_number_and_by_weight(clock: ManualClock) -> None:
    cache = AnswerCache(max_answers=2, max_kept_bytes=9)
    for name in (b"a", b"b", b"c"):
        cache.begin(name, b"", clock.now())
        cache.finish(name, None, clock.now())
    assert len(cache) == 2
    assert cache.begin(b"a", b"changed", clock.now()) is None
    with pytest.raises(IdempotencyKeyReused):
        cache.begin(b"c", b"changed", clock.now())
    cache = AnswerCache(max_answers=9, max_kept_bytes=9)
    for name in (b"a", b"b"):
        cache.begin(name, b"", clock.now())
        cache.finish(name, ANSWER, clock.now())
    assert (len(cache), cache.kept_bytes) == (1, 5)


def test_an_answer_over_its_weight_is_not_kept(clock: ManualClock) -> None:
    cache = AnswerCache()
    for size, kept in ((MAX_ANSWER_BYTES, True), (MAX_ANSWER_BYTES + 1, False)):
        name = str(size).encode()
        cache.begin(name, b"", clock.now())
        cache.finish(name, KeptAnswer(200, {}, b"x" * size), clock.now())
        assert (cache.begin(name, b"", clock.now()) is not None) is kept
    cache.finish(b"never begun", ANSWER, clock.now())
    cache.forget(b"never begun")


def test_names_of_commands_do_not_run_into_each_other() -> None:
    assert command_name("POST", "/a", "b", "c") != command_name("POST", "/ab", "", "c")
