"""Stores that make trouble: other tasks slip in between any two verbs, a process dies at any write, a guard is off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from services.scheduling.booking.appointments.repository import APPOINTMENT
from shared.store.kinds import Kind, Range, Record
from shared.store.memory import MemoryStore
from tests.unit.world import Killed, Letting, Wrapper

__all__ = ["Killed", "Wrapper"]

Made = TypeVar("Made")
READS = ("get", "find", "count", "tally")
WRITES = ("insert", "insert_missing", "save", "claim_one", "remove")


class Shuffling(Letting):
    """Lets other tasks run before and after each verb, as often as a seed says."""

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.base, name)
        if name not in READS + WRITES:
            return verb

        async def slowly(*given: Any, **named: Any) -> Any:
            await self._others()
            try:
                return await verb(*given, **named)
            finally:
                await self._others()

        return slowly


class UnguardedClaims(Wrapper):
    """The guard is off: it looks for a free seat first and writes afterwards, whatever happened in between."""

    async def claim_one(
        self,
        kind: Kind[Any],
        index: str,
        equals: Mapping[str, Any],
        change: Mapping[str, Any],
        *,
        within: Mapping[str, Range] | None = None,
        now: datetime,
    ) -> Record[Any] | None:
        found = await self.base.find(kind, index, equals, within=within, limit=1)
        if not found:
            return None
        await asyncio.sleep(0)
        document = self._document(kind, found[0].id)
        for path, value in change.items():
            target = document
            *parents, leaf = path.split(".")
            for parent in parents:
                target = target[parent]
            target[leaf] = value.value if hasattr(value, "value") else value
        document["version"] += 1
        record: Record[Any] | None = await self.base.get(kind, found[0].id)
        return record

    def _document(self, kind: Kind[Any], record_id: str) -> dict[str, Any]:
        base = self.base
        while isinstance(base, Wrapper):
            base = base.base
        assert isinstance(base, MemoryStore)
        return base._documents[kind.name][record_id]


class Dying(Wrapper):
    """Dies before or after the n-th write from when it was armed."""

    def __init__(self, base: Any) -> None:
        super().__init__(base)
        self._left: int | None = None
        self._after = False

    def arm(self, write: int, *, after: bool) -> None:
        """Die at that write (from 0) of those to come."""
        self._left, self._after = write, after

    def disarm(self) -> bool:
        """Live on; tells whether death never came."""
        unused, self._left = self._left is not None, None
        return unused

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.base, name)
        if name not in WRITES:
            return verb

        async def mortally(*given: Any, **named: Any) -> Any:
            hit = self._counts_down()
            if hit and not self._after:
                raise Killed
            done = await verb(*given, **named)
            if hit:
                raise Killed
            return done

        return mortally

    def _counts_down(self) -> bool:
        if self._left is None:
            return False
        self._left -= 1
        if self._left >= 0:
            return False
        self._left = None
        return True


class Stalling(Wrapper):
    """Holds one insert of an appointment back until it is let go."""

    def __init__(self, base: Any, chosen: Callable[[str], bool]) -> None:
        super().__init__(base)
        self._chosen = chosen
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def insert(self, kind: Kind[Any], record_id: str, state: Any, **named: Any) -> Any:
        if kind is APPOINTMENT and state.live and self._chosen(record_id) and not self.reached.is_set():
            self.reached.set()
            await self.go_on.wait()
        return await self.base.insert(kind, record_id, state, **named)


class Counting(Wrapper):
    """Writes down which verb met which kind."""

    def __init__(self, base: Any) -> None:
        super().__init__(base)
        self.seen: list[tuple[str, str]] = []

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.base, name)
        if name not in READS + WRITES:
            return verb

        async def noted(kind: Kind[Any], *given: Any, **named: Any) -> Any:
            self.seen.append((name, kind.name))
            return await verb(kind, *given, **named)

        return noted


def kept(made: list[Made], wrapper: Made) -> Made:
    """The wrapper, put where the test finds it."""
    made.append(wrapper)
    return wrapper


class Overtaken(Wrapper):
    """Lets another writer be faster, once: what is set as ``other`` runs before the next save of the kind."""

    def __init__(self, base: Any, kind: str = APPOINTMENT.name) -> None:
        super().__init__(base)
        self._kind = kind
        self.other: Callable[[], Awaitable[Any]] | None = None

    async def save(self, kind: Kind[Any], record: Record[Any], state: Any, **given: Any) -> Any:
        if kind.name == self._kind and self.other is not None:
            other, self.other = self.other, None
            await other()
        return await self.base.save(kind, record, state, **given)
