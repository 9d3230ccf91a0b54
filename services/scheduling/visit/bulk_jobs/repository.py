"""How bulk jobs are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.scheduling.store_part import OnStore
from services.scheduling.visit.bulk_jobs.job import BulkJob, bulk_deadlines
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
        """The job, or none."""
        return await self._store.get(BULK_JOB, job_id)

    async def bulk_jobs_of(self, office_id: str) -> list[Record[BulkJob]]:
        """The newest jobs of an office, the newest first."""
        equals = {"state.office_id": office_id}
        return await self._store.find(BULK_JOB, "office", equals, limit=MOST_JOBS, descending=True)

    async def begin_bulk_job(self, job_id: str, job: BulkJob, now: datetime) -> Record[BulkJob]:
        """Write a new job."""
        return await self._store.insert(BULK_JOB, job_id, job, now=now)

    async def save_bulk_job(self, record: Record[BulkJob], job: BulkJob, now: datetime) -> Record[BulkJob]:
        """Save the job. Raises VersionConflict if it was changed since it was read."""
        return await self._store.save(BULK_JOB, record, job, now=now)
