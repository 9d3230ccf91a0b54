from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import ManualClock, SystemClock, cut_to_milliseconds

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
LATEST = datetime(9000, 1, 1)  # noqa: DTZ001 - the strategy adds the zone


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_system_clock_is_aware_and_keeps_milliseconds() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0


@pytest.mark.parametrize("seconds", [-5, -0.001, 0])
async def test_the_system_clock_sleeps_not_at_all_for_a_past_time(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """One turn of the loop, so that others go on, and no timer."""
    asked: list[float] = []
    sleep = asyncio.sleep

    async def asked_for(seconds: float) -> None:
        asked.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", asked_for)
    await SystemClock().sleep(seconds)
    assert asked == [0.0]


async def test_the_system_clock_sleeps_as_long_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    async def asked_for(seconds: float) -> None:
        asked.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", asked_for)
    await SystemClock().sleep(2.5)
    assert asked == [2.5]


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=-9))), max_value=LATEST))
def test_cutting_goes_down_to_the_millisecond_in_utc(moment: datetime) -> None:
    cut = cut_to_milliseconds(moment)
    assert timedelta(0) <= moment - cut < timedelta(milliseconds=1)
    assert cut.tzinfo is UTC


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the refusal is the point


async def test_sleepers_wake_in_the_order_of_their_time_then_arrival() -> None:
    clock = ManualClock(START)
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    tasks = [asyncio.create_task(sleeper(*each)) for each in (("late", 9), ("a", 3), ("soon", 1), ("b", 3))]
    await settle()
    assert clock.next_wake() == START + timedelta(seconds=1)
    clock.advance(2.999)
    await settle()
    assert woken == ["soon"]
    clock.advance(0.001)
    await settle()
    assert woken == ["soon", "a", "b"]
    clock.set(START + timedelta(seconds=20))
    await asyncio.gather(*tasks)
    assert woken == ["soon", "a", "b", "late"]
    assert clock.next_wake() is None


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock(START)
    task = asyncio.create_task(clock.sleep(5))
    await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert clock.next_wake() is None
    clock.advance(10)


async def test_no_time_is_one_turn_of_the_loop() -> None:
    clock = ManualClock(START)
    await clock.sleep(0)
    assert clock.now() == START


async def test_the_next_wake_never_comes_before_its_sleeper() -> None:
    clock = ManualClock(START)
    task = asyncio.create_task(clock.sleep(0.0015))
    await settle()
    wake = clock.next_wake()
    assert wake == START + timedelta(milliseconds=2)
    clock.set(wake)
    await task


def test_advance_refuses_to_go_back_and_set_does_not() -> None:
    clock = ManualClock(START)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)
    clock.set(START - timedelta(days=1))
    assert clock.now() == START - timedelta(days=1)
