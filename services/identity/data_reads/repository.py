"""Queries of reads, of alerts about readers, and of holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.data_reads.entry import WATCHED, ReadEntry, ReadingAlert
from services.identity.data_reads.hold import ReadingHold, ReadingHoldState
from shared.store.kinds import Index, Kind, Range, Record

READ_ENTRY: Final[Kind[ReadEntry]] = Kind(
    "read_entry",
    ReadEntry,
    indexes=(
        Index("account", ("state.account_id", "-state.read_at")),
        Index("reader", ("state.reader_id", "state.read_at")),
        Index("time", ("state.read_at", "_id")),
    ),
    bare=True,
)
READING_ALERT: Final[Kind[ReadingAlert]] = Kind("reading_alert", ReadingAlert, bare=True)
READING_HOLD: Final[Kind[ReadingHold]] = Kind(
    "reading_hold",
    ReadingHold,
    indexes=(
        Index("account", ("state.account_id", "state.state")),
        Index("newest", ("-state.proposed_at",)),
    ),
)

MOST_HOLDS: Final = 100
"""Of one answer, the newest first; and of one account."""

MOST_WATCHED: Final = 5000
"""Entries read of one reader's hour: far more than any limit."""

_BATCH: Final = 1000
"""Entries of one query that were not seen yet."""
_MOMENT: Final = timedelta(milliseconds=1)


class DataReadRepository:
    """Queries of reads, of alerts about readers, and of holds."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store

    async def add(self, entries: list[tuple[str, ReadEntry]], now: datetime) -> None:
        """Write the entries that are not there yet."""
        await self._store.insert_missing(READ_ENTRY, entries, now=now)

    async def entry(self, entry_id: str) -> Record[ReadEntry] | None:
        """Return the entry of that id, or None."""
        return await self._store.get(READ_ENTRY, entry_id)

    async def entries_of(self, account_id: str, before: datetime | None, limit: int) -> list[Record[ReadEntry]]:
        """Return the reads of an account's data up to and including that moment, the newest first."""
        within = {"state.read_at": Range(high=before + _MOMENT)} if before is not None else None
        wanted = {"state.account_id": account_id}
        return await self._store.find(READ_ENTRY, "account", wanted, within=within, limit=limit)

    async def entries_by(self, reader_id: str, until: datetime) -> list[ReadEntry]:
        """Return what a member of staff read in the hour up to and including that moment."""
        within = {"state.read_at": Range(until - WATCHED + _MOMENT, until + _MOMENT)}
        wanted = {"state.reader_id": reader_id}
        found = await self._store.find(READ_ENTRY, "reader", wanted, within=within, limit=MOST_WATCHED)
        return [record.state for record in found]

    async def entries_between(self, since: datetime, before: datetime) -> AsyncIterator[ReadEntry]:
        """Yield every read of that time, in the order of time."""
        seen = frozenset[str]()
        while True:
            within = {"state.read_at": Range(since, before)}
            found = await self._store.find(READ_ENTRY, "time", within=within, limit=_BATCH + len(seen))
            fresh = [record for record in found if record.id not in seen]
            for record in fresh:
                yield record.state
            if not fresh:
                return
            last_at = fresh[-1].state.read_at
            at_last = frozenset(record.id for record in fresh if record.state.read_at == last_at)
            since, seen = last_at, at_last | (seen if last_at == since else frozenset())

    async def holds_on(self, account_id: str) -> list[ReadingHold]:
        """Return the holds in force on an account, whether or not their date is over."""
        wanted = {"state.account_id": account_id, "state.state": ReadingHoldState.IN_FORCE.value}
        return [record.state for record in await self._store.find(READING_HOLD, "account", wanted, limit=MOST_HOLDS)]

    async def newest_holds(self) -> list[Record[ReadingHold]]:
        """Return the holds, newest first."""
        return await self._store.find(READING_HOLD, "newest", limit=MOST_HOLDS)
