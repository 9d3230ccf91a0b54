"""Stores imported offline days, and finds void queue codes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.store_part import Decide, OnStore
from services.scheduling.visit.offline.offline_day import OfflineDay
from shared.clock import Clock
from shared.ids import derived_id
from shared.store.change import change
from shared.store.kinds import Index, Kind, Range, Record

MOST_VOID: Final = 20_000
"""Visits of one revocation list; those of all offices with a code that could still be shown are below it."""

OFFLINE_DAY: Final = Kind(name="offline_day", state=OfflineDay, bare=True, indexes=(Index("day", ("state.day",)),))


def offline_day_id(office_id: str, day: date) -> str:
    """Return the one id of an office's imported day."""
    return derived_id("offline_day", office_id, day.isoformat())


class OfflineDayRepository(OnStore):
    """Imported offline days."""

    async def offline_day(self, office_id: str, day: date) -> Record[OfflineDay] | None:
        """Return the imported day, or None before its first line."""
        return await self._store.get(OFFLINE_DAY, offline_day_id(office_id, day))

    async def change_offline_day(
        self, office_id: str, day: date, decide: Decide[OfflineDay], clock: Clock
    ) -> Record[OfflineDay]:
        """Load, decide and save a day, as `shared.store.change` does; it has no lines before the first import."""
        day_id, fresh = offline_day_id(office_id, day), OfflineDay(office_id, day)
        return await change(self._store, clock, OFFLINE_DAY, day_id, decide, fresh=fresh)

    async def visits_with_void_codes(self, now: datetime) -> list[Record[Appointment]]:
        """Return the visits with a void queue code that could still be shown."""
        return await self._store.find(APPOINTMENT, "void", within={"state.void_until": Range(low=now)}, limit=MOST_VOID)
