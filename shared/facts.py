"""Waiting a moment for a fact that another service has told and that is on its way here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from shared.clock import Clock

T = TypeVar("T")

LOOKS_SECONDS: Final = (0.05, 0.05, 0.1, 0.15, 0.25, 0.4)
"""Between looks, a second in all: most facts are there at once or after a moment; who waits longer must not slow down
who works."""


async def once_known(look: Callable[[], Awaitable[T | None]], clock: Clock) -> T | None:
    """What ``look`` finds, looking again until it is there; None if it did not arrive within a second."""
    for wait in LOOKS_SECONDS:
        found = await look()
        if found is not None:
            return found
        await clock.sleep(wait)
    return await look()
