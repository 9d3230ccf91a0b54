"""Two sources: the archive of published events, and any kind whose documents carry the time they last grew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from shared.chain.feed import BEGINNING, PAGE, Page
from shared.chain.kinds import Fact
from shared.events.envelope import Envelope
from shared.store.kinds import Kind, Range, Record
from shared.store.port import Store

S = TypeVar("S")

_BETWEEN: Final = "/"
_LOWEST: Final = "\0"
"""Behind an id and before any other: ids in a range are from its low end on."""

EventFacts = Callable[[Sequence[Envelope]], Awaitable[Sequence[Fact]]]
RecordFacts = Callable[[Record[S]], Sequence[Fact]]

ID: Final = "_id"
NEXT_MOMENT: Final = timedelta(milliseconds=1)
"""Stores keep whole milliseconds."""


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
    """Documents of a kind by an index on the time at which they last grew, named by ``path``, and then on their id:
    however many are of one moment, a page holds no more than was asked for.
    """

    def __init__(self, store: Store, kind: Kind[S], index: str, path: str, facts_of: RecordFacts[S]) -> None:
        if kind.index(index).keys != (path, ID):
            raise ValueError(f"{kind.name}.{index} must be on {path} and {ID}")
        self._store = store
        self._kind = kind
        self._index = index
        self._path = path
        self._facts_of = facts_of

    async def read(self, since: datetime, before: datetime, after: str | None, limit: int) -> Page:
        """The facts of the next documents. A page ends behind a document: ``after`` is its moment and its id."""
        if after is None:
            records = await self._within(Range(since, before), limit)
        else:
            moment, _, record_id = after.partition(_BETWEEN)
            records = await self._behind(datetime.fromisoformat(moment), record_id, before, limit)
        facts = [fact for record in records for fact in self._facts_of(record)]
        if len(records) < limit:
            return Page(facts, None)
        return Page(facts, f"{self._moment(records[-1]).isoformat()}{_BETWEEN}{records[-1].id}")

    async def _behind(self, moment: datetime, record_id: str, before: datetime, limit: int) -> list[Record[S]]:
        """The rest of that moment and what is later; without an id (a mark of an earlier version) all of the moment."""
        rest = Range(record_id + _LOWEST if record_id else "")
        same = await self._store.find(self._kind, self._index, {self._path: moment}, within={ID: rest}, limit=limit)
        if len(same) == limit:
            return same
        return same + await self._within(Range(moment + NEXT_MOMENT, before), limit - len(same))

    async def _within(self, span: Range, limit: int) -> list[Record[S]]:
        return await self._store.find(self._kind, self._index, within={self._path: span}, limit=limit)

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
