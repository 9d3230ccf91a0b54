"""The retention job of a service: goes through each shelf in batches, and erases what is over its time.

Each shelf has one document with a deadline, so that one replica at a time works on it, a killed one is followed by
another, and the rate holds for all replicas together. It reads by an index, oldest first, and never what it has passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from shared.clock import Clock
from shared.retention import sweep as sweeps
from shared.retention.holds import LegalHolds
from shared.retention.rule import RetentionRule, RuleBook
from shared.retention.shelf import Item, Shelf
from shared.retention.sweep import MOST_AT_ONCE, Sweep, SweptBatch
from shared.service import Chore, DeadlineHandler
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record
from shared.store.port import Store, StoreUnavailable

log = structlog.get_logger()

BEGIN_EVERY_SECONDS: Final = 3600.0
"""How often it is made sure that each shelf has its job: a new release may bring a new rule."""

MOST_COUNTED: Final = 1000
"""Items over their time that are counted for the report; this number means at least so many."""

SWEEP: Final[Kind[Sweep]] = Kind("retention_sweep", Sweep, deadlines=sweeps.deadlines, bare=True)
"""Named by its shelf."""


@dataclass(frozen=True)
class SweepProgress:
    """A shelf in the report: its rule, how many items are over their time, and what the job has done."""

    shelf: str
    rule: RetentionRule
    due: int
    sweep: Sweep | None


class Sweeping:
    """The job on all shelves of a service that a sweep ends; ``per_second`` items at most on each of them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        holds: LegalHolds,
        rules: RuleBook,
        shelves: Sequence[Shelf],
        per_second: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._holds = holds
        self._rules = rules
        self._shelves = {shelf.name: shelf for shelf in shelves if shelf.between is not None}
        self._per_second = per_second

    async def begin(self) -> None:
        """Make sure that each shelf has its job."""
        now = self._clock.now()
        await self._store.insert_missing(SWEEP, [(name, Sweep(now)) for name in self._shelves], now=now)

    async def run_due(self, record: Record[Sweep], _name: str) -> None:
        """Do one batch of a shelf, and note how far it is.

        Raises:
            VersionConflict: another replica did it meanwhile; what both erased is erased.
        """
        shelf = self._shelves.get(record.id)
        page = await self._page(shelf, record.state, MOST_AT_ONCE) if shelf is not None else []
        batch = await self._work_on(sweeps.fresh_items(record.state, page))
        now = self._clock.now()
        await self._store.save(SWEEP, record, sweeps.ran(record.state, batch, self._per_second, now), now=now)

    async def begin_again(self) -> None:
        """Begin each shelf again, because a hold was lifted."""

        def decide(sweep: Sweep) -> Decision[Sweep]:
            return Decision(sweeps.begun_again(sweep, self._clock.now()))

        await self.begin()
        for name in self._shelves:
            await change(self._store, self._clock, SWEEP, name, decide)

    async def report(self) -> list[SweepProgress]:
        """Return how far the job is with each shelf."""
        found = []
        for shelf in self._shelves.values():
            record = await self._store.get(SWEEP, shelf.name)
            sweep = record.state if record is not None else None
            begun = sweep or Sweep(self._clock.now())
            page = await self._page(shelf, begun, MOST_COUNTED)
            due = sum(item.at != begun.reached or item.item_id not in begun.seen for item in page)
            found.append(SweepProgress(shelf.name, self._rule(shelf), min(due, MOST_COUNTED), sweep))
        return found

    def chores(self) -> tuple[Chore, ...]:
        """Return the chore that begins the jobs."""
        return (Chore("begin_retention", BEGIN_EVERY_SECONDS, self.begin),)

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the handler of the next batch."""
        return {(SWEEP.name, "run"): self.run_due}

    def _rule(self, shelf: Shelf) -> RetentionRule:
        return self._rules.rule(shelf.rule, self._clock.now().date())

    async def _page(self, shelf: Shelf, sweep: Sweep, most: int) -> list[Item]:
        """Return items that are over their time, from where the job is; those of that moment that it has seen too."""
        assert shelf.between is not None  # noqa: S101 - others are not among the job's shelves
        over_before: datetime = self._clock.now() - self._rule(shelf).keep
        return await shelf.between(sweep.reached, over_before, most + len(sweep.seen))

    async def _work_on(self, items: Sequence[Item]) -> SweptBatch:
        done = held = failed = 0
        for item in items:
            try:
                if await self._holds.hold(item.subjects):
                    held += 1
                else:
                    done += await item.erase()
            except StoreUnavailable:
                raise
            except Exception as error:
                log.exception("retention_failed", item=item.item_id, error=type(error).__name__)
                failed += 1
        return SweptBatch(items, done, held, failed)
