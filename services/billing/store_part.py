"""The base of every repository, and the one way to insert, save and change an aggregate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from shared.clock import Clock
from shared.errors import NotFound
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record
from shared.store.port import AlreadyExists, Store

S = TypeVar("S")

MOST_OF_ONE_APPLICATION: Final = 100
"""Bills and refund cases of one application that are looked at; a code is renewed far less often than this."""


class Missing(Exception):
    """An aggregate that must be there is not: a fault of the code or a restore that lost it."""


class StorePart:
    """The store and the clock: what a repository of one kind works with."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def _keep(self, kind: Kind[S], record_id: str, merge: Callable[[S | None], S]) -> None:
        """Insert a projection, or merge into the stored one; of two first writers the second merges too."""
        known = await self._store.get(kind, record_id)
        if known is None:
            try:
                await self._store.insert(kind, record_id, merge(None), now=self._clock.now())
                return
            except AlreadyExists:
                pass
        await change(self._store, self._clock, kind, record_id, lambda state: Decision(merge(state)), first=known)


class Aggregates(StorePart):
    """Writes aggregates of any kind; every use case writes through the one instance of its process."""

    async def insert(
        self, kind: Kind[S], record_id: str, decision: Decision[S], *, received: str | None = None
    ) -> Record[S] | None:
        """Write a new aggregate; return None if it is there already."""
        try:
            return await self._store.insert(
                kind, record_id, decision.state, now=self._clock.now(), events=decision.events, received=received
            )
        except AlreadyExists:
            return None

    async def save(self, kind: Kind[S], record: Record[S], decision: Decision[S]) -> Record[S]:
        """Write a decision on exactly this version.

        Raises:
            VersionConflict: it changed since it was read.
        """
        return await self._store.save(kind, record, decision.state, now=self._clock.now(), events=decision.events)

    async def change(
        self,
        kind: Kind[S],
        record_id: str,
        decide: Callable[[S], Decision[S]],
        *,
        first: Record[S] | None = None,
        received: str | None = None,
    ) -> Record[S]:
        """Load, decide, save, as `shared.store.change.change` does.

        Raises:
            Missing: there is no such aggregate. It is a fault, not an answer to a caller, so it is no `NotFound`.
            IllegalTransition: the command is not allowed in the newest state.
        """
        try:
            return await change(self._store, self._clock, kind, record_id, decide, received=received, first=first)
        except NotFound:
            raise Missing(f"{kind.name} {record_id}") from None


def states(records: Sequence[Record[S]]) -> list[S]:
    """Return the states of some records."""
    return [record.state for record in records]
