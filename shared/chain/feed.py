"""A feed: reads a source in the order of its times, under a lease, and has its facts linked.

Why nothing is lost: a stretch of time is read only when it is some seconds old, so whoever wrote with an earlier time
has finished; a second look, an hour later, finds what a stalled process committed even later than that; and what was
read is marked only after it was linked, so a crash reads it again. Why nothing is doubled: see the chainer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

import structlog

from shared.chain.chainer import Chains
from shared.chain.kinds import FEED, Fact, Progress
from shared.clock import Clock
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, Store, VersionConflict

log = structlog.get_logger()

FIRST_LOOK_SECONDS: Final = 5.0
"""Age at which facts are read first: more than clocks differ (1 s) and a write takes."""

SECOND_LOOK_SECONDS: Final = 3600.0
"""Age at which everything is looked at once more, for what came late."""

LEASE_SECONDS: Final = 60
"""How long a chainer may take for a page before another may try."""

PAGE: Final = 200
"""Facts read and linked together: a few milliseconds of a processor, then requests get their turn."""

IDLE_MARK_SECONDS: Final = 60
"""How far the mark may lag behind where nothing happens: a write each minute, not at each look."""

PAGES_AT_ONCE: Final = 3
"""Pages of one run: with a run each second at most 600 facts a second are linked, a tenth of a processor."""

ROOT_DAYS: Final = 3
"""A root is published for every chain that grew in as many days: one more than needed if a day's call was missed."""

BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""Before the first fact there is."""


@dataclass(frozen=True)
class Page:
    """Some facts of a stretch of time; ``after`` says where the next page begins, none that the stretch is read."""

    facts: Sequence[Fact]
    after: str | None


class Source(Protocol):
    """Where facts come from."""

    async def read(self, since: datetime, before: datetime, after: str | None, limit: int) -> Page:
        """Facts of that time, oldest first; those of the same time may come again on the next page."""
        ...

    def everything(self, before: datetime) -> AsyncIterator[Sequence[Fact]]:
        """Every fact there is up to then, page by page: for the check that each is linked."""
        ...


class Feed:
    """One reader of one source. Several may run at once; one at a time gets the lease, and a late one is fenced off.

    The fence is the version of the feed's own document: whoever lost the lease meanwhile cannot save where they are.
    """

    def __init__(
        self, name: str, source: Source, chains: Chains, store: Store, clock: Clock, owner: str, *, lag_seconds: float
    ) -> None:
        self.name = name
        self.source = source
        self.chains = chains
        self._store = store
        self._clock = clock
        self._owner = owner
        self._lag = timedelta(seconds=lag_seconds)

    async def run(self) -> int:
        """Read on for a few pages; tells how many facts were linked. Does nothing while another has the lease."""
        try:
            record = await self._leased()
        except VersionConflict:
            return 0
        return await self._read_on_or_give_up(record) if record is not None else 0

    async def drain(self) -> int:
        """Read on until the present; for tests and after a restore."""
        linked, before = 0, await self.progress()
        while True:
            linked += await self.run()
            progress = await self.progress()
            if progress.before is None or progress == before:
                return linked
            before = progress

    async def progress(self) -> Progress:
        """How far it has read."""
        record = await self._store.get(FEED, self.name)
        return record.state if record is not None else Progress(BEGINNING)

    async def publish_roots(self, stream: str, today: date) -> int:
        """Once on each day: the roots as of the day before, of every chain that has grown; tells how many.

        A crash midway publishes the rest at the next call.
        """
        progress = await self.progress()
        yesterday = today - timedelta(days=1)
        if progress.rooted_on is not None and progress.rooted_on >= yesterday:
            return 0
        since = BEGINNING if progress.rooted_on is None else self._clock.now() - timedelta(days=ROOT_DAYS)
        published = await self.chains.publish_roots(stream, yesterday, since)
        try:
            record = await self._record()
            await self._store.save(FEED, record, replace(record.state, rooted_on=yesterday), now=self._clock.now())
        except VersionConflict:
            log.info("chain_roots_again", feed=self.name)  # published they are; the mark is set at the next call
        return published

    async def _record(self) -> Record[Progress]:
        record = await self._store.get(FEED, self.name)
        if record is not None:
            return record
        try:
            return await self._store.insert(FEED, self.name, Progress(BEGINNING), now=self._clock.now())
        except AlreadyExists:
            raise VersionConflict(f"the feed {self.name} was begun meanwhile") from None

    async def _leased(self) -> Record[Progress] | None:
        record = await self._record()
        progress, now = record.state, self._clock.now()
        if progress.leased_until is not None and progress.leased_until > now and progress.owner != self._owner:
            return None
        if progress.before is None and (progress.since >= now - self._lag or await self._is_idle(record)):
            return None
        return await self._save(record, replace(progress, before=progress.before or now - self._lag), leased=True)

    async def _is_idle(self, record: Record[Progress]) -> bool:
        """Whether there is nothing to link: then no lease is taken, and the mark moves once a minute."""
        progress, before = record.state, self._clock.now() - self._lag
        page = await self.source.read(progress.since, before, None, PAGE)
        if page.facts or page.after is not None:
            return False
        if before - progress.since >= timedelta(seconds=IDLE_MARK_SECONDS):
            await self._save(record, replace(progress, since=before), leased=False)
        return True

    async def _save(self, record: Record[Progress], progress: Progress, *, leased: bool) -> Record[Progress]:
        now = self._clock.now()
        until = now + timedelta(seconds=LEASE_SECONDS) if leased else None
        return await self._store.save(FEED, record, replace(progress, owner=self._owner, leased_until=until), now=now)

    async def _read_on_or_give_up(self, record: Record[Progress]) -> int:
        try:
            return await self._read_on(record)
        except VersionConflict:
            log.info("chain_feed_overtaken", feed=self.name)
            return 0

    async def _read_on(self, record: Record[Progress]) -> int:
        linked = 0
        for turn in range(PAGES_AT_ONCE):
            progress = record.state
            if progress.before is None:
                raise LookupError(f"the feed {self.name} reads no stretch of time")
            page = await self.source.read(progress.since, progress.before, progress.after, PAGE)
            linked += await self.chains.append(page.facts, self._clock.now())
            if page.after is None:
                await self._save(record, Progress(progress.before, rooted_on=progress.rooted_on), leased=False)
                return linked
            more = turn + 1 < PAGES_AT_ONCE
            record = await self._save(record, replace(progress, after=page.after), leased=more)
            await self._clock.sleep(0)
        return linked
