"""The deadline worker: leases what is due and runs its handler; any replica may, one at a time does."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from shared import context
from shared.clock import Clock
from shared.service import DeadlineHandler, NotYet
from shared.store.kinds import Due, Kind, Record
from shared.store.port import Store, StoreUnavailable, VersionConflict

log = structlog.get_logger()

LEASE_SECONDS: Final = 30
"""How long a worker may take before another may try; also the wait after a handler that changed nothing."""

POLL_SECONDS: Final = 1.0
"""How often to look for what other replicas or earlier processes left."""

CLOCK_SKEW_SECONDS: Final = 1
"""How far replicas' clocks may differ: a lease counts as running that much longer."""

LARGEST_AGENDA: Final = 10_000
"""Times of future deadlines held in memory; beyond it the poll finds them, a little late."""

CONCURRENCY: Final = 8
"""Deadlines handled at once per process."""


class DeadlineWorker:
    """Runs (kind, deadline name) handlers when their time has come, in this process or after a crash in another."""

    def __init__(
        self,
        store: Store,
        kinds: Sequence[Kind[Any]],
        handlers: Mapping[tuple[str, str], DeadlineHandler],
        clock: Clock,
        owner: str,
    ) -> None:
        named = {kind_name for kind_name, _ in handlers}
        self._kinds = [kind for kind in kinds if kind.name in named]
        self._store = store
        self._handlers = handlers
        self._clock = clock
        self._owner = owner
        self._wake = asyncio.Event()
        self._agenda: list[datetime] = []

    def nudge(self, due_at: datetime | None) -> None:
        """Hear of a deadline that was just written, so that it runs on time and not at the next poll."""
        if due_at is None or len(self._agenda) >= LARGEST_AGENDA:
            return
        is_next = not self._agenda or due_at < self._agenda[0]
        heapq.heappush(self._agenda, due_at)
        if is_next:
            self._wake.set()

    async def run(self) -> None:
        """Handle what falls due until cancelled."""
        while True:
            self._forget_past()
            try:
                await asyncio.gather(*(self._drain_widely(kind) for kind in self._kinds))
            except StoreUnavailable as trouble:
                log.warning("deadlines_wait", reason=str(trouble))
            except Exception:
                log.exception("deadlines_failed")
            await self._pause()

    async def run_due(self) -> int:
        """Handle everything that is due now, one after the other; tells how many deadlines ran."""
        ran = 0
        for kind in self._kinds:
            ran += await self._drain(kind)
        return ran

    async def _drain_widely(self, kind: Kind[Any]) -> None:
        first = await self._claim(kind)
        if first is not None:
            await asyncio.gather(self._handle(kind, first), *(self._drain(kind) for _ in range(CONCURRENCY - 1)))

    async def _drain(self, kind: Kind[Any]) -> int:
        ran = 0
        while due := await self._claim(kind):
            await self._handle(kind, due)
            ran += 1
        return ran

    async def _claim(self, kind: Kind[Any]) -> Due[Any] | None:
        lease_seconds = LEASE_SECONDS + CLOCK_SKEW_SECONDS
        return await self._store.claim_due(kind, now=self._clock.now(), owner=self._owner, lease_seconds=lease_seconds)

    async def _handle(self, kind: Kind[Any], due: Due[Any]) -> None:
        for name in due.names:
            if await self._run(kind, due.record, name):
                return

    async def _run(self, kind: Kind[Any], record: Record[Any], name: str) -> bool:
        """Whether the handler ended well; else the aggregate's next deadline gets its turn under the same lease."""
        handler = self._handlers.get((kind.name, name))
        if handler is None:
            log.error("deadline_without_handler", kind=kind.name, deadline=name, subject=record.id)
            return False
        with context.bound(context.new_causation(causation_id=f"deadline:{kind.name}:{name}")):
            try:
                await handler(record, name)
            except (VersionConflict, NotYet):
                log.info("deadline_overtaken", kind=kind.name, deadline=name, subject=record.id)
                return False
            except StoreUnavailable:
                raise
            except Exception:
                log.exception("deadline_failed", kind=kind.name, deadline=name, subject=record.id)
                return False
        return True

    def _forget_past(self) -> None:
        self._wake.clear()
        now = self._clock.now()
        while self._agenda and self._agenda[0] <= now:
            heapq.heappop(self._agenda)

    async def _pause(self) -> None:
        wait = POLL_SECONDS
        if self._agenda:
            wait = min(wait, max(0.0, (self._agenda[0] - self._clock.now()) / timedelta(seconds=1)))
        sleeping = asyncio.ensure_future(self._clock.sleep(wait))
        waking = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()
