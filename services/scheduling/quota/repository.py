"""Stores changes of quota."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.scheduling.quota.change import ChangeState, QuotaChange, change_deadlines
from services.scheduling.store_part import Decide, OnStore
from shared.clock import Clock
from shared.store.change import change
from shared.store.kinds import Index, Kind, Record
from shared.store.port import AlreadyExists

MOST_CHANGES: Final = 200
"""Changes of one answer, the newest first."""


QUOTA_CHANGE: Final = Kind(
    name="quota_change",
    state=QuotaChange,
    deadlines=change_deadlines,
    indexes=(
        Index("office", ("state.office_id", "state.made_at")),
        Index("subject", ("state.subject_id", "state.made_at")),
        Index(
            "proposed",
            ("state.office_id", "state.made_at"),
            where={"state.state": ChangeState.PROPOSED},
        ),
    ),
)


class QuotaChangeRepository(OnStore):
    """Quota changes, each with its state."""

    async def quota_change(self, change_id: str) -> Record[QuotaChange] | None:
        """Return the change, or None."""
        return await self._store.get(QUOTA_CHANGE, change_id)

    async def begin_quota_change(
        self, change_id: str, quota_change: QuotaChange, now: datetime
    ) -> Record[QuotaChange] | None:
        """Write a new change; return None if it was written before."""
        try:
            return await self._store.insert(QUOTA_CHANGE, change_id, quota_change, now=now)
        except AlreadyExists:
            return None

    async def change_quota_change(
        self, record: Record[QuotaChange], decide: Decide[QuotaChange], clock: Clock
    ) -> Record[QuotaChange]:
        """Decide about a change that was read and save it, as `shared.store.change` does."""
        return await change(self._store, clock, QUOTA_CHANGE, record.id, decide, first=record)

    async def changes_of_office(self, office_id: str, *, proposed: bool) -> list[Record[QuotaChange]]:
        """Return the newest changes of an office, newest first; with ``proposed`` those that wait for a decision."""
        index = "proposed" if proposed else "office"
        equals = {"state.office_id": office_id}
        return await self._store.find(QUOTA_CHANGE, index, equals, limit=MOST_CHANGES, descending=True)

    async def changes_of_subject(self, subject_id: str) -> list[Record[QuotaChange]]:
        """Return the newest changes of one subject, newest first."""
        equals = {"state.subject_id": subject_id}
        return await self._store.find(QUOTA_CHANGE, "subject", equals, limit=MOST_CHANGES, descending=True)
