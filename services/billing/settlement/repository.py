"""Settlement files in the store, and the days that owe one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from services.billing.settlement.model import Settlement, SettlementDay
from services.billing.store_part import StorePart
from shared.store.kinds import Index, Kind, Range, Record

SETTLEMENTS: Final[Kind[Settlement]] = Kind(
    "settlement",
    Settlement,
    indexes=(Index("day", ("-state.day", "state.received_at")), Index("file", ("state.file_id",))),
    deadlines=lambda settlement: settlement.due,
)
SETTLEMENT_DAYS: Final[Kind[SettlementDay]] = Kind("settlement_day", SettlementDay, deadlines=lambda owed: owed.due)
KINDS: Final[tuple[Kind[Any], ...]] = (SETTLEMENTS, SETTLEMENT_DAYS)


class SettlementRepository(StorePart):
    """The queries of reconciliation."""

    async def settlement(self, settlement_id: str) -> Record[Settlement] | None:
        """Return the settlement file with this id, or None."""
        return await self._store.get(SETTLEMENTS, settlement_id)

    async def settlements_of(self, days: Range, limit: int) -> Sequence[Record[Settlement]]:
        """Return the files of some days, newest day first."""
        return await self._store.find(SETTLEMENTS, "day", within={"state.day": days}, limit=limit)

    async def refers_to(self, file_id: str) -> bool:
        """Return whether a settlement's content lies in this stored file."""
        return bool(await self._store.find(SETTLEMENTS, "file", {"state.file_id": file_id}, limit=1))

    async def settlement_day(self, day: date) -> Record[SettlementDay] | None:
        """Return the entry of a day, which owes a file or has it; None if the day is not noted yet."""
        return await self._store.get(SETTLEMENT_DAYS, day.isoformat())
