"""Stores that misbehave: one that dies around a chosen write, and one whose guard on versions is off."""

from __future__ import annotations

from typing import Any

from shared.store.kinds import Kind, Record
from shared.store.memory import MemoryStore
from shared.store.port import StoreUnavailable


class DyingStore(MemoryStore):
    """Dies once, before or after its n-th write; what was written stays."""

    def __init__(self) -> None:
        super().__init__("billing")
        self.writes = 0
        self.dies_at: int | None = None
        self.after = False

    async def insert(self, kind: Kind[Any], record_id: str, state: Any, **words: Any) -> Record[Any]:
        self._before()
        record = await super().insert(kind, record_id, state, **words)
        self._after()
        return record

    async def save(self, kind: Kind[Any], record: Record[Any], state: Any, **words: Any) -> Record[Any]:
        self._before()
        saved = await super().save(kind, record, state, **words)
        self._after()
        return saved

    def _before(self) -> None:
        self.writes += 1
        if self.writes == self.dies_at and not self.after:
            raise StoreUnavailable("died before the write")

    def _after(self) -> None:
        if self.writes == self.dies_at and self.after:
            raise StoreUnavailable("died after the write")


class GuardlessStore(MemoryStore):
    """Forgets to compare versions: the last writer wins. For twins that show what the guard is good for."""

    async def save(self, kind: Kind[Any], record: Record[Any], state: Any, **words: Any) -> Record[Any]:
        stored = self._documents[kind.name][record.id]
        unguarded = Record(record.id, stored["version"], record.state, record.received)
        return await super().save(kind, unguarded, state, **words)
