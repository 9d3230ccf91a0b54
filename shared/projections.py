"""Waits up to one second for another service's event to be projected here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from shared.clock import Clock

T = TypeVar("T")

LOOKS_SECONDS: Final = (0.05, 0.05, 0.1, 0.15, 0.25, 0.4)
"""Waits between reads, one second in all. They grow, so that waiting requests do not load the store."""


async def wait_until_known(look: Callable[[], Awaitable[T | None]], clock: Clock) -> T | None:
    """Return the result of ``look``, called again until it is not None; None after one second."""
    for wait in LOOKS_SECONDS:
        found = await look()
        if found is not None:
            return found
        await clock.sleep(wait)
    return await look()
