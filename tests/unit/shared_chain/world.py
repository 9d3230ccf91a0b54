"""A toy stream: notes with the time at which they were written, chained by the day; and stores that make trouble."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.chain import CHAIN_KINDS, ChainChecks, ChainName, Chains, Fact, Feed, TimedSource
from shared.chain.kinds import LINK
from shared.clock import ManualClock
from shared.ids import SeededIds
from shared.store.kinds import Index, Kind, Record
from shared.store.memory import MemoryStore
from tests.unit.world import Killed, Letting, Wrapper

T0 = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 22)
WRITES = ("insert", "insert_missing", "insert_all", "save", "remove")


@dataclass(frozen=True)
class Note:
    at: datetime
    author: str
    amount: int


NOTE = Kind("note", Note, indexes=(Index("order", ("state.at", "_id")),), bare=True)
KINDS = (NOTE, *CHAIN_KINDS)


def facts_of(record: Record[Note]) -> Sequence[Fact]:
    """One fact per note, on the chain of its day."""
    note = record.state
    name = ChainName("notes", "all", note.at.date())
    return [Fact(name, record.id, note.at, {"amount": note.amount}, subject=note.author)]


class Dying(Wrapper):
    """Dies at the given write, before or after it; a write of many in order may die after each of them."""

    def __init__(self, base: Any, at: int, *, after: bool) -> None:
        super().__init__(base)
        self._left = at
        self._after = after

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.base, name)
        if name == "insert_all":
            return self._one_by_one
        return self._counted(verb) if name in WRITES else verb

    async def _one_by_one(self, kind: Any, items: Any, *, now: datetime) -> None:
        for item in items:
            await self._counted(self.base.insert_all)(kind, [item], now=now)

    def _counted(self, verb: Any) -> Any:
        async def counted(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            answer = await verb(*given, **named)
            if self._left == 0:
                raise Killed
            return answer

        return counted


class Shuffling(Letting):
    """Lets other tasks run before and after each verb, as often as a seed says, and between the links of one write."""

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.base, name)
        if name not in (*WRITES, "get", "find"):
            return verb

        async def slowly(*given: Any, **named: Any) -> Any:
            await self._others()
            try:
                if name == "insert_all":
                    for item in given[1]:
                        await verb(given[0], [item], **named)
                        await self._others()
                    return None
                return await verb(*given, **named)
            finally:
                await self._others()

        return slowly


class Unguarded(Wrapper):
    """The guard is off: a link may be written under any number and any source, as often as anybody likes."""

    _free = Kind(
        "chain_link", LINK.state, indexes=tuple(replace(each, unique=False) for each in LINK.indexes), bare=True
    )

    def __init__(self, base: Any) -> None:
        super().__init__(base)
        self._written = 0

    async def insert_all(self, kind: Any, items: Any, *, now: datetime) -> None:
        for record_id, state in items:
            self._written += 1
            await self.base.insert(self._free, f"{record_id}.{self._written}", state, now=now)


class World:
    """A store that survives, and as many feeds over it as a test wants."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        self.base = MemoryStore("test")
        self.written = 0

    async def write(self, count: int, *, at: datetime | None = None) -> None:
        """Some notes, a second apart."""
        for _ in range(count):
            self.written += 1
            note = Note(at or self.clock.now(), f"author-{self.written % 3}", self.written)
            await self.base.insert(NOTE, f"note-{self.written}", note, now=self.clock.now())
            self.clock.advance(1)

    def chains(self, store: Any = None) -> Chains:
        """Chains over that store."""
        adds = {"notes": lambda fact: {"amount": fact["amount"]}}
        return Chains(store or self.base, SeededIds(random.Random(self.written)), adds=adds)

    def feed(self, store: Any = None, *, owner: str = "a", name: str = "notes", lag: float = 5.0) -> Feed:
        """A feed over that store."""
        store = store or self.base
        source = TimedSource(store, NOTE, "order", "state.at", facts_of)
        return Feed(name, source, self.chains(store), store, self.clock, owner, lag_seconds=lag)

    def checks(self, feed: Feed | None = None) -> ChainChecks:
        """I10 over what survives."""
        return ChainChecks("notes", feed or self.feed(), self.chains(), self.base)

    async def numbers(self, day: date = DAY) -> list[int]:
        """What is linked, in order."""
        name = ChainName("notes", "all", day).text
        return [link.fact["amount"] async for link in self.chains().links(name)]

    def later(self, **by: float) -> None:
        """Time passes."""
        self.clock.advance(timedelta(**by).total_seconds())
