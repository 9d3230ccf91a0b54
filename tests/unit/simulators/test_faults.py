"""Each fault that every operation can show, and the control endpoints, proved on one simulator over HTTP."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from simulators.config import Settings
from simulators.simponi.app import Simponi, create_app

from .conftest import START, Client, Clock, Serve, behave, eventually

AUTH = {"Authorization": aiohttp.encode_basic_auth("paspor", "simulated-simponi")}
ORDER = {"reference": "r-1", "amount": 350_000, "expires_at": "2026-11-21T05:00:00Z"}


@pytest.fixture
async def client(serve: Serve, settings: Settings, clock: Clock) -> Client:
    return await serve(create_app(settings, clock))


async def codes_issued(client: Client) -> int:
    answer = await client.get("/simponi/billings", params={"reference": "r-1"}, headers=AUTH)
    return len((await answer.json())["billings"])


@pytest.mark.parametrize(("mode", "status"), [("unavailable", 503), ("error", 500), ("bad_request", 400)])
async def test_a_broken_answer_says_so_and_nothing_is_done(client: Client, mode: str, status: int) -> None:
    await behave(client, "issue", mode, next_calls=1)
    assert (await client.post("/simponi/billings", json=ORDER, headers=AUTH)).status == status
    assert await codes_issued(client) == 0
    assert (await client.post("/simponi/billings", json=ORDER, headers=AUTH)).status == 201


async def test_down_closes_the_connection(client: Client) -> None:
    await behave(client, "issue", "down", next_calls=1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.post("/simponi/billings", json=ORDER, headers=AUTH)
    assert await codes_issued(client) == 0


async def test_malformed_answers_200_with_what_is_not_json(client: Client) -> None:
    await behave(client, "issue", "malformed")
    answer = await client.post("/simponi/billings", json=ORDER, headers=AUTH)
    assert answer.status == 200
    with pytest.raises(json.JSONDecodeError):
        await answer.json()
    assert await codes_issued(client) == 0


async def test_timeout_is_silence_until_the_caller_gives_up(client: Client) -> None:
    await behave(client, "issue", "timeout", next_calls=1)
    with pytest.raises(TimeoutError):
        await client.post("/simponi/billings", json=ORDER, headers=AUTH, timeout=aiohttp.ClientTimeout(total=0.1))
    assert await codes_issued(client) == 0


async def test_timeout_ends_with_504_for_those_who_wait(client: Client) -> None:
    await behave(client, "issue", "timeout", delay_seconds=0.01)
    assert (await client.post("/simponi/billings", json=ORDER, headers=AUTH)).status == 504


async def test_slow_works_and_answers_in_the_end(client: Client) -> None:
    await behave(client, "issue", "slow", delay_seconds=0.01)
    assert (await client.post("/simponi/billings", json=ORDER, headers=AUTH)).status == 201


async def test_a_slow_answer_hides_work_that_is_done(client: Client) -> None:
    await behave(client, "issue", "slow_answer", delay_seconds=60, next_calls=1)
    with pytest.raises(TimeoutError):
        await client.post("/simponi/billings", json=ORDER, headers=AUTH, timeout=aiohttp.ClientTimeout(total=0.2))
    assert await codes_issued(client) == 1


async def test_a_lost_answer_hides_work_that_is_done(client: Client) -> None:
    await behave(client, "issue", "lose_answer", next_calls=1)
    assert (await client.post("/simponi/billings", json=ORDER, headers=AUTH)).status == 500
    assert await codes_issued(client) == 1
    assert (await client.post("/simponi/billings", json=ORDER, headers=AUTH)).status == 200


async def test_a_star_takes_every_http_operation_down(client: Client) -> None:
    answer = await client.put("/control/behaviour", json={"mode": "unavailable"})
    assert "notice" not in (await answer.json())["operations"]
    assert (await client.get("/simponi/billings/820000000000000", headers=AUTH)).status == 503
    assert (await client.get("/health/live")).status == (await client.get("/health/ready")).status == 200


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"mode": "dance"}, 422),
        ({"mode": "ok", "operation": "sing"}, 422),
        ({"mode": "ok", "delay_seconds": 120}, 200),
        ({"mode": "ok", "delay_seconds": 121}, 400),
        ({"mode": "ok", "next_calls": 0}, 400),
        ({"mode": "ok", "times": 100}, 200),
        ({"mode": "ok", "times": 101}, 400),
        ({"mode": "ok", "loud": True}, 400),
    ],
)
async def test_a_wrong_behaviour_is_refused(client: Client, order: dict[str, object], status: int) -> None:
    assert (await client.put("/control/behaviour", json=order)).status == status


async def test_calls_are_counted_and_behaviours_listed(client: Client) -> None:
    await behave(client, "issue", "error", next_calls=1)
    listed = await (await client.get("/control/behaviour")).json()
    assert listed["issue"]["mode"] == "error"
    assert "pay_before_answer" in listed["issue"]["modes"]
    for _ in range(2):
        await client.post("/simponi/billings", json=ORDER, headers=AUTH)
    counted = await (await client.get("/control/calls")).json()
    assert counted["calls"]["issue"] == {"total": 2, "error": 1, "ok": 1}


async def test_a_reset_with_a_seed_repeats_the_numbers(client: Client) -> None:
    codes = []
    for seed in (7, 7, 8):
        assert (await client.post("/control/reset", json={"seed": seed})).status == 200
        codes.append((await (await client.post("/simponi/billings", json=ORDER, headers=AUTH)).json())["billing_code"])
    assert codes[0] == codes[1] != codes[2]


async def test_a_reset_without_a_seed_repeats_nothing(client: Client) -> None:
    codes = set()
    for _ in range(3):
        await client.post("/control/reset")
        codes.add((await (await client.post("/simponi/billings", json=ORDER, headers=AUTH)).json())["billing_code"])
    assert len(codes) == 3


async def test_a_reset_turns_behaviours_and_settings_back(client: Client) -> None:
    await behave(client, "issue", "error")
    await client.put("/control/settings", json={"skew_seconds": 90})
    await client.post("/control/reset", json={"seed": 7})
    assert (await client.post("/simponi/billings", json=ORDER, headers=AUTH)).status == 201
    settings = await (await client.get("/control/settings")).json()
    assert settings["skew_seconds"] == 0


async def test_settings_are_turned_one_by_one_and_show_no_secret(client: Client) -> None:
    await client.put("/control/settings", json={"skew_seconds": 90})
    answer = await client.put("/control/settings", json={"callback_secret": "hidden"})
    assert (await answer.json())["skew_seconds"] == 90
    assert "hidden" not in await answer.text()
    assert (await client.put("/control/settings", json={"loud": True})).status == 400


async def test_a_refusal_is_a_problem_that_names_field_and_next_action(client: Client) -> None:
    answer = await client.post("/simponi/billings", json={**ORDER, "amount": 0}, headers=AUTH)
    assert answer.status == 400
    assert answer.content_type == "application/problem+json"
    problem = await answer.json()
    assert problem["code"] == "request_malformed"
    assert problem["field"] == "amount"
    assert problem["next_action"]


async def test_stopping_does_not_wait_for_callers_that_are_held(serve: Serve, settings: Settings) -> None:
    simulator = Simponi(settings, lambda: START)
    client = await serve(simulator.application())
    await behave(client, "issue", "timeout")
    task = asyncio.ensure_future(client.post("/simponi/billings", json=ORDER, headers=AUTH))
    await eventually(lambda: simulator.behaviours.calls()["issue"]["total"] == 1)
    await client.server.close()
    await asyncio.wait([task], timeout=10)
    assert task.done()
    task.exception()
