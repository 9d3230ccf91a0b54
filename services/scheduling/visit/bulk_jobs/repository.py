"""Stores bulk jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.scheduling.store_part import Decide, OnStore
from services.scheduling.visit.bulk_jobs.job import BulkJob, bulk_deadlines
from shared.clock import Clock
from shared.store.change import change
from shared.store.kinds import Index, Kind, Record

MOST_JOBS: Final = 100

BULK_JOB: Final = Kind(
    name="bulk_job",
    state=BulkJob,
    deadlines=bulk_deadlines,
    bare=True,
    indexes=(Index("office", ("state.office_id", "state.begun_at")),),
)


class BulkJobRepository(OnStore):
    """Bulk jobs."""

    async def bulk_job(self, job_id: str) -> Record[BulkJob] | None:
        """Return the job, or None."""
        return await self._store.get(BULK_JOB, job_id)

    async def bulk_jobs_of(self, office_id: str) -> list[Record[BulkJob]]:
        """Return the newest jobs of an office, the newest first."""
        equals = {"state.office_id": office_id}
        return await self._store.find(BULK_JOB, "office", equals, limit=MOST_JOBS, descending=True)

    async def begin_bulk_job(self, job_id: str, job: BulkJob, now: datetime) -> Record[BulkJob]:
        """Write a new job."""
        return await self._store.insert(BULK_JOB, job_id, job, now=now)

    async def change_bulk_job(self, record: Record[BulkJob], decide: Decide[BulkJob], clock: Clock) -> Record[BulkJob]:
        """Decide about a job that was read and save it, as `shared.store.change` does."""
        return await change(self._store, clock, BULK_JOB, record.id, decide, first=record)
