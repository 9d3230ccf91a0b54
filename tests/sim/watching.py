"""Waiting for a change or for a time, whichever comes first, for the many who wait at once and are mostly disturbed.

`Change.within` takes its turns of the loop exactly as ``asyncio.wait_for(event.wait(), seconds)`` does, its races with
a cancellation among them, so a seed does the same with either; only nobody makes a task for it. Half of all turns of a
run are somebody waiting so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any


class Change:
    """An event that is heard of by all who wait at that moment."""

    def __init__(self) -> None:
        self.is_set = False
        self.heard_by: list[_Look | _Waiter] = []

    def set(self) -> None:
        """Wake everybody who waits; nothing if that is under way already."""
        if not self.is_set:
            self.is_set = True
            for each in self.heard_by:
                each.hear()

    def clear(self) -> None:
        """From now on the next change counts."""
        self.is_set = False

    async def within(self, seconds: float | None) -> bool:
        """Whether there was a change before the time was over; none: there is no such time."""
        if seconds is None:
            return await self._without_end()
        loop = asyncio.get_running_loop()
        if seconds <= 0:
            return await _ended(_Look(self, loop))
        over: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _release, over)
        look = _Look(self, loop)
        look.then = partial(_release, over)
        try:
            await over
            return look.has_heard or await _ended(look)
        except asyncio.CancelledError:
            if look.has_heard:
                return True
            if not look.stopping:
                await _ended(look)
            raise
        finally:
            timer.cancel()

    async def _without_end(self) -> bool:
        if self.is_set:
            return True
        waiter = _Waiter()
        self.heard_by.append(waiter)
        try:
            await waiter.woken
            return True
        finally:
            self.heard_by.remove(waiter)


class _Waiter:
    """Somebody with all the time in the world."""

    def __init__(self) -> None:
        self.woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hear(self) -> None:
        _release(self.woken)


class _Look:
    """What the task would be that waits for the event: it begins one turn later, and each of its steps is a turn."""

    def __init__(self, change: Change, loop: asyncio.AbstractEventLoop) -> None:
        self.has_heard = False
        self.stopping = False
        self.then: Callable[[], Any] | None = None
        """What follows its end."""
        self._change = change
        self._loop = loop
        self._begun = False
        self._woken = False
        loop.call_soon(self._begin)

    def hear(self) -> None:
        """The change is there."""
        if not self._woken:
            self._woken = True
            self._loop.call_soon(self._wake)

    def stop(self) -> None:
        """End without having heard, unless it has ended."""
        self.stopping = True
        if self._begun:
            self.hear()

    def _begin(self) -> None:
        self._begun = True
        if self.stopping or self._change.is_set:
            self._end()
        else:
            self._change.heard_by.append(self)

    def _wake(self) -> None:
        self._change.heard_by.remove(self)
        self._end()

    def _end(self) -> None:
        self.has_heard = not self.stopping
        if self.then is not None:
            self._loop.call_soon(self.then)


async def _ended(look: _Look) -> bool:
    """Stop it; whether it had heard all the same."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    look.then = partial(_release, over)
    try:
        look.stop()
        await over
    finally:
        look.then = None
    return look.has_heard


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
