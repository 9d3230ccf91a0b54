"""How parties are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.scheduling.booking.parties.party import Party, party_deadlines
from services.scheduling.store_part import OnStore
from shared.store.kinds import Kind, Record

PARTY: Final = Kind(name="party", state=Party, deadlines=party_deadlines, bare=True)


class PartyRepository(OnStore):
    """Families that book together."""

    async def party(self, party_id: str) -> Record[Party] | None:
        """The party, or none."""
        return await self._store.get(PARTY, party_id)

    async def begin_party(self, party_id: str, party: Party, now: datetime) -> Record[Party]:
        """Write a new party."""
        return await self._store.insert(PARTY, party_id, party, now=now)

    async def save_party(self, record: Record[Party], party: Party, now: datetime) -> Record[Party]:
        """Save the party. Raises VersionConflict if it was changed since it was read."""
        return await self._store.save(PARTY, record, party, now=now)
