"""Stores the queues at the counters."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.scheduling.store_part import Decide, OnStore
from services.scheduling.visit.counter.queue import CounterDay
from shared.clock import Clock
from shared.ids import derived_id
from shared.store.change import change
from shared.store.kinds import Kind, Record

TRIES: Final = 20
"""All booths of an office write one document: more of them collide than elsewhere, and each write is short."""

COUNTER_DAY: Final = Kind(name="counter_day", state=CounterDay, bare=True)


def counter_day_id(office_id: str, day: date) -> str:
    """Return the id of the queue of an office's day."""
    return derived_id("counter_day", office_id, day.isoformat())


class CounterDayRepository(OnStore):
    """The queues at the counters."""

    async def counter_day(self, office_id: str, day: date) -> Record[CounterDay] | None:
        """Return the queue of that day, or None before its first visitor."""
        return await self._store.get(COUNTER_DAY, counter_day_id(office_id, day))

    async def change_counter_day(
        self, office_id: str, day: date, decide: Decide[CounterDay], clock: Clock
    ) -> Record[CounterDay]:
        """Load, decide and save the queue of a day; it is empty before the first visitor."""
        day_id, fresh = counter_day_id(office_id, day), CounterDay(office_id, day)
        return await change(self._store, clock, COUNTER_DAY, day_id, decide, fresh=fresh, tries=TRIES)
