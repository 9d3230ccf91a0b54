"""How the queues at the counters are kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from services.scheduling.store_part import OnStore
from services.scheduling.visit.counter.queue import CounterDay
from shared.ids import derived_id
from shared.store.kinds import Kind, Record
from shared.store.port import AlreadyExists

COUNTER_DAY: Final = Kind(name="counter_day", state=CounterDay, bare=True)


def counter_day_id(office_id: str, day: date) -> str:
    """The one id of an office's day."""
    return derived_id("counter_day", office_id, day.isoformat())


class CounterDayRepository(OnStore):
    """The queues at the counters."""

    async def counter_day(self, office_id: str, day: date) -> Record[CounterDay] | None:
        """The queue of that day, or none if nobody came yet."""
        return await self._store.get(COUNTER_DAY, counter_day_id(office_id, day))

    async def open_counter_day(self, office_id: str, day: date, now: datetime) -> Record[CounterDay]:
        """The queue of that day, empty if nobody came yet."""
        known = await self.counter_day(office_id, day)
        if known is not None:
            return known
        try:
            return await self._store.insert(
                COUNTER_DAY, counter_day_id(office_id, day), CounterDay(office_id, day), now=now
            )
        except AlreadyExists:
            known = await self.counter_day(office_id, day)
            if known is None:
                raise
            return known

    async def save_counter_day(self, record: Record[CounterDay], day: CounterDay, now: datetime) -> Record[CounterDay]:
        """Save the queue. Raises VersionConflict if it was changed since it was read."""
        return await self._store.save(COUNTER_DAY, record, day, now=now)
