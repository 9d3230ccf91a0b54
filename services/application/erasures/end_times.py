"""How far the job is that notes when applications of earlier releases ended: retention counts from that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

MOST_AT_ONCE: Final = 50
"""Applications of one batch: far below what a lease of 30 s allows."""


@dataclass(frozen=True)
class EndTimes:
    """The job. ``next_at`` is when its next batch is due; None while no application lacks the time of its end."""

    next_at: datetime | None
    noted: int = 0


def deadlines(job: EndTimes) -> Mapping[str, datetime]:
    """Return when the next batch is due, under the name ``run``."""
    return {"run": job.next_at} if job.next_at is not None else {}


def go_on(job: EndTimes, now: datetime) -> EndTimes:
    """Return the job at work again: an application lacks the time of its end. One at work stays as it is."""
    return job if job.next_at is not None else replace(job, next_at=now)


def ran(job: EndTimes, noted: int, per_second: float, now: datetime) -> EndTimes:
    """Return the job after a batch; the next one follows after its share of the permitted rate."""
    return replace(job, noted=job.noted + noted, next_at=now + timedelta(seconds=noted / per_second))


def rest(job: EndTimes) -> EndTimes:
    """Return the job with nothing left to do."""
    return replace(job, next_at=None)
