"""Counts that all replicas of a service share: how often something was done under a key in a window of time.

Each window of each key is a small document that only counts up, by one conditional write that never passes the limit.
A process takes allowances from it in blocks, so that a key that calls often costs few writes. The first call of a key
in a window is free at each process and costs none: most keys call once. The limit is kept nevertheless, because as many
are set aside as there may be processes. So a limit may bite early, by what is set aside and by what a process took and
did not use, and never late. Keys are stored as keyed fingerprints only.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.crypto.fingerprints import Fingerprints
from shared.ids import derived_id
from shared.store.kinds import Kind
from shared.store.port import Store

BLOCKS: Final = 8
"""A process takes an eighth of a limit at a time: a window costs it at most about eight writes per key."""

MOST_REPLICAS: Final = 8
"""Processes whose free first calls are set aside of a limit. Each process beyond them could let one call more through;
the store is the limit of a service long before that many."""

SMALLEST_WITH_A_FREE_CALL: Final = 2 * MOST_REPLICAS
"""Of a smaller limit nothing can be set aside: each of its calls is counted in the store."""

MOST_WINDOWS: Final = 50_000
"""Windows remembered in a process, about 14 MB; a forgotten one takes its next block from the store."""

_NAME_BYTES: Final = 16
"""Of the hash that stands for a window: an address and its limit as text take five times as much."""


@dataclass(frozen=True)
class Count:
    """How often, in one window of one key."""

    kept_until: datetime
    count: int = 0


COUNT: Final[Kind[Count]] = Kind("count", Count, bare=True, kept_until="state.kept_until")


@dataclass(slots=True)
class _Window:
    block: int
    left: int = 0
    full: bool = False


class SharedCounts:
    """Allowances of one store, for one process of those that share it."""

    def __init__(self, store: Store, fingerprints: Fingerprints, *, most_windows: int = MOST_WINDOWS) -> None:
        self._store = store
        self._fingerprints = fingerprints
        self._most_windows = most_windows
        self._windows: OrderedDict[bytes, _Window] = OrderedDict()

    async def allow(self, key: str, most: int, window_seconds: float, now: datetime) -> float:
        """Count one under ``key``. 0.0 if at most ``most`` are counted in the present window, by all processes
        together; else the seconds until the next window begins. Windows begin at whole multiples of their length.

        Raises:
            StoreUnavailable: nothing can be counted now.
        """
        number = int(now.timestamp() // window_seconds)
        ends_at = (number + 1) * window_seconds
        window = self._window(f"{key}|{most}|{window_seconds}|{number}", most)
        if not window.left and not window.full:
            await self._take(window, key, most, window_seconds, number, now)
        if not window.left:
            return max(ends_at - now.timestamp(), 0.001)
        window.left -= 1
        return 0.0

    async def _take(
        self, window: _Window, key: str, most: int, window_seconds: float, number: int, now: datetime
    ) -> None:
        """Take a block into the window; smaller ones once a whole one is more than is left."""
        fingerprint = self._fingerprints.current(key, "count")
        count_id = derived_id("count", fingerprint, str(most), str(window_seconds), str(number))
        ends_at = datetime.fromtimestamp((number + 1) * window_seconds, UTC)
        fresh = Count(kept_until=ends_at + timedelta(seconds=window_seconds))
        counted = most - MOST_REPLICAS * _free_calls(most)
        while not window.full:
            by = window.block
            if await self._store.count_up(COUNT, count_id, by=by, most=counted, fresh=fresh, now=now) is not None:
                window.left += by
                return
            window.full = by == 1
            window.block = max(1, by // 2)

    def _window(self, text: str, most: int) -> _Window:
        name = hashlib.blake2b(text.encode(), digest_size=_NAME_BYTES).digest()
        window = self._windows.get(name)
        if window is None:
            window = self._windows[name] = _Window(max(1, most // BLOCKS), left=_free_calls(most))
            if len(self._windows) > self._most_windows:
                self._windows.popitem(last=False)
        self._windows.move_to_end(name)
        return window


def _free_calls(most: int) -> int:
    return 1 if most >= SMALLEST_WITH_A_FREE_CALL else 0
