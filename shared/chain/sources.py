"""Two sources: the archive of published events, and any kind whose documents carry the time they last grew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from shared.chain.feed import BEGINNING, PAGE, Page
from shared.chain.kinds import Fact
from shared.events.envelope import Envelope
from shared.store.kinds import Kind, Range, Record
from shared.store.port import Store

S = TypeVar("S")

EventFacts = Callable[[Sequence[Envelope]], Awaitable[Sequence[Fact]]]
RecordFacts = Callable[[Record[S]], Sequence[Fact]]

LARGEST_MOMENT: Final = 1_000_000
"""Documents of one and the same millisecond that can be read; beyond it somebody writes in bulk and must say so."""


class ArchiveSource:
    """Events that were published: the relay archives each before it leaves its outbox, so none is missing here."""

    def __init__(self, store: Store, facts_of: EventFacts) -> None:
        self._store = store
        self._facts_of = facts_of

    async def read(self, since: datetime, before: datetime, after: str | None, limit: int) -> Page:
        """The facts of the next events."""
        events = await self._store.archived(since=since, before=before, after=after, limit=limit)
        facts = await self._facts_of(events) if events else ()
        return Page(facts, events[-1].id if len(events) == limit else None)

    async def everything(self, before: datetime) -> AsyncIterator[Sequence[Fact]]:
        """Of all events that are still archived."""
        after: str | None = None
        while True:
            page = await self.read(BEGINNING, before, after, PAGE)
            yield page.facts
            if page.after is None:
                return
            after = page.after


class TimedSource(Generic[S]):
    """Documents of a kind by an index on the time at which they last grew, named by ``path``."""

    def __init__(self, store: Store, kind: Kind[S], index: str, path: str, facts_of: RecordFacts[S]) -> None:
        self._store = store
        self._kind = kind
        self._index = index
        self._path = path
        self._facts_of = facts_of

    async def read(self, since: datetime, before: datetime, after: str | None, limit: int) -> Page:
        """The facts of the next documents; where a page ends, those of its last moment are read again."""
        low = datetime.fromisoformat(after) if after is not None else since
        wanted = limit
        while True:
            within = {self._path: Range(low, before)}
            records = await self._store.find(self._kind, self._index, within=within, limit=wanted)
            facts = [fact for record in records for fact in self._facts_of(record)]
            last = self._moment(records[-1]) if len(records) == wanted else None
            if last is None or last > low:
                return Page(facts, last.isoformat() if last is not None else None)
            if wanted >= LARGEST_MOMENT:
                raise LookupError(f"more than {LARGEST_MOMENT} documents of {self._kind.name} at {low}")
            wanted *= 2  # a whole page of one moment: look beyond it

    async def everything(self, before: datetime) -> AsyncIterator[Sequence[Fact]]:
        """Of all documents."""
        after: str | None = None
        while True:
            page = await self.read(BEGINNING, before, after, PAGE)
            yield page.facts
            if page.after is None:
                return
            after = page.after

    def _moment(self, record: Record[S]) -> datetime:
        value: Any = record
        for part in self._path.split("."):
            value = getattr(value, part)
        if not isinstance(value, datetime):
            raise TypeError(f"{self._kind.name}.{self._path} is no time")
        return value
