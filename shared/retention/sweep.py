"""How far the retention job is with one shelf: one document for each, leased by one replica at a time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.retention.shelf import Item

ROUND_EVERY: Final = timedelta(days=1)
"""Between two rounds: rules count in days."""

MOST_AT_ONCE: Final = 50
"""Items of one batch: far below what a lease of 30 s allows, so that no other replica begins the same."""

PER_SECOND: Final = 10.0
"""Things that the job erases in a second on each shelf, of all replicas together: a hundredth of what a store takes."""


@dataclass(frozen=True)
class Sweep:
    """The job on one shelf. Everything before ``reached``, and of that moment the items in ``seen``, was looked at."""

    next_at: datetime
    reached: datetime | None = None
    seen: tuple[str, ...] = ()
    done: int = 0
    """Items erased since the job began."""
    held: int = 0
    """Items passed over because of a hold, since the shelf was begun."""
    failed: int = 0
    """Items that could not be erased, since the shelf was begun; the next round begins it again."""
    last_run_at: datetime | None = None


@dataclass(frozen=True)
class SweptBatch:
    """The outcome of one batch."""

    items: Sequence[Item]
    done: int = 0
    held: int = 0
    failed: int = 0


def deadlines(sweep: Sweep) -> Mapping[str, datetime]:
    """Return when the next batch is due, under the name ``run``."""
    return {"run": sweep.next_at}


def fresh_items(sweep: Sweep, page: Sequence[Item]) -> list[Item]:
    """Return the items of a page that were not looked at, one batch at most."""
    return [item for item in page if item.at != sweep.reached or item.item_id not in sweep.seen][:MOST_AT_ONCE]


def ran(sweep: Sweep, batch: SweptBatch, per_second: float, now: datetime) -> Sweep:
    """Return the sweep after a batch: the next one follows after its share of the permitted rate, an empty one ends the
    round.
    """
    counted = replace(
        sweep,
        done=sweep.done + batch.done,
        held=sweep.held + batch.held,
        failed=sweep.failed + batch.failed,
        last_run_at=now,
    )
    if not batch.items:
        over = replace(counted, next_at=now + ROUND_EVERY)
        return begun_again(over, over.next_at) if counted.failed else over
    reached = batch.items[-1].at
    before = sweep.seen if reached == sweep.reached else ()
    seen = (*before, *(item.item_id for item in batch.items if item.at == reached))
    return replace(counted, reached=reached, seen=seen, next_at=now + timedelta(seconds=len(batch.items) / per_second))


def begun_again(sweep: Sweep, at: datetime) -> Sweep:
    """Return the sweep at the beginning of its shelf again: a hold was lifted, or something had failed."""
    return replace(sweep, reached=None, seen=(), held=0, failed=0, next_at=min(at, sweep.next_at))
