"""Corrections in the store."""

from __future__ import annotations

from typing import Any, Final

from services.billing.extra_charges.correction import Correction
from services.billing.store_part import MOST_OF_ONE_APPLICATION, StorePart
from shared.store.kinds import Index, Kind, Record

CORRECTIONS: Final[Kind[Correction]] = Kind(
    "correction",
    Correction,
    indexes=(
        Index("application", ("state.application_id", "state.heard_at")),
        Index("one_at_a_time", ("state.application_id",), unique=True, where={"state.open": True}),
    ),
)
KINDS: Final[tuple[Kind[Any], ...]] = (CORRECTIONS,)


class CorrectionRepository(StorePart):
    """The queries of corrections."""

    async def correction(self, correction_id: str) -> Record[Correction] | None:
        """Return the correction with this id, or None."""
        return await self._store.get(CORRECTIONS, correction_id)

    async def corrections_of(self, application_id: str) -> list[Record[Correction]]:
        """Return the corrections of an application, oldest first."""
        wanted = {"state.application_id": application_id}
        return await self._store.find(CORRECTIONS, "application", wanted, limit=MOST_OF_ONE_APPLICATION)
