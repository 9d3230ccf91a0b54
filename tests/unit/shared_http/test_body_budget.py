"""The budget of bytes in memory: at its edge, in order, given back, and over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from shared.http import HttpOptions
from shared.http.app import RUNTIME
from shared.http.body_budget import SPARE_SHARE, BodyBudget, NoRoomForBody
from tests.unit.shared_http.conftest import Serve

NO_WAIT = 0.0


async def test_room_is_given_up_to_the_limit_and_not_beyond() -> None:
    budget = BodyBudget(100, wait_seconds=NO_WAIT)
    share, other = budget.open_share(), budget.open_share()
    await share.grow(100)
    with pytest.raises(NoRoomForBody) as refused:
        await other.grow(1)
    assert refused.value.retry_after_seconds == 2
    share.shrink(1)
    await other.grow(1)
    assert (budget.held_bytes, budget.peak_bytes) == (100, 100)
    share.release()
    share.release()
    other.release()
    assert budget.held_bytes == 0


async def test_what_is_larger_than_the_budget_is_refused_at_once() -> None:
    with pytest.raises(NoRoomForBody):
        await BodyBudget(100, wait_seconds=3600).open_share().grow(101)


async def test_what_could_go_to_the_store_gets_only_a_part() -> None:
    budget = BodyBudget(100)
    share = budget.open_share()
    assert share.try_grow(100 // SPARE_SHARE)
    assert not share.try_grow(1)
    await budget.open_share().grow(100 - 100 // SPARE_SHARE)


async def test_who_waits_is_served_in_order_and_nobody_overtakes() -> None:
    budget = BodyBudget(100, wait_seconds=3600)
    share = budget.open_share()
    await share.grow(100)
    served: list[str] = []

    async def wait(name: str, size: int) -> None:
        await budget.open_share().grow(size)
        served.append(name)

    tasks = [asyncio.create_task(wait("large", 80)), asyncio.create_task(wait("small", 20))]
    await asyncio.sleep(0)
    share.shrink(30)
    await asyncio.sleep(0)
    assert served == []
    assert not budget.open_share().try_grow(1)
    share.shrink(70)
    await asyncio.gather(*tasks)
    assert served == ["large", "small"]


@pytest.mark.parametrize("given", [False, True], ids=["while it waits", "just when it was given room"])
async def test_who_leaves_while_waiting_takes_nothing(given: bool) -> None:
    budget = BodyBudget(100, wait_seconds=3600)
    share = budget.open_share()
    await share.grow(100)
    waiting = asyncio.create_task(budget.open_share().grow(60))
    behind = asyncio.create_task(budget.open_share().grow(40))
    await asyncio.sleep(0)
    if given:
        share.shrink(60)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    share.release()
    await behind
    assert budget.held_bytes == 40


async def test_a_body_without_room_is_refused_with_a_problem_and_gives_back_what_it_had(
    serve: Serve, token: Callable[..., str]
) -> None:
    client = await serve(options=HttpOptions(body_budget_bytes=1024))
    budget = client.app[RUNTIME].bodies
    budget._wait_seconds = NO_WAIT
    await budget.take(1020)
    headers = {"Authorization": f"Bearer {token()}", "Idempotency-Key": "k" * 16}
    refused = await client.post("/v1/notes", json={"title": "Paspor baru"}, headers=headers)
    assert refused.status == 503
    assert (await refused.json())["code"] == "no_room_for_body"
    assert refused.headers["Retry-After"] == "2"
    budget.give_back(1020)
    taken = await client.post("/v1/notes", json={"title": "Paspor baru"}, headers=headers)
    assert taken.status == 201
    assert budget.held_bytes == 0
