"""The steps of a key turn: documents of one kind, and whatever else lies under a key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from shared.clock import Clock
from shared.crypto.errors import CannotDecrypt
from shared.key_turn.turn import Batch
from shared.store.kinds import Kind, Record
from shared.store.port import Store, VersionConflict

S = TypeVar("S")


class TurnStep(Protocol):
    """One collection of things that lie under a key, walked in the order of their ids."""

    async def batch(self, after: str, most: int, *, turn: bool) -> Batch:
        """Look at up to `most` things behind `after`; with `turn`, put those under an old key under the current one."""
        ...


@dataclass(frozen=True)
class TurnedKind(Generic[S]):
    """How documents of a kind are put under the current keys.

    `is_current` tells of an id and a state whether all its values are. `turned` returns the state with its values
    sealed by the current keys; None where they end by themselves within days.
    """

    kind: Kind[S]
    is_current: Callable[[str, S], bool]
    turned: Callable[[str, S], Awaitable[S]] | None = None
    files_turned: Callable[[S], Awaitable[int]] | None = None
    """Puts the files that a document refers to under the key of its person; returns how many do not open."""


class DocumentsStep(Generic[S]):
    """The documents of one kind. Each is written on the version that was read, so that no change of others is lost."""

    def __init__(self, store: Store, clock: Clock, turned: TurnedKind[S]) -> None:
        self._store = store
        self._clock = clock
        self._how = turned

    async def batch(self, after: str, most: int, *, turn: bool) -> Batch:
        records = await self._page(after, most)
        old = [record for record in records if not self._how.is_current(record.id, record.state)]
        turned, failed = await self._turn(old, self._how.turned) if turn and self._how.turned is not None else (0, 0)
        if turn and self._how.files_turned is not None:
            for record in records:
                failed += await self._how.files_turned(record.state)
        return Batch(len(old), turned, failed, after=records[-1].id if len(records) == most else None)

    async def _turn(self, old: Sequence[Record[S]], turned_state: Callable[[str, S], Awaitable[S]]) -> tuple[int, int]:
        """Return how many documents were turned, and how many hold a value that could not be."""
        turned = failed = 0
        for record in old:
            try:
                state = await turned_state(record.id, record.state)
            except CannotDecrypt:
                failed += 1
                continue
            if self._how.is_current(record.id, state):
                turned += await self._save(record, state)
            else:
                failed += 1
        return turned, failed

    async def _page(self, after: str, most: int) -> Sequence[Record[S]]:
        records = []
        async for record in self._store.scan(self._how.kind, batch=most, after=after):
            records.append(record)
            if len(records) == most:
                break
        return records

    async def _save(self, record: Record[S], state: S) -> bool:
        """Return whether it was written; a document that was changed meanwhile is left to the next round."""
        try:
            await self._store.save(self._how.kind, record, state, now=self._clock.now())
        except VersionConflict:
            return False
        return True


def document_steps(store: Store, clock: Clock, kinds: Sequence[TurnedKind[Any]]) -> tuple[TurnStep, ...]:
    """Return one step for each kind."""
    return tuple(DocumentsStep(store, clock, kind) for kind in kinds)
