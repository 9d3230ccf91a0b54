"""Time as an argument. Production uses `SystemClock`; tests and the simulation use `ManualClock`."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time and lets a task wait."""

    def now(self) -> datetime:
        """The time, aware, in UTC, cut to whole milliseconds because the store keeps no more."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock; at least one turn of the loop."""
        ...


def cut_to_milliseconds(moment: datetime) -> datetime:
    """The same moment in UTC without its microseconds below a millisecond. Refuses a naive time with `ValueError`."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be placed; give an aware datetime")
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    below = utc.microsecond % 1000
    return utc.replace(microsecond=utc.microsecond - below) if below else utc


class SystemClock:
    """The machine's clock and the running loop's timer."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that moves only when told; sleepers wake in the order of their due time, then of their arrival."""

    def __init__(self, start: datetime) -> None:
        self._now = cut_to_milliseconds(start)
        self._arrivals = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due = self._now + timedelta(seconds=seconds)
        heapq.heappush(self._sleepers, (due, next(self._arrivals), woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds` and wake who is due. Sleepers run when the caller next awaits."""
        if seconds < 0:
            raise ValueError("advance moves forward; use set() to move a clock back")
        self.set(self._now + timedelta(seconds=seconds))

    def set(self, moment: datetime) -> None:
        """Move to `moment`, forward or back, and wake who is due."""
        self._now = cut_to_milliseconds(moment)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)

    def next_wake(self) -> datetime | None:
        """Return the time at which the first sleeper is due, rounded up to a millisecond; None without sleepers."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers:
            return None
        due = self._sleepers[0][0]
        cut = cut_to_milliseconds(due)
        return cut if cut == due else cut + timedelta(milliseconds=1)
