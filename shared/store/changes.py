"""Wakes callers who wait for the next change of a record, whichever process makes it.

One stream of changes for each process, however many wait. It opens with the first of them and is closed some seconds
after the last. While it cannot be read,
one query for each kind compares the versions of the awaited records every second, and does so once more when it opens:
a change between two streams is found by its version, so that none is missed and no resume token is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from typing import Final, Protocol

from shared.clock import Clock
from shared.logs import get_logger
from shared.store.port import StoreUnavailable

log = get_logger(__name__)

RETRY_SECONDS: Final = 1.0
"""Between two tries to open the stream; versions are compared at each."""

IDLE_SECONDS: Final = 5.0
"""How long the stream stays open without callers: the next one mostly comes sooner, and opening costs two queries."""

GONE: Final = 0
"""Stands for the version of a record that does not exist; versions begin at 1."""

Changed = tuple[str, str]
"""The kind's name and the record's id."""


class ChangeSource(Protocol):
    """The part of a store that tells of changes; both adapters have it."""

    def changes(self, names: Collection[str]) -> AsyncGenerator[Collection[Changed], None]:
        """Yield an empty batch once the stream is open, then the changes of these kinds from that moment on.

        Changes of other processes are among them. A record may be named more often than it changed.

        Raises:
            StoreUnavailable: the stream cannot be read (any more).
        """
        ...

    async def versions(self, name: str, ids: Collection[str]) -> Mapping[str, int]:
        """Return the versions of those records of a kind that exist, by id."""
        ...


class Watched:
    """One record that callers wait for."""

    __slots__ = ("change", "version", "waiters")

    def __init__(self) -> None:
        self.change = asyncio.Event()
        """Set at the next change. Take it before the record is read: a change during the read is not missed then."""
        self.waiters = 0
        self.version: int | None = None
        """The version found by the last comparison; None before the first, and after a change told by the stream."""

    def wake(self, version: int | None) -> None:
        """Wake all who wait for this change."""
        self.version = version
        self.change.set()
        self.change = asyncio.Event()


class RecordChanges:
    """The records that callers of this process wait for."""

    def __init__(self, source: ChangeSource, names: Collection[str], clock: Clock) -> None:
        """Follow the kinds of these names."""
        self._source = source
        self._names = tuple(names)
        self._clock = clock
        self._watched: dict[Changed, Watched] = {}
        self._following: asyncio.Task[None] | None = None
        self.ended = False
        """Whether this process is about to end: waiting has no use any more."""

    @contextmanager
    def watch(self, name: str, record_id: str) -> Iterator[Watched]:
        """Hold the record's changes, the stream open, as long as the block runs."""
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow())
        key = (name, record_id)
        watched = self._watched.setdefault(key, Watched())
        watched.waiters += 1
        try:
            yield watched
        finally:
            watched.waiters -= 1
            if not watched.waiters:
                del self._watched[key]
            if not self._watched:
                asyncio.get_running_loop().call_later(IDLE_SECONDS, self._stop_if_idle)

    def end(self) -> None:
        """Wake all who wait, since this process drains."""
        self.ended = True
        for watched in self._watched.values():
            watched.wake(None)

    def _stop_if_idle(self) -> None:
        if self._following is not None and not self._watched:
            self._following.cancel()
            self._following = None

    async def close(self) -> None:
        """Close the stream."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def _follow(self) -> None:
        away = False
        while True:
            try:
                async with aclosing(self._source.changes(self._names)) as stream:
                    async for batch in stream:
                        if not batch:
                            away = False
                            await self._compare_versions()
                        self._wake_named(batch)
            except StoreUnavailable as trouble:
                (log.debug if away else log.warning)("changes_away", reason=str(trouble))
                away = True
            with suppress(StoreUnavailable):
                await self._compare_versions()
            await self._clock.sleep(RETRY_SECONDS)

    def _wake_named(self, batch: Collection[Changed]) -> None:
        for key in batch:
            if key in self._watched:
                self._watched[key].wake(None)

    async def _compare_versions(self) -> None:
        """Wake those whose record has another version than at the last comparison, and those never compared."""
        for name in self._names:
            ids = [record_id for kind, record_id in self._watched if kind == name]
            found = await self._source.versions(name, ids) if ids else {}
            self._wake_outdated(name, ids, found)

    def _wake_outdated(self, name: str, ids: Collection[str], found: Mapping[str, int]) -> None:
        for record_id in ids:
            watched, version = self._watched.get((name, record_id)), found.get(record_id, GONE)
            if watched is not None and watched.version != version:
                watched.wake(version)
