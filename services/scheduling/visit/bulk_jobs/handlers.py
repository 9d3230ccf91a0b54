"""Deadlines of jobs over many visits."""

from __future__ import annotations

from collections.abc import Mapping

from services.scheduling.visit.bulk_jobs.job import BulkJob
from services.scheduling.visit.bulk_jobs.repository import BULK_JOB
from services.scheduling.visit.bulk_jobs.service import BulkMoves
from shared.service import DeadlineHandler
from shared.store.kinds import Record


def bulk_job_deadlines(jobs: BulkMoves) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Return the deadline handlers of bulk jobs."""

    async def step_due(record: Record[BulkJob], _name: str) -> None:
        """Do the next batch of a bulk job."""
        await jobs.run(record)

    return {(BULK_JOB.name, "run"): step_due}
