"""An event loop whose time is made up: it jumps to the next timer instead of waiting for it.

Everything that asyncio offers (timers, timeouts, gather) keeps working; nothing real passes and nothing runs beside
the loop, so the order of things depends on the program alone.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Any

from shared.clock import cut_to_milliseconds

_RESOLUTION_SECONDS = 1e-6
_MOST_SECONDS_AT_ONCE = 86400.0
_LEAST_TO_TIDY = 100
"""Like asyncio's own loop: from this many timers on, those that were cancelled are thrown out once they are half."""


class NothingLeftToDo(Exception):
    """The loop was asked to wait although no timer is set: everybody waits for somebody else."""


class _Handle(asyncio.Handle):
    """A callback to come; nobody asks where it was made."""

    __slots__ = ()

    def __init__(self, callback: Any, args: Any, loop: Any, context: Any) -> None:
        self._callback = callback
        self._args = args
        self._loop = loop
        self._context = copy_context() if context is None else context
        self._cancelled = False
        self._repr = self._source_traceback = None


class _Timer(asyncio.TimerHandle):
    """A callback for a time to come."""

    __slots__ = ()

    def __init__(self, when: float, callback: Any, args: Any, loop: Any, context: Any) -> None:
        _Handle.__init__(self, callback, args, loop, context)  # type: ignore[arg-type]
        self._when = when
        self._scheduled = True

    def __lt__(self, other: Any) -> bool:
        return bool(self._when < other._when)


class _Task(asyncio.Task[Any]):
    """A task whose place in a set is told by when it was made, never by where it lies in memory.

    Else the tasks of a dying process would be cancelled in another order each time, and its seed would not replay.
    """

    def __init__(self, number: int, coro: Any, **named: Any) -> None:
        self._number = number
        super().__init__(coro, **named)

    def __hash__(self) -> int:
        return self._number


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs under a time that starts at zero and moves only when there is nothing to do at its present moment.

    One turn does what a turn of asyncio's loop does, in the same order, less what never happens here: there is nothing
    to read, no thread calls from outside and nobody debugs. A run takes a hundred thousand turns.
    """

    _ready: deque[asyncio.Handle]
    _scheduled: list[Any]
    _stopping: bool
    _timer_cancelled_count: int

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self._numbers = itertools.count()

    def time(self) -> float:
        return self.seconds

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        return self.call_at(self.seconds + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        timer = _Timer(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        return timer

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: Any = None, context: Any = None) -> asyncio.Task[Any]:
        return _Task(next(self._numbers), coro, loop=self, name=name, context=context)

    def _run_once(self) -> None:
        self._forget_cancelled()
        ready = self._ready
        if not ready and not self._stopping:
            self._skip_to_the_next_timer()
        self._wake_timers()
        for _ in range(len(ready)):
            handle: Any = ready.popleft()
            if handle._cancelled:
                continue
            try:
                handle._context.run(handle._callback, *handle._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as trouble:
                self.call_exception_handler({"message": "exception in a callback", "exception": trouble})

    def _forget_cancelled(self) -> None:
        timers = self._scheduled
        count = len(timers)
        if count > _LEAST_TO_TIDY and self._timer_cancelled_count / count > 0.5:
            self._scheduled = [timer for timer in timers if not timer._cancelled]
            heapq.heapify(self._scheduled)
            self._timer_cancelled_count = 0
            return
        while timers and timers[0]._cancelled:
            self._timer_cancelled_count -= 1
            heapq.heappop(timers)._scheduled = False

    def _skip_to_the_next_timer(self) -> None:
        if not self._scheduled:
            raise NothingLeftToDo
        wait = self._scheduled[0]._when - self.seconds
        if wait > 0:
            self.seconds += min(wait, _MOST_SECONDS_AT_ONCE)

    def _wake_timers(self) -> None:
        timers, end = self._scheduled, self.seconds + _RESOLUTION_SECONDS
        while timers and timers[0]._when < end:
            timer = heapq.heappop(timers)
            timer._scheduled = False
            self._ready.append(timer)

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
        self._at = -1.0
        self._now = self._start

    def now(self) -> datetime:
        seconds = self._loop.seconds
        if seconds != self._at:
            self._at, self._now = seconds, cut_to_milliseconds(self._start + timedelta(seconds=seconds))
        return self._now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
