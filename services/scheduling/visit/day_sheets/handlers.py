"""What falls due and what is done again and again for the sheets of evenings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from services.scheduling.visit.day_sheets.evening_repository import EVENING_SHEETS
from shared.service import Chore, DeadlineHandler
from shared.store.kinds import Record

if TYPE_CHECKING:
    from services.scheduling.use_cases import Scheduling

PLAN_EVERY_SECONDS: Final = 3600.0
"""A new office has its first sheet in its first evening."""


def paper_deadlines(service: Scheduling) -> Mapping[tuple[str, str], DeadlineHandler]:
    """The evening of each office."""

    async def evening_has_come(record: Record[Any], _name: str) -> None:
        await service.evenings.make(record)

    return {(EVENING_SHEETS.name, "make"): evening_has_come}


def paper_chores(service: Scheduling) -> list[Chore]:
    """Every office has an evening."""
    return [Chore("plan_evenings", PLAN_EVERY_SECONDS, service.evenings.plan)]
