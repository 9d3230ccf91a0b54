"""How imported offline days are kept, and how void queue codes are found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.store_part import OnStore
from services.scheduling.visit.offline.offline_day import OfflineDay
from shared.ids import derived_id
from shared.store.kinds import Kind, Range, Record
from shared.store.port import AlreadyExists

MOST_VOID: Final = 20_000
"""Visits of one list: moved or given up with a code that could still be shown; all offices of a day are below it."""

OFFLINE_DAY: Final = Kind(name="offline_day", state=OfflineDay, bare=True)


class OfflineDayRepository(OnStore):
    """Imported offline days."""

    async def offline_day(self, office_id: str, day: date, now: datetime) -> Record[OfflineDay]:
        """Return the imported day; writes an empty one if there is none."""
        day_id = derived_id("offline_day", office_id, day.isoformat())
        known = await self._store.get(OFFLINE_DAY, day_id)
        if known is not None:
            return known
        try:
            return await self._store.insert(OFFLINE_DAY, day_id, OfflineDay(office_id, day), now=now)
        except AlreadyExists:
            return await self.offline_day(office_id, day, now)

    async def save_offline_day(self, record: Record[OfflineDay], day: OfflineDay, now: datetime) -> Record[OfflineDay]:
        """Save the day. Raises VersionConflict if it was changed since it was read."""
        return await self._store.save(OFFLINE_DAY, record, day, now=now)

    async def visits_with_void_codes(self, now: datetime) -> list[Record[Appointment]]:
        """Visits of which a void code could still be shown somewhere."""
        return await self._store.find(APPOINTMENT, "void", within={"state.void_until": Range(low=now)}, limit=MOST_VOID)
