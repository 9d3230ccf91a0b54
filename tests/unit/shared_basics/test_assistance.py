"""The copy of assistances that services hold calls against: late, twice, in any order, and forgotten in the end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.assistance import (
    ASSISTANCE_COPY,
    ASSISTANCE_REFUSALS,
    KEPT_AFTER,
    AssistanceNeeded,
    AssistanceOfAnother,
    AssistanceOver,
    Assistances,
)
from shared.clock import ManualClock
from shared.deadlines import DeadlineWorker
from shared.errors import NotKnownYet
from shared.events.identity import AssistanceBegun, AssistanceEnded
from shared.store.memory import MemoryStore
from shared.tokens import Caller, Role
from tests.conftest import START

OFFICER = Caller("officer-1", Role.FRONT_OFFICER, "s", "office-1")
ENVELOPE: Any = None


class Clock(ManualClock):
    """Whoever waits moves the time."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)


class World:
    """One service's copy."""

    def __init__(self) -> None:
        self.clock = Clock(START)
        self.store = MemoryStore("any")
        self.book = Assistances(self.store, self.clock)

    def begun(self, **changes: Any) -> AssistanceBegun:
        given: dict[str, Any] = {
            "assistance_id": "a-1",
            "account_id": "acc",
            "officer_id": "officer-1",
            "office_id": "office-1",
            "consent": "code",
            "begun_at": START,
            "expires_at": START + timedelta(hours=4),
        }
        return AssistanceBegun(**(given | changes))

    def ended(self) -> AssistanceEnded:
        return AssistanceEnded(
            assistance_id="a-1", account_id="acc", officer_id="officer-1", office_id="office-1", cause="account"
        )

    async def hear(self, *events: AssistanceBegun | AssistanceEnded) -> None:
        for event in events:
            await self.book.events()[type(event)](event, ENVELOPE)

    async def refusal(self, caller: Caller = OFFICER, account: str = "acc", named: str | None = "a-1") -> type[Any]:
        with pytest.raises(ASSISTANCE_REFUSALS) as refused:
            await self.book.require(caller, account, named)
        return type(refused.value)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(("before_end", "live"), [(timedelta(microseconds=1000), True), (timedelta(0), False)])
async def test_it_counts_until_its_very_end(world: World, before_end: timedelta, live: bool) -> None:
    await world.hear(world.begun())
    world.clock.set(START + timedelta(hours=4) - before_end)
    if live:
        assert (await world.book.require(OFFICER, "acc", "a-1")).assistance_id == "a-1"
    else:
        assert await world.refusal() is AssistanceOver


async def test_whose_and_where_it_is_counts(world: World) -> None:
    await world.hear(world.begun(person_ids=("p-1",)))
    assert await world.refusal(named=None) is AssistanceNeeded
    assert await world.refusal(Caller("officer-1", Role.OFFICE_ADMIN, "s", "office-1")) is AssistanceNeeded
    assert await world.refusal(Caller("officer-2", Role.FRONT_OFFICER, "s", "office-1")) is AssistanceOfAnother
    assert await world.refusal(Caller("officer-1", Role.FRONT_OFFICER, "s", "office-2")) is AssistanceOfAnother
    assert await world.refusal(Caller("officer-1", Role.FRONT_OFFICER, "s")) is AssistanceOfAnother
    assert await world.refusal(account="another") is AssistanceOfAnother
    assistance = await world.book.require(OFFICER, "acc", "a-1")
    assistance.refuse_uncovered("p-1")
    with pytest.raises(AssistanceOfAnother):
        assistance.refuse_uncovered("p-2")


async def test_one_that_is_on_its_way_is_waited_for(world: World) -> None:
    assert await world.refusal() is NotKnownYet
    waiting = asyncio.create_task(world.book.require(OFFICER, "acc", "a-1"))
    await asyncio.sleep(0)
    await world.hear(world.begun())
    assert (await waiting).copy.account_id == "acc"


async def test_an_end_that_is_heard_before_the_beginning_stays_the_end(world: World) -> None:
    await world.hear(world.ended())
    assert await world.refusal() is AssistanceOver
    await world.hear(world.begun(), world.begun())
    assert await world.refusal() is AssistanceOver


async def test_twin_a_copy_that_believes_the_newest_word_would_revive_it(world: World) -> None:
    await world.hear(world.ended())
    record = await world.store.get(ASSISTANCE_COPY, "a-1")
    assert record is not None
    await world.store.remove(ASSISTANCE_COPY, record)
    await world.hear(world.begun())
    assert (await world.book.require(OFFICER, "acc", "a-1")).copy.ended is False


async def test_repeats_change_nothing_and_two_at_once_lose_nothing(world: World) -> None:
    await asyncio.gather(world.hear(world.begun()), world.hear(world.ended()), world.hear(world.begun()))
    assert await world.refusal() is AssistanceOver
    before = await world.store.get(ASSISTANCE_COPY, "a-1")
    await world.hear(world.begun(), world.ended())
    assert await world.store.get(ASSISTANCE_COPY, "a-1") == before


@pytest.mark.parametrize("heard", ["both", "end alone"])
async def test_it_is_forgotten_a_day_after_no_message_can_come_any_more(world: World, heard: str) -> None:
    await world.hear(*([world.begun()] if heard == "both" else []), world.ended())
    worker = DeadlineWorker(world.store, [ASSISTANCE_COPY], world.book.deadlines(), world.clock, "test")
    world.clock.set(START + KEPT_AFTER - timedelta(seconds=1))
    assert await worker.run_due() == 0
    world.clock.set(START + timedelta(hours=4) + KEPT_AFTER)
    assert await worker.run_due() == 1
    assert await world.store.get(ASSISTANCE_COPY, "a-1") is None
