"""Changes of the tariff in the store."""

from __future__ import annotations

from typing import Any, Final

from services.billing.store_part import StorePart
from services.billing.tariffs.change import ChangeState, TariffChange
from shared.store.kinds import Index, Kind, Record

MOST_CHANGES: Final = 1000
"""A government regulation on these fees comes every few years."""

TARIFF_CHANGES: Final[Kind[TariffChange]] = Kind(
    "tariff_change",
    TariffChange,
    indexes=(
        Index("state", ("state.state", "state.effective_on")),
        Index("one_a_day", ("state.effective_on",), unique=True, where={"state.state": ChangeState.APPROVED.value}),
        Index("newest", ("state.proposed_at",)),
    ),
)
KINDS: Final[tuple[Kind[Any], ...]] = (TARIFF_CHANGES,)


class TariffChangeRepository(StorePart):
    """The queries of changes."""

    async def tariff_change(self, change_id: str) -> Record[TariffChange] | None:
        """Return the change with this id, or None."""
        return await self._store.get(TARIFF_CHANGES, change_id)

    async def tariff_changes(self) -> list[Record[TariffChange]]:
        """Return all of them, newest first."""
        return await self._store.find(TARIFF_CHANGES, "newest", limit=MOST_CHANGES, descending=True)

    async def approved_changes(self) -> list[Record[TariffChange]]:
        """Return the approved changes, by their first day."""
        wanted = {"state.state": ChangeState.APPROVED.value}
        return await self._store.find(TARIFF_CHANGES, "state", wanted, limit=MOST_CHANGES)
