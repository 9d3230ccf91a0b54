"""How parties are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from services.scheduling.booking.parties.party import Party, party_deadlines
from services.scheduling.store_part import OnStore
from shared.clock import Clock
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record

PARTY: Final = Kind(name="party", state=Party, deadlines=party_deadlines, bare=True)


class PartyRepository(OnStore):
    """Families that book together."""

    async def party(self, party_id: str) -> Record[Party] | None:
        """Return the party, or None."""
        return await self._store.get(PARTY, party_id)

    async def begin_party(self, party_id: str, party: Party, now: datetime) -> Record[Party]:
        """Insert a new party. Raises AlreadyExists."""
        return await self._store.insert(PARTY, party_id, party, now=now)

    async def change_party(
        self, record: Record[Party], decide: Callable[[Party], Decision[Party] | None], clock: Clock
    ) -> Record[Party]:
        """Decide about a party that was read and save it, as `shared.store.change` does."""
        return await change(self._store, clock, PARTY, record.id, decide, first=record)
