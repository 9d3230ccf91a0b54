"""A store in memory that keeps the frozen states themselves: many times as fast, for states that nobody can change.

What the codec would do to a state on its way to the store and back is tested elsewhere; here only versions, leases,
inboxes and due times matter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.store.codec import due_fields, outbox_entries
from shared.store.kinds import Due, Kind, Record
from shared.store.memory import MemoryStore
from shared.store.port import AlreadyExists, VersionConflict


@dataclass
class _Kept:
    record: Record[Any]
    next_due_at: datetime | None = None
    due: Mapping[str, datetime] = field(default_factory=dict)
    fence: int = 0
    leased_until: datetime | None = None


class QuickStore(MemoryStore):
    """The verbs that billing's use cases need, without copies."""

    def __init__(self) -> None:
        super().__init__("billing")
        self.kept: dict[str, dict[str, _Kept]] = {}
        self.after_read: Callable[[], Awaitable[None]] | None = None
        """What others do between a read and what its reader does next."""

    def forget(self) -> None:
        """Begin anew."""
        self.kept.clear()

    def states(self, kind: Kind[Any]) -> list[Any]:
        """Every state of a kind."""
        return [each.record.state for each in self.kept.get(kind.name, {}).values()]

    def next_due(self, kind: Kind[Any]) -> datetime | None:
        """When something of a kind is due that nobody holds a lease on."""
        times = [
            max(each.next_due_at, each.leased_until or each.next_due_at)
            for each in self.kept.get(kind.name, {}).values()
            if each.next_due_at is not None
        ]
        return min(times, default=None)

    async def insert(
        self,
        kind: Kind[Any],
        record_id: str,
        state: Any,
        *,
        now: datetime,
        events: Sequence[Any] = (),
        received: str | None = None,
    ) -> Record[Any]:
        if record_id in self.kept.get(kind.name, {}):
            raise AlreadyExists(kind.name, "_id_")
        return self._keep(kind, Record(record_id, 0, state), state, now, events, received)

    async def get(self, kind: Kind[Any], record_id: str) -> Record[Any] | None:
        kept = self.kept.get(kind.name, {}).get(record_id)
        record = kept.record if kept else None
        if self.after_read is not None:
            await self.after_read()
        return record

    async def save(
        self,
        kind: Kind[Any],
        record: Record[Any],
        state: Any,
        *,
        now: datetime,
        events: Sequence[Any] = (),
        received: str | None = None,
    ) -> Record[Any]:
        kept = self.kept.get(kind.name, {}).get(record.id)
        if kept is None or kept.record.version != record.version:
            raise VersionConflict(record.id)
        if record.fence is not None and record.fence != kept.fence:
            raise VersionConflict(record.id)
        if record.fence is not None:
            kept.leased_until = None
        return self._keep(kind, kept.record, state, now, events, received)

    def _keep(
        self, kind: Kind[Any], old: Record[Any], state: Any, now: datetime, events: Sequence[Any], received: str | None
    ) -> Record[Any]:
        seen = old.received | {received} if received is not None else old.received
        record = Record(old.id, old.version + 1, state, seen)
        kept = self.kept.setdefault(kind.name, {}).setdefault(old.id, _Kept(record))
        kept.record, kept.due = record, due_fields(kind, state)
        kept.next_due_at = min(kept.due.values(), default=None)
        if self.on_written is not None:
            self.on_written(kind, outbox_entries("billing", old.id, record.version, events, now), kept.next_due_at)
        return record

    async def find(
        self,
        kind: Kind[Any],
        index: str,
        equals: Mapping[str, Any] | None = None,
        *,
        within: Mapping[str, Any] | None = None,
        limit: int = 100,
        descending: bool = False,
    ) -> list[Record[Any]]:
        paths = kind.index(index).paths()
        found = [
            each.record
            for each in self.kept.get(kind.name, {}).values()
            if all(_holds(_at(each.record, path), wanted) for path, wanted in (equals or {}).items())
        ]
        found.sort(key=lambda record: [str(_at(record, path)) for path in paths])
        if self.after_read is not None:
            await self.after_read()
        return found[:limit]

    async def claim_due(self, kind: Kind[Any], *, now: datetime, owner: str, lease_seconds: int) -> Due[Any] | None:
        for kept in self.kept.get(kind.name, {}).values():
            if kept.next_due_at is None or kept.next_due_at > now:
                continue
            if kept.leased_until is not None and kept.leased_until > now:
                continue
            kept.fence += 1
            kept.leased_until = now + timedelta(seconds=lease_seconds)
            old = kept.record
            leased = Record(old.id, old.version, old.state, old.received, kept.fence)
            return Due(leased, tuple(sorted(name for name, at in kept.due.items() if at <= now)))
        return None

    async def scan(self, kind: Kind[Any], *, batch: int = 200, after: str = "") -> AsyncIterator[Record[Any]]:
        for kept in list(self.kept.get(kind.name, {}).values()):
            yield kept.record


def _at(record: Record[Any], path: str) -> Any:
    value: Any = record
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


def _holds(value: Any, wanted: Any) -> bool:
    return wanted in value if isinstance(value, tuple) else value == wanted
