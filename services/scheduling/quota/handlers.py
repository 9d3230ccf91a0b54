"""What falls due and what is done again and again for quota: changes under way, openings to tell, facts to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.scheduling.offices.facts_cache import REFRESH_SECONDS
from services.scheduling.openings.notice import Announcement
from services.scheduling.quota.change import QuotaChange
from services.scheduling.quota.repository import OPENING_ANNOUNCEMENT, QUOTA_CHANGE
from shared.service import Chore, DeadlineHandler
from shared.store.kinds import Record

if TYPE_CHECKING:
    from services.scheduling.use_cases import Scheduling


def quota_deadlines(service: Scheduling) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Every deadline that a change or an announcement can have."""

    async def change_under_way(record: Record[Any], _name: str) -> None:
        change: Record[QuotaChange] = record
        await service.changes.run(change)

    async def opening_to_tell(record: Record[Any], _name: str) -> None:
        announcement: Record[Announcement] = record
        await service.opening_notices.tell(announcement)

    return {
        (QUOTA_CHANGE.name, "apply"): change_under_way,
        (OPENING_ANNOUNCEMENT.name, "tell"): opening_to_tell,
    }


def quota_chores(service: Scheduling) -> list[Chore]:
    """What other replicas changed is read again and again."""
    return [Chore("refresh_offices", REFRESH_SECONDS, service.book.refresh)]
