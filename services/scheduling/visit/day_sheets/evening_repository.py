"""Stores the evening sheets: a document per office."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.scheduling.store_part import Decide, OnStore
from services.scheduling.visit.day_sheets.evening_sheet import EveningSheets, evening_deadlines
from shared.clock import Clock
from shared.ids import derived_id
from shared.store.change import change
from shared.store.kinds import Kind, Record

EVENING_SHEETS: Final = Kind(
    name="evening_sheets", state=EveningSheets, bare=True, deadlines=evening_deadlines, at_once=2
)
"""Two at once: a sheet is typeset in a thread, and all offices of a zone are due at the same moment."""


def evening_id(office_id: str) -> str:
    """Return the id of an office's evening sheets."""
    return derived_id("evening_sheets", office_id)


class EveningRepository(OnStore):
    """Evening sheets of offices."""

    async def evening(self, office_id: str) -> Record[EveningSheets] | None:
        """Return the sheets of an office, or None before its first."""
        return await self._store.get(EVENING_SHEETS, evening_id(office_id))

    async def begin_evenings(self, evenings: Sequence[EveningSheets], now: datetime) -> int:
        """Write those that are missing; return how many."""
        items = [(evening_id(evening.office_id), evening) for evening in evenings]
        return await self._store.insert_missing(EVENING_SHEETS, items, now=now)

    async def change_evening(
        self, record: Record[EveningSheets], decide: Decide[EveningSheets], clock: Clock
    ) -> Record[EveningSheets]:
        """Decide about the sheets of an office that were read and save them, as `shared.store.change` does."""
        return await change(self._store, clock, EVENING_SHEETS, record.id, decide, first=record)
