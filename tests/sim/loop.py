"""An event loop whose time is made up: it jumps to the next timer instead of waiting for it.

Everything that asyncio offers (timers, timeouts, gather) keeps working; nothing real passes and nothing runs beside
the loop, so the order of things depends on the program alone.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from shared.clock import cut_to_milliseconds

_RESOLUTION_SECONDS = 1e-6


class NothingLeftToDo(Exception):
    """The loop was asked to wait although no timer is set: everybody waits for somebody else."""


class _Skipping(selectors.SelectSelector):
    """Instead of waiting for input, moves the loop's time on."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise NothingLeftToDo
        if timeout > 0:
            self.seconds += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs under a time that starts at zero and moves only when there is nothing to do at its present moment."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)
        self._clock_resolution = _RESOLUTION_SECONDS

    def time(self) -> float:
        return self._skipping.seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Run it here and now: a thread would bring an order of its own."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as trouble:
            future.set_exception(trouble)
        return future


class VirtualClock:
    """The loop's time as a date; ``skew_seconds`` is how far this process's clock is off."""

    def __init__(self, loop: VirtualLoop, start: datetime, skew_seconds: float = 0.0) -> None:
        self._loop = loop
        self._start = start + timedelta(seconds=skew_seconds)

    def now(self) -> datetime:
        return cut_to_milliseconds(self._start + timedelta(seconds=self._loop.time()))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
