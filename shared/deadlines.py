"""The deadline worker: leases aggregates whose deadline is due and runs its handler, in one replica at a time.

A deadline whose handler raises unexpected errors is parked after `TRIES_BEFORE_PARKING` tries: operators are alerted,
and it waits for `Store.release_parked` (`./paspor parked release`) or for the aggregate to change. Handlers whose
outside system does not answer are tried without limit.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge
from prometheus_client.registry import Collector

from shared import context
from shared.clock import Clock
from shared.errors import NotKnownYet, SomeoneElseChangedIt, Unavailable
from shared.service import DeadlineHandler, NotYet
from shared.store.kinds import Due, Kind, Record
from shared.store.port import Store, StoreUnavailable, VersionConflict

log = structlog.get_logger()

LEASE_SECONDS: Final = 30
"""Duration of a lease; also the wait after a handler that changed nothing."""

POLL_SECONDS: Final = 1.0
"""Interval of polls for deadlines that other replicas or earlier processes left."""

CLOCK_SKEW_SECONDS: Final = 1
"""Largest difference between replicas' clocks: a lease runs that much longer."""

REFILL_SHARE: Final = 8
"""An eighth of a kind's places must be free before more is claimed: few claims of many, not many of one."""

LARGEST_AGENDA: Final = 10_000
"""Most times of future deadlines in memory; the poll finds the others, up to a second late."""


TRIES_BEFORE_PARKING: Final = 5
"""Unexpected errors of one deadline before it is parked: one try for each lease, two and a half minutes in all. A
temporary fault is over by then."""

COUNT_PARKED_SECONDS: Final = 30.0
"""Interval at which parked deadlines are counted for the metrics."""

PARKED: Final = "deadline_parked"
"""The log line, at error level, that alerts operators to a parked deadline; see the runbook."""

WAITS_WITHOUT_END: Final = (Unavailable, NotKnownYet, ConnectionError, TimeoutError)
"""Errors that are tried again without limit: outside systems that do not answer, events on their way."""

OVERTAKEN: Final = (VersionConflict, NotYet, SomeoneElseChangedIt)


class DeadlineFigures:
    """Metrics of failing deadlines."""

    def __init__(self, service_name: str) -> None:
        labels = ("service", "kind", "deadline")
        self._service = service_name
        self._failed = Counter(
            "paspor_deadlines_failed", "Tries of deadlines that ended in an unexpected error.", labels, registry=None
        )
        self._parked = Gauge(
            "paspor_deadlines_parked",
            "Aggregates with a deadline that is not tried any more; above zero is an alert.",
            ("service", "kind"),
            registry=None,
        )

    @property
    def collectors(self) -> tuple[Collector, ...]:
        """Collectors for the service's metrics page."""
        return (self._failed, self._parked)

    def failed(self, kind: str, deadline: str) -> None:
        """Count one failed try."""
        self._failed.labels(self._service, kind, deadline).inc()

    def parked(self, kind: str, count: int) -> None:
        """Show how many aggregates of a kind have a parked deadline."""
        self._parked.labels(self._service, kind).set(count)


class _Lane:
    """The agenda of one kind: slow handlers of one kind do not delay another."""

    def __init__(self, kind: Kind[Any]) -> None:
        self.kind = kind
        self.wake = asyncio.Event()
        self.agenda: list[datetime] = []

    def note(self, due_at: datetime) -> None:
        """Keep the time of a deadline; wake the worker if it is the next one."""
        if len(self.agenda) >= LARGEST_AGENDA:
            return
        is_next = not self.agenda or due_at < self.agenda[0]
        heapq.heappush(self.agenda, due_at)
        if is_next:
            self.wake.set()

    def takes_more(self, running: int) -> bool:
        """Return whether enough places are free to claim again."""
        return self.kind.at_once - running >= max(1, self.kind.at_once // REFILL_SHARE)

    def forget_past(self, now: datetime) -> None:
        """Drop the times up to now: their deadlines are claimed next."""
        self.wake.clear()
        while self.agenda and self.agenda[0] <= now:
            heapq.heappop(self.agenda)

    def wait_seconds(self, now: datetime) -> float:
        """Return the time until the next known deadline or the next poll, whichever comes first."""
        if not self.agenda:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.0, (self.agenda[0] - now) / timedelta(seconds=1)))


class DeadlineWorker:
    """Runs (kind, deadline name) handlers when they are due, in this process or after a crash in another."""

    def __init__(
        self,
        store: Store,
        kinds: Sequence[Kind[Any]],
        handlers: Mapping[tuple[str, str], DeadlineHandler],
        clock: Clock,
        owner: str,
        figures: DeadlineFigures | None = None,
    ) -> None:
        self._figures = figures or DeadlineFigures("")
        named = {kind_name for kind_name, _ in handlers}
        self._kinds = [kind for kind in kinds if kind.name in named]
        self._store = store
        self._handlers = handlers
        self._clock = clock
        self._owner = owner
        self._lanes = {kind.name: _Lane(kind) for kind in self._kinds}
        self._handling: set[asyncio.Future[None]] = set()
        self._stopping = False

    async def stop(self, seconds: float) -> None:
        """Stop claiming and wait for running handlers, up to the given time."""
        self._stopping = True
        if self._handling:
            await asyncio.wait(self._handling, timeout=seconds)

    def nudge(self, due_at: datetime | None, kind: Kind[Any] | None = None) -> None:
        """Note a deadline that was just written, so that it runs on time and not at the next poll."""
        if due_at is None:
            return
        for lane in self._lanes.values():
            if kind is None or lane.kind.name == kind.name:
                lane.note(due_at)

    async def run(self) -> None:
        """Handle due deadlines until cancelled."""
        await asyncio.gather(*(self._keep(lane) for lane in self._lanes.values()))

    async def _keep(self, lane: _Lane) -> None:
        while True:
            try:
                await self._drain_widely(lane)
            except StoreUnavailable as trouble:
                log.warning("deadlines_wait", kind=lane.kind.name, reason=str(trouble))
            except Exception:
                log.exception("deadlines_failed", kind=lane.kind.name)
            await self._pause(lane)

    async def count_parked(self) -> None:
        """Count parked deadlines for the metrics; all replicas count the same."""
        for kind in self._kinds:
            self._figures.parked(kind.name, await self._store.count_parked(kind))

    async def run_due(self) -> int:
        """Handle everything that is due now, one after the other; return how many aggregates were handled."""
        ran = 0
        for kind in self._kinds:
            ran += await self._drain(kind)
        return ran

    async def _drain_widely(self, lane: _Lane) -> None:
        """Handle everything that is due, as many at once as the kind allows."""
        running: set[asyncio.Future[None]] = set()
        try:
            while True:
                lane.forget_past(self._clock.now())
                if lane.takes_more(len(running)) and not self._stopping:
                    claimed = await self._claim_up_to(lane.kind, lane.kind.at_once - len(running))
                    # a stop may have come meanwhile: what was claimed is another process's when its lease is over
                    running |= {self._begin(lane.kind, due) for due in claimed if not self._stopping}
                if not running:
                    return
                await self._first_of(lane, *running, wakes=lane.takes_more(len(running)))
                ended = {item for item in running if item.done()}
                running -= ended
                for item in ended:
                    item.result()
        except StoreUnavailable:
            await asyncio.gather(*running, return_exceptions=True)
            raise
        finally:
            for item in running:
                item.cancel()

    def _begin(self, kind: Kind[Any], due: Due[Any]) -> asyncio.Future[None]:
        handling = asyncio.ensure_future(self._handle(kind, due))
        self._handling.add(handling)
        handling.add_done_callback(self._handling.discard)
        return handling

    async def _pause(self, lane: _Lane) -> None:
        sleeping = asyncio.ensure_future(self._clock.sleep(lane.wait_seconds(self._clock.now())))
        try:
            await self._first_of(lane, sleeping)
        finally:
            sleeping.cancel()

    async def _first_of(self, lane: _Lane, *others: asyncio.Future[None], wakes: bool = True) -> None:
        """Return when one of the others has ended, or when an earlier deadline is noted."""
        waking = asyncio.ensure_future(lane.wake.wait())
        waited: set[asyncio.Future[Any]] = {waking, *others} if wakes else set(others)
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()

    async def _drain(self, kind: Kind[Any]) -> int:
        ran = 0
        while due := await self._claim(kind):
            await self._handle(kind, due)
            ran += 1
        return ran

    async def _claim(self, kind: Kind[Any]) -> Due[Any] | None:
        lease_seconds = LEASE_SECONDS + CLOCK_SKEW_SECONDS
        return await self._store.claim_due(kind, now=self._clock.now(), owner=self._owner, lease_seconds=lease_seconds)

    async def _claim_up_to(self, kind: Kind[Any], most: int) -> list[Due[Any]]:
        """Claim one aggregate, which costs one command, and more of them only if it was due."""
        first = await self._claim(kind)
        if first is None or most == 1:
            return [first] if first is not None else []
        lease_seconds = LEASE_SECONDS + CLOCK_SKEW_SECONDS
        now = self._clock.now()
        try:
            others = await self._store.claim_all_due(
                kind, now=now, owner=self._owner, lease_seconds=lease_seconds, most=most - 1
            )
        except StoreUnavailable:  # the one that is leased runs all the same; the next claim meets the trouble again
            return [first]
        return [first, *others]

    async def _handle(self, kind: Kind[Any], due: Due[Any]) -> None:
        for name in due.names:
            if await self._run(kind, due.record, name):
                if name in due.failures:
                    await self._store.forget_failures(kind, due.record.id, name)
                return

    async def _run(self, kind: Kind[Any], record: Record[Any], name: str) -> bool:
        """Run the handler; return whether it succeeded. If not, the record's next deadline runs in the same lease."""
        handler = self._handlers.get((kind.name, name))
        if handler is None:
            log.error("deadline_without_handler", kind=kind.name, deadline=name, subject=record.id)
            return False
        with context.bound(context.new_causation(causation_id=f"deadline:{kind.name}:{name}")):
            try:
                await handler(record, name)
            except OVERTAKEN:
                log.info("deadline_overtaken", kind=kind.name, deadline=name, subject=record.id)
                return False
            except StoreUnavailable:
                raise
            except WAITS_WITHOUT_END as trouble:
                log.warning(
                    "deadline_waits", kind=kind.name, deadline=name, subject=record.id, reason=type(trouble).__name__
                )
                return False
            except Exception as error:
                log.exception("deadline_failed", kind=kind.name, deadline=name, subject=record.id)
                await self._count_failure(kind, record, name, type(error).__name__)
                return False
        return True

    async def _count_failure(self, kind: Kind[Any], record: Record[Any], name: str, error: str) -> None:
        """Count an unexpected error of a deadline; the last of its tries parks it and alerts operators."""
        self._figures.failed(kind.name, name)
        failure = await self._store.note_failure(
            kind, record, name, error=error, now=self._clock.now(), park_at=TRIES_BEFORE_PARKING
        )
        if failure.parked:
            log.error(PARKED, kind=kind.name, deadline=name, subject=record.id, error=error, tries=failure.count)
