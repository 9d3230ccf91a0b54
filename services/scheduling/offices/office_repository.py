"""How offices are kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from services.scheduling.office import Office
from services.scheduling.store_part import OnStore
from shared.store.kinds import Index, Kind, Record

MOST_OFFICES: Final = 1000

OFFICE: Final = Kind(name="office", state=Office, bare=True, indexes=(Index("name", ("state.name",)),))


class Offices(OnStore):
    """Offices."""

    async def offices(self) -> list[Record[Office]]:
        """Every office, by name."""
        return await self._store.find(OFFICE, "name", limit=MOST_OFFICES)

    async def keep_offices(self, offices: Iterable[Office], now: datetime) -> None:
        """Write the offices that are missing or differ."""
        wanted = {office.office_id: office for office in offices}
        await self._store.insert_missing(OFFICE, list(wanted.items()), now=now)
        for record in await self.offices():
            office = wanted.get(record.id, record.state)
            if office != record.state:
                await self._store.save(OFFICE, record, office, now=now)
