"""Retries load-decide-save after a version conflict."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from shared.errors import SomeoneElseChangedIt
from shared.store.port import VersionConflict

T = TypeVar("T")

TRIES: Final = 5
"""Conflicts in a row before `SomeoneElseChangedIt`; each try reads the newest state."""


async def again(attempt: Callable[[], Awaitable[T]], *, tries: int = TRIES) -> T:
    """Run ``attempt`` (which loads, decides and saves) until it meets no version conflict.

    Raises:
        SomeoneElseChangedIt: every try met a conflict.
    """
    for _ in range(tries):
        try:
            return await attempt()
        except VersionConflict:
            continue
    raise SomeoneElseChangedIt()
