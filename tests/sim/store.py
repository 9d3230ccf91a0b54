"""The store as one living process sees it: the memory store behind a line that breaks, hangs and kills."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TypeVar

from shared.store.codec import encode
from shared.store.kinds import Kind, Record
from shared.store.memory import Document, MemoryStore
from shared.store.port import StoreUnavailable, VersionConflict
from tests.sim.chaos import Chaos

T = TypeVar("T")

PAUSE_SECONDS = 45.0
"""Longer than a deadline's lease: whoever wakes up after it must find itself fenced off."""

SLOW_SECONDS = 0.02

HOLD_SECONDS = (0.05, 0.2, 0.6, 1.5, 4.0, 8.0)
"""How long somebody who has read may be held: from one message's way to that of a whole conversation between services.
All of it is shorter than a deadline's lease, so nobody is fenced off by it."""

SHORTEST_HOLD, LONGEST_HOLD = 0.5, 1.5
"""Of the drawn length, so that holds are of all lengths between."""


NEVER_HELD: ContextVar[bool] = ContextVar("paspor_sim_never_held", default=False)
"""Whether the running task is not held: a check reads several documents and wants them as they are at one moment."""


class Crash(BaseException):
    """The process is gone. No handler catches it, as none would after a kill -9."""


class CrashPlan:
    """Counts writes over all processes and can order a crash at one of them."""

    def __init__(self, at: int | None = None, *, after: bool = True) -> None:
        self.writes = 0
        self._at = at
        self._after = after

    def crashes_before(self) -> bool:
        """Count one write; whether its process dies before it."""
        self.writes += 1
        return self.writes == self._at and not self._after

    def crashes_after(self) -> bool:
        """Whether the process that has just written dies now."""
        return self.writes == self._at and self._after


class KeptStore(MemoryStore):
    """What survives a crash: one service's documents.

    It is asked far more often than it is written to, so it keeps what it would work out again: the states as read and
    when what can be leased. Readers of one version share one state; `changed_by_readers` finds who changes it.
    """

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.on_claimed: Callable[[], None] | None = None
        self.on_kept: Callable[[Kind[Any], dict[str, Any]], None] | None = None
        """Told of every state that is written, once it is there."""
        self._read: dict[tuple[str, str], tuple[Kind[Any], Document, Any]] = {}
        """(kind, id) to the stored state and what the codec made of it."""
        self._leasable: dict[str, dict[str, datetime]] = {}
        """Kind and id to when its next deadline can be leased, of those that have one."""
        self._earliest: dict[str, datetime | None] = {}
        """The first of those times, by kind, as long as none of them has changed."""
        self._next: datetime | None = None
        self._next_is_known = False

    async def claim_one(self, *args: Any, **named: Any) -> Any:
        claimed = await super().claim_one(*args, **named)
        if claimed is not None and self.on_claimed is not None:
            self.on_claimed()
        return claimed

    async def claim_due(self, kind: Kind[Any], *, now: datetime, owner: str, lease_seconds: int) -> Any:
        first = self._first_leasable(kind.name)
        if first is None or first > now:
            return None
        due = await super().claim_due(kind, now=now, owner=owner, lease_seconds=lease_seconds)
        if due is not None:
            self._note_due(kind.name, self._documents[kind.name][due.record.id])
        return due

    async def remove(self, kind: Kind[Any], record: Record[Any]) -> bool:
        removed = await super().remove(kind, record)
        if removed:
            self._read.pop((kind.name, record.id), None)
            self._leasable.get(kind.name, {}).pop(record.id, None)
            self._forget_first(kind.name)
        return removed

    def changed_by_readers(self) -> list[str]:
        """Whose state is no longer what was stored: somebody changed what others were given to read."""
        return [f"{kind} {record_id}" for kind, record_id in self._read if self.is_changed(kind, record_id)]

    def is_changed(self, kind: str, record_id: str) -> bool:
        """Whether the state that readers were given is no longer the one that was stored."""
        known = self._read.get((kind, record_id))
        return known is not None and encode(known[0], known[2]) != known[1]

    def _record(self, kind: Kind[Any], document: Document) -> Record[Any]:
        place = kind.name, document["_id"]
        known = self._read.get(place)
        if known is None or known[1] is not document["state"]:
            record = super()._record(kind, document)
            self._read[place] = kind, document["state"], record.state
            return record
        lease = document["lease"]
        return Record(
            document["_id"],
            document["version"],
            known[2],
            frozenset([entry["id"] for entry in document["inbox"]]),
            lease.get("fence") if lease.get("until") else None,
        )

    def _keep(self, kind: Kind[Any], document: Document) -> None:
        super()._keep(kind, document)
        self._note_due(kind.name, document)
        if self.on_kept is not None:
            self.on_kept(kind, document["state"])

    def _note_due(self, kind: str, document: Document) -> None:
        due = document["next_due_at"]
        times = self._leasable.setdefault(kind, {})
        if due is not None:
            times[document["_id"]] = max(due, document["lease"].get("until") or due)
        elif times.pop(document["_id"], None) is None:
            return
        self._forget_first(kind)

    def _forget_first(self, kind: str) -> None:
        self._earliest.pop(kind, None)
        self._next_is_known = False

    def _first_leasable(self, kind: str) -> datetime | None:
        if kind not in self._earliest:
            self._earliest[kind] = min(self._leasable.get(kind, {}).values(), default=None)
        return self._earliest[kind]

    def documents(self, kind: str) -> dict[str, Document]:
        """The stored documents of a kind, as they are: to be looked at, never changed."""
        return self._documents.get(kind, {})

    def due_next(self) -> datetime | None:
        """When the next deadline can be leased; none if there is none."""
        if not self._next_is_known:
            firsts = [self._first_leasable(kind) for kind in self._leasable]
            self._next = min([first for first in firsts if first is not None], default=None)
            self._next_is_known = True
        return self._next

    def unpublished(self, kinds: list[Kind[Any]]) -> int:
        """How many messages wait in outboxes."""
        return sum(len(document["outbox"]) for kind in kinds for document in self.documents(kind.name).values())


class FaultyStore:
    """The store port for one life of one process."""

    def __init__(self, kept: KeptStore, name: str, chaos: Chaos, plan: CrashPlan, die: Callable[[], None]) -> None:
        self._kept = kept
        self._name = f"store/{name}"
        self._dice = chaos.dice(self._name)
        self._hold_dice = chaos.dice(f"hold/{name}")
        self._chaos = chaos
        self._plan = plan
        self._die = die
        self.alive = True

    async def insert(self, *args: Any, **named: Any) -> Any:
        return await self._write(lambda: self._kept.insert(*args, **named))

    async def save(self, kind: Any, record: Any, state: Any, **named: Any) -> Any:
        if self._chaos.happens("conflict", self._name):
            await self._line()
            raise VersionConflict(f"{kind.name} {record.id}: another writer was faster (simulated)")
        return await self._write(lambda: self._kept.save(kind, record, state, **named))

    async def remove(self, *args: Any, **named: Any) -> Any:
        return await self._write(lambda: self._kept.remove(*args, **named))

    async def insert_missing(self, kind: Any, items: Any, *, now: datetime) -> int:
        """Not atomic as a whole: a crash may leave the first half."""
        half = len(items) // 2
        written = 0
        for part in (items[:half], items[half:]):
            written += await self._write(lambda part=part: self._kept.insert_missing(kind, part, now=now))  # type: ignore[misc]
        return written

    async def insert_all(self, kind: Any, items: Any, *, now: datetime) -> None:
        """Not atomic as a whole, but in order: a crash may come after any of them."""
        for item in items:
            await self._write(lambda item=item: self._kept.insert_all(kind, [item], now=now))  # type: ignore[misc]

    async def tally(self, *args: Any, **named: Any) -> Any:
        return await self._read(lambda: self._kept.tally(*args, **named))

    async def claim_one(self, *args: Any, **named: Any) -> Any:
        return await self._write(lambda: self._kept.claim_one(*args, **named))

    async def count_up(self, *args: Any, **named: Any) -> Any:
        return await self._write(lambda: self._kept.count_up(*args, **named))

    async def claim_due(self, *args: Any, **named: Any) -> Any:
        due = await self._read(lambda: self._kept.claim_due(*args, **named))
        return due if due is None else await self._held(due)

    async def claim_all_due(self, *args: Any, **named: Any) -> Any:
        return await self._read(lambda: self._kept.claim_all_due(*args, **named))

    async def mark_published(self, *args: Any, **named: Any) -> Any:
        return await self._write(lambda: self._kept.mark_published(*args, **named))

    async def get(self, *args: Any, **named: Any) -> Any:
        return await self._held(await self._read(lambda: self._kept.get(*args, **named)))

    async def find(self, *args: Any, **named: Any) -> Any:
        return await self._held(await self._read(lambda: self._kept.find(*args, **named)))

    async def find_holder(self, *args: Any, **named: Any) -> Any:
        return await self._held(await self._read(lambda: self._kept.find_holder(*args, **named)))

    async def count(self, *args: Any, **named: Any) -> Any:
        return await self._read(lambda: self._kept.count(*args, **named))

    async def outbox_waiting(self, *args: Any, **named: Any) -> Any:
        return await self._read(lambda: self._kept.outbox_waiting(*args, **named))

    async def archived(self, *args: Any, **named: Any) -> Any:
        return await self._read(lambda: self._kept.archived(*args, **named))

    async def ping(self) -> None:
        await self._read(self._kept.ping)

    async def scan(self, kind: Any, *, batch: int = 200, after: str = "") -> AsyncIterator[Any]:
        await self._line()
        async for record in self._kept.scan(kind, batch=batch, after=after):
            self._go_on()
            yield record

    async def _read(self, work: Callable[[], Awaitable[T]]) -> T:
        await self._line()
        if self._chaos.happens("store_down", self._name):
            raise StoreUnavailable("the store does not answer (simulated)")
        answer = await work()
        self._go_on()
        return answer

    async def _held(self, answer: T) -> T:
        """Hold a reader with its answer in hand, so that others write what it has read before it writes."""
        rate, draw = self._chaos.rates.hold, self._hold_dice.random
        if rate > 0 and not NEVER_HELD.get() and draw() < rate:
            await asyncio.sleep(self._hold_seconds())
            self._go_on()
        return answer

    def _hold_seconds(self) -> float:
        dice = self._hold_dice
        return dice.choice(HOLD_SECONDS) * (SHORTEST_HOLD + (LONGEST_HOLD - SHORTEST_HOLD) * dice.random())

    async def _write(self, work: Callable[[], Awaitable[T]]) -> T:
        await self._line()
        if self._plan.crashes_before() or self._chaos.happens("crash", self._name):
            self._kill()
        if self._chaos.happens("store_down", self._name):
            raise StoreUnavailable("the store does not answer (simulated)")
        answer = await work()
        if self._plan.crashes_after() or self._chaos.happens("crash", self._name):
            self._kill()
        if self._chaos.happens("store_down", self._name):
            raise StoreUnavailable("the write's answer was lost (simulated)")
        await self._line()
        return answer

    async def _line(self) -> None:
        """The way to the server and back: never instant, now and then slow, rarely longer than any lease."""
        self._go_on()
        await asyncio.sleep(self._seconds())
        self._go_on()

    def _seconds(self) -> float:
        rates, draw = self._chaos.rates, self._dice.random
        if rates.pause > 0 and draw() < rates.pause:
            return PAUSE_SECONDS
        if rates.slow > 0 and draw() < rates.slow:
            return draw() * SLOW_SECONDS
        return 0.0

    def _go_on(self) -> None:
        if not self.alive:
            raise Crash

    def _kill(self) -> None:
        self._die()
        raise Crash


class FaultyFiles:
    """A file store for one life of one process: the same crashes around each write."""

    _WRITES = frozenset({"create", "append", "finish", "delete"})

    def __init__(self, kept: Any, store: FaultyStore) -> None:
        self._kept = kept
        self._store = store

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._kept, name)
        if name not in self._WRITES:
            return method

        async def write(*args: Any, **named: Any) -> Any:
            return await self._store._write(lambda: method(*args, **named))

        return write


class FaultyKeyTable(FaultyFiles):
    """The keys of persons for one life of one process: the same crashes around each write."""

    _WRITES = frozenset({"add", "destroy", "replace"})
