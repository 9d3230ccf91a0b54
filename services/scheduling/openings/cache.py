"""Read-through cache of openings: copies of stored documents, one second old at most, bounded."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from services.scheduling.openings.draw import draw_key
from services.scheduling.openings.opening import Opening, OpeningTicket
from services.scheduling.openings.repository import OpeningRepository
from shared.clock import Clock
from shared.store.kinds import Record

BOARD_SECONDS: Final = 1.0
"""How old the copy of the openings under way may be."""

ENDED_SECONDS: Final = 5.0
"""How old the copy of an opening that ended may be; only its tickets are still removed."""

MOST_ENDED_KEPT: Final = 200
MOST_TICKETS_KEPT: Final = 20_000
"""About 1 KB each; a ticket that was dropped is read again when its holder asks."""

MOST_PLACES_KEPT: Final = 300_000
"""Drawn places of all openings together, about 130 bytes each."""

HASHED_AT_ONCE: Final = 2000
"""Hashes of one step: other calls are answered between the steps of a large draw."""

T = TypeVar("T")


class RecentlyUsed(Generic[T]):
    """The most recently used values, up to a number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[str, T] = OrderedDict()

    def get(self, key: str) -> T | None:
        """Return the value, or None; it counts as used now."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: str, value: T) -> None:
        """Keep a value; the one that was used longest ago may be dropped."""
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._values)


@dataclass(frozen=True)
class _Aged:
    record: Record[Opening]
    read_at: datetime


class OpeningCache:
    """Openings, tickets and drawn places as they were a moment ago."""

    def __init__(self, openings: OpeningRepository, clock: Clock) -> None:
        self._openings = openings
        self._clock = clock
        self._lock = asyncio.Lock()
        self._read_at: datetime | None = None
        self._live: dict[str, Record[Opening]] = {}
        self._sessions: dict[str, str] = {}
        self._ended: RecentlyUsed[_Aged] = RecentlyUsed(MOST_ENDED_KEPT)
        self.tickets: RecentlyUsed[Record[OpeningTicket]] = RecentlyUsed(MOST_TICKETS_KEPT)
        self._places: OrderedDict[str, Mapping[str, int]] = OrderedDict()

    async def find_by_session(self, session_id: str) -> Record[Opening] | None:
        """Return the opening that gives out a session's seats, or None; reads the store at most once a second."""
        await self._refresh()
        opening_id = self._sessions.get(session_id)
        return self._live.get(opening_id) if opening_id is not None else None

    async def opening(self, opening_id: str) -> Record[Opening] | None:
        """Return the opening as it was a second ago at most, or None."""
        await self._refresh()
        live = self._live.get(opening_id)
        if live is not None:
            return live
        aged = self._ended.get(opening_id)
        if aged is not None and self._is_young(aged.read_at, ENDED_SECONDS):
            return aged.record
        return await self.newest(opening_id)

    async def newest(self, opening_id: str) -> Record[Opening] | None:
        """Return the opening as it is now."""
        record = await self._openings.opening(opening_id)
        if record is not None:
            self.remember(record)
        return record

    def remember(self, record: Record[Opening]) -> None:
        """Remember what was just written or read."""
        known = self._live.get(record.id)
        if known is not None and known.version > record.version:
            return
        if record.state.live:
            self._live[record.id] = record
            self._sessions |= dict.fromkeys(record.state.session_ids, record.id)
            return
        if self._live.pop(record.id, None) is not None:
            self._sessions = {session_id: at for session_id, at in self._sessions.items() if at != record.id}
        self._ended.put(record.id, _Aged(record, self._clock.now()))

    async def place(self, record: Record[Opening], ticket_id: str) -> int | None:
        """Return the place that was drawn for a ticket, from 0; None if it was not in the draw."""
        return (await self._places_of(record)).get(ticket_id)

    async def _places_of(self, record: Record[Opening]) -> Mapping[str, int]:
        known = self._places.get(record.id)
        if known is not None:
            return known
        async with self._lock:
            if record.id not in self._places:
                self._keep_places(record.id, await self._draw(record))
            return self._places[record.id]

    async def _draw(self, record: Record[Opening]) -> Mapping[str, int]:
        state = record.state
        if state.seed is None or state.root is None:
            raise LookupError(f"opening {record.id} is not drawn")
        listed = await self._openings.read_list(record.id, state.root)
        keyed: list[tuple[str, str]] = []
        for start in range(0, len(listed), HASHED_AT_ONCE):
            step = listed[start : start + HASHED_AT_ONCE]
            keyed += [(draw_key(state.seed, state.root, entry.commitment), entry.ticket_id) for entry in step]
            await asyncio.sleep(0)
        return {ticket_id: place for place, (_, ticket_id) in enumerate(sorted(keyed))}

    def _keep_places(self, opening_id: str, places: Mapping[str, int]) -> None:
        self._places[opening_id] = places
        while len(self._places) > 1 and sum(map(len, self._places.values())) > MOST_PLACES_KEPT:
            self._places.popitem(last=False)

    async def _refresh(self) -> None:
        if self._read_at is not None and self._is_young(self._read_at, BOARD_SECONDS):
            return
        await self._once(self._read)

    async def _once(self, read: Callable[[], Awaitable[None]]) -> None:
        """Read once for concurrent callers: those who come during a read wait for its result."""
        async with self._lock:
            if self._read_at is None or not self._is_young(self._read_at, BOARD_SECONDS):
                await read()

    async def _read(self) -> None:
        asked_at = self._clock.now()
        found = await self._openings.live_openings()
        self._live = {record.id: record for record in found}
        self._sessions = {session_id: record.id for record in found for session_id in record.state.session_ids}
        self._read_at = asked_at

    def _is_young(self, read_at: datetime, seconds: float) -> bool:
        return timedelta() <= self._clock.now() - read_at < timedelta(seconds=seconds)
