"""A `Change` is waited for as an event of asyncio is: same answers in the same turns of the loop, whatever disturbs."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tests.sim.loop import VirtualLoop
from tests.sim.running import in_virtual_time
from tests.sim.watching import Change

WAITERS = 4
DISTURBANCES = 60
SECONDS: tuple[float | None, ...] = (None, 0.0, 0.0, 1e-7, 0.5, 1.0, 1.0, 3.0)


class Usual:
    """What asyncio has for it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.set, self.clear = self._event.set, self._event.clear

    async def within(self, seconds: float | None) -> bool:
        try:
            return await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return False


class Story:
    """Some who wait again and again, and somebody who disturbs them by lot."""

    def __init__(self, loop: VirtualLoop, change: Any, seed: int) -> None:
        self.told: list[tuple[float, int, str]] = []
        self._loop, self._change, self._seed = loop, change, seed
        self._turns = 0
        self._over = False

    async def play(self) -> list[tuple[float, int, str]]:
        self._count()
        dice = random.Random(self._seed)
        waiting = [asyncio.ensure_future(self._wait(number)) for number in range(WAITERS)]
        for _ in range(DISTURBANCES):
            for _ in range(dice.choice((0, 0, 1, 1, 2, 3, 4))):
                await asyncio.sleep(0)
            await asyncio.sleep(dice.choice((0, 0, 0, 0.5, 1.0)))
            what = dice.choice(("set", "set", "clear", "cancel"))
            if what == "cancel":
                number = dice.randrange(WAITERS)
                if waiting[number].cancel():
                    waiting[number] = asyncio.ensure_future(self._wait(number))
            else:
                getattr(self._change, what)()
        self._over = True
        return [*self.told]

    def _count(self) -> None:
        self._turns += 1
        if not self._over:
            self._loop.call_later(0.25, self._count)
            self.told.append((self._loop.time(), self._turns, "tick"))

    async def _wait(self, number: int) -> None:
        dice = random.Random(f"{self._seed}/{number}")
        for tried in range(DISTURBANCES):
            try:
                heard = await self._change.within(dice.choice(SECONDS))
            except asyncio.CancelledError:
                self.told.append((self._loop.time(), number, f"{tried} was cancelled"))
                raise
            self.told.append((self._loop.time(), number, f"{tried} {heard}"))
            if dice.random() < 0.5:
                self._change.clear()


def played(seed: int, change: type[Any]) -> list[tuple[float, int, str]]:
    return in_virtual_time(lambda loop: Story(loop, change(), seed).play())


@pytest.mark.parametrize("part", range(2))
def test_a_change_is_waited_for_as_an_event_is(part: int) -> None:
    told = {"True": 0, "False": 0, "cancelled": 0}
    for seed in range(part, 80, 2):
        usual = played(seed, Usual)
        assert played(seed, Change) == usual, f"seed {seed}"
        for word in told:
            told[word] += sum(what.endswith(word) for _, _, what in usual)
    assert all(count > 20 for count in told.values()), told
