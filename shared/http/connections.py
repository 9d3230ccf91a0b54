"""Limits open connections: in all, of one address, and how long one may go without a whole head."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from shared.http.address import UNKNOWN, Network, is_in, source_of
from shared.logs import get_logger

log = get_logger(__name__)

LOOK_SECONDS: Final = 1.0
"""Interval between two checks for connections whose head is overdue."""


@dataclass(slots=True)
class _Line:
    source: str
    """Empty for a trusted proxy, which is not counted: it stands for all its visitors and bounds them itself."""
    head_since: float | None
    """The time since which a head is awaited: the opening, or the first byte after the last answer."""
    close: Callable[[], None]
    answering: bool = False


class Connections:
    """The open connections of one listening process, each under an object of its own (its protocol)."""

    def __init__(
        self,
        most: int,
        each: int,
        head_seconds: float,
        trusted: Sequence[Network] = (),
        is_agency: Callable[[str], bool] = lambda _: False,
        now: Callable[[], float] | None = None,
    ) -> None:
        """Allow `most` in all, without agencies, and `each` of one address. `now` is in seconds, by default the loop's
        time.
        """
        self._most = most
        self._each = each
        self._head_seconds = head_seconds
        self._trusted = tuple(trusted)
        self._is_agency = is_agency
        self._now = now or (lambda: asyncio.get_running_loop().time())
        self._lines: dict[Hashable, _Line] = {}
        self._by_source: Counter[str] = Counter()
        self._counted = 0
        self.turned_away = 0
        """Connections that were closed at once because there were too many, since the start."""

    @property
    def open(self) -> int:
        """The number of open connections, with those of trusted proxies."""
        return len(self._lines)

    def opened(self, key: Hashable, peer: str | None, close: Callable[[], None]) -> bool:
        """Count a new connection; return False if it is one too many: it is not counted and must be closed.

        `close` is called when its head is overdue.
        """
        source = "" if is_in(peer, self._trusted) else source_of(peer or UNKNOWN)
        if source:
            full = self._counted >= self._most and not self._is_agency(peer or UNKNOWN)
            if full or self._by_source[source] >= self._each:
                self.turned_away += 1
                return False
            self._by_source[source] += 1
            self._counted += 1
        self._lines[key] = _Line(source, self._now(), close)
        return True

    def closed(self, key: Hashable) -> None:
        """Remove a connection from the count; one that was not counted is ignored."""
        line = self._lines.pop(key, None)
        if line is not None and line.source:
            self._counted -= 1
            self._by_source[line.source] -= 1
            if not self._by_source[line.source]:
                del self._by_source[line.source]

    def note_bytes(self, key: Hashable) -> None:
        """Note that bytes arrived."""
        line = self._lines.get(key)
        if line is not None and line.head_since is None and not line.answering:
            line.head_since = self._now()

    def understood(self, key: Hashable) -> None:
        """Note that a whole head arrived and is being answered."""
        line = self._lines.get(key)
        if line is not None:
            line.head_since = None
            line.answering = True

    def answered(self, key: Hashable) -> None:
        """Note that the answer was sent: the next byte begins another head."""
        line = self._lines.get(key)
        if line is not None:
            line.answering = False

    def close_overdue(self) -> int:
        """Close every connection whose head is overdue; return how many."""
        latest = self._now() - self._head_seconds
        overdue = [line for line in self._lines.values() if line.head_since is not None and line.head_since <= latest]
        for line in overdue:
            line.close()
        return len(overdue)

    async def watch(self) -> None:
        """Close overdue connections until cancelled."""
        told = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            closed = self.close_overdue()
            if closed or self.turned_away > told:
                log.info("http.connections_closed", without_head=closed, turned_away=self.turned_away - told)
                told = self.turned_away
