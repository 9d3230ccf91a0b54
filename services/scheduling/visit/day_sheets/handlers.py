"""Deadlines and chores of the evening sheets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.scheduling.visit.day_sheets.evening_repository import EVENING_SHEETS
from services.scheduling.visit.day_sheets.evening_sheets import SheetsOfEvenings
from shared.service import Chore, DeadlineHandler
from shared.store.kinds import Record

PLAN_EVERY_SECONDS: Final = 3600.0
"""A new office has its first sheet in its first evening."""


def day_sheet_deadlines(evenings: SheetsOfEvenings) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Return the deadline handlers of evening sheets."""

    async def evening_has_come(record: Record[Any], _name: str) -> None:
        await evenings.make(record)

    return {(EVENING_SHEETS.name, "make"): evening_has_come}


def day_sheet_chores(evenings: SheetsOfEvenings) -> list[Chore]:
    """Return every office has an evening."""
    return [Chore("plan_evenings", PLAN_EVERY_SECONDS, evenings.plan)]
