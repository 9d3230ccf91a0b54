"""Deadlines of quota: changes that are under way."""

from __future__ import annotations

from collections.abc import Mapping

from services.scheduling.quota.change import QuotaChange
from services.scheduling.quota.changes import Changes
from services.scheduling.quota.repository import QUOTA_CHANGE
from shared.service import DeadlineHandler
from shared.store.kinds import Record


def quota_deadlines(changes: Changes) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Return every deadline that a change can have."""

    async def change_under_way(record: Record[QuotaChange], _name: str) -> None:
        await changes.run(record)

    return {(QUOTA_CHANGE.name, "apply"): change_under_way}
