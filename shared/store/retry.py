"""Load, decide, save: again when another writer was faster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from shared.errors import SomeoneElseChangedIt
from shared.store.port import VersionConflict

T = TypeVar("T")

TRIES: Final = 5
"""Conflicts in a row after which the caller is told; each try reads the newest state."""


async def again(attempt: Callable[[], Awaitable[T]], *, tries: int = TRIES) -> T:
    """Run ``attempt`` (which loads, decides and saves) until no other writer is faster.

    Raises:
        SomeoneElseChangedIt: every try met a conflict.
    """
    for _ in range(tries):
        try:
            return await attempt()
        except VersionConflict:
            continue
    raise SomeoneElseChangedIt()
