"""The tariff book as it is now: what is shipped, with every change that two people have approved."""

from __future__ import annotations

from datetime import date

from services.billing.store_part import states
from services.billing.tariffs.change import merged
from services.billing.tariffs.model import TariffBook
from services.billing.tariffs.repository import TariffChangeRepository
from shared.calendar.working_days import day_in_jakarta
from shared.clock import Clock


class Tariffs:
    """Keeps the book in memory and reads the changes again: at intervals, and always on the first question of a day.

    A change is approved before its day begins, so a book that was read on a day misses nothing that is in force on it.
    """

    def __init__(
        self,
        changes: TariffChangeRepository,
        clock: Clock,
        shipped: TariffBook,
    ) -> None:
        self._tariff_changes = changes
        self._clock = clock
        self._shipped = shipped
        self._book = shipped
        self._read_on: date | None = None

    async def book(self) -> TariffBook:
        """Return every tariff that is or will be in force."""
        if self._read_on is None or self._read_on < day_in_jakarta(self._clock.now()):
            await self.refresh()
        return self._book

    async def refresh(self) -> None:
        """Read the approved changes."""
        today = day_in_jakarta(self._clock.now())
        self._book = merged(self._shipped, states(await self._tariff_changes.approved_changes()))
        self._read_on = today
