"""Starts a loop for one run and always cleans up after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from shared.ids import new_event_id
from shared.store import codec
from tests.sim.loop import NothingLeftToDo, VirtualLoop

T = TypeVar("T")

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""A Monday, 08:00 in Jakarta."""


def in_virtual_time(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run ``main`` to its end on a loop of its own."""
    loop = VirtualLoop()
    loop.set_exception_handler(_say_nothing)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main(loop))
    finally:
        _finish(loop)


def _finish(loop: VirtualLoop) -> None:
    structlog.reset_defaults()
    codec.new_event_id = new_event_id  # type: ignore[attr-defined]
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    try:
        if left:
            loop.run_until_complete(asyncio.wait(left))
    except NothingLeftToDo:
        pass
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _say_nothing(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """Killed processes leave tasks behind that nobody asks for; mistakes of the code are heard elsewhere."""
