"""Ctrl-C, TERM and a closed terminal end a command by cancelling it, so that it can stop what it started."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNALLED = 128  # a shell's exit status for a command that a signal ended: 128 + its number


def run(main: Coroutine[Any, Any, int]) -> int:
    """Runs to the end, or until a signal; a second signal hastens the stop. Returns the exit status."""
    return asyncio.run(_guarded(main))


async def _guarded(main: Coroutine[Any, Any, int]) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(main)
    received: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    for number in ENDING:
        loop.add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        return SIGNALLED + received[0]
