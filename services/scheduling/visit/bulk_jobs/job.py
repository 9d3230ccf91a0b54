"""One piece of work on many visits: a bulk move of a session, or a whole interrupted office day. Resumable, exact.

The job names the visits that it is about to touch before it touches them, and their outcomes after: the process that
takes over from a dead one repeats the named visits, which changes nothing the second time, and counts each once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment, Status

BATCH: Final = 20
"""Visits that one run touches: some seconds of work, far below a worker's lease."""

LOOK_AGAIN_SECONDS: Final = 60
"""How long a job waits for visits that are still being paid for or moved before it looks again."""


class BulkKind(StrEnum):
    """The kinds of jobs."""

    MOVE = "move"
    INTERRUPTION = "interruption"


class BulkState(StrEnum):
    """The states of a job."""

    RUNNING = "running"
    DONE = "done"


class Outcome(StrEnum):
    """The outcomes for one visit."""

    MOVED = "moved"
    SPECIAL_OPENED = "special_opened"
    INTERRUPTED = "interrupted"
    LEFT_ALONE = "left_alone"
    """It was cancelled, used or moved by its owner meanwhile."""


@dataclass(frozen=True)
class BulkJob:
    """The state of one job."""

    kind: BulkKind
    office_id: str
    day: date
    reason: str
    by: str
    begun_at: datetime
    session_id: str | None = None
    """Only this session's visits; None: the whole day."""
    to_session_id: str | None = None
    """The session they move to; None: the nearest later ones with free seats."""
    ends_at: datetime | None = None
    """From then on the job no longer waits for visits that are still being paid for."""
    state: BulkState = BulkState.RUNNING
    pending: tuple[str, ...] = ()
    """Named before they are touched."""
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    run_at: datetime | None = None
    found: int = 0
    """Visits known to be concerned, the finished ones included."""

    def count(self, outcome: Outcome) -> int:
        """Return how many visits have this outcome."""
        return sum(known is outcome for known in self.outcomes.values())


_TO_TOUCH: Final[Mapping[BulkKind, frozenset[Status]]] = {
    BulkKind.MOVE: frozenset({Status.CONFIRMED}),
    BulkKind.INTERRUPTION: frozenset({Status.CONFIRMED, Status.CHECKED_IN, Status.NO_SHOW}),
}
_TO_WAIT_FOR: Final[Mapping[BulkKind, frozenset[Status]]] = {
    BulkKind.MOVE: frozenset({Status.HELD, Status.AWAITING_PAYMENT, Status.OFFERED, Status.MOVING}),
    BulkKind.INTERRUPTION: frozenset({Status.MOVING, Status.ON_PROOF}),
}


def concerns(job: BulkJob, visit: Appointment) -> bool:
    """Return whether the visit lies in the job's session or day."""
    slot = visit.seat
    here = slot.office_id == job.office_id and slot.date == job.day
    return here and job.session_id in (None, slot.session_id)


def to_touch(job: BulkJob, visits: Iterable[tuple[str, Appointment]]) -> tuple[str, ...]:
    """Return the visits that are to be touched and were not yet, in the given order."""
    return tuple(
        visit_id
        for visit_id, visit in visits
        if concerns(job, visit) and visit.status in _TO_TOUCH[job.kind] and visit_id not in job.outcomes
    )


def must_wait(job: BulkJob, visits: Iterable[tuple[str, Appointment]], now: datetime) -> bool:
    """Return whether a visit may still come to a state in which the job must touch it."""
    if job.ends_at is not None and now >= job.ends_at:
        return False
    return any(concerns(job, visit) and visit.status in _TO_WAIT_FOR[job.kind] for _, visit in visits)


def named(job: BulkJob, ids: tuple[str, ...], now: datetime) -> BulkJob:
    """Return the job with the next visits named, and how many there are in all; a deadline follows if this run dies."""
    run_at = now + timedelta(seconds=LOOK_AGAIN_SECONDS)
    return replace(job, pending=ids[:BATCH], found=len(job.outcomes) + len(ids), run_at=run_at)


def counted(job: BulkJob, outcomes: Mapping[str, Outcome], now: datetime) -> BulkJob:
    """Return the job after a run; it goes on at once."""
    return replace(job, pending=(), outcomes={**job.outcomes, **outcomes}, run_at=now)


def waiting(job: BulkJob, now: datetime) -> BulkJob:
    """Return the job that looks for visits again later."""
    return replace(job, run_at=now + timedelta(seconds=LOOK_AGAIN_SECONDS))


def done(job: BulkJob) -> BulkJob:
    """Return the job, finished."""
    return replace(job, state=BulkState.DONE, run_at=None)


def bulk_deadlines(job: BulkJob) -> Mapping[str, datetime]:
    """Return when the job goes on."""
    return {} if job.run_at is None else {"run": job.run_at}
