"""Queries and writes of legal holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.legal_holds import hold as hold_rules
from services.identity.legal_holds.hold import LegalHold
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Record
from shared.store.port import AlreadyExists

LEGAL_HOLD: Final[Kind[LegalHold]] = Kind(
    "legal_hold",
    LegalHold,
    indexes=(Index("proposed", ("-state.proposed_at",)),),
    deadlines=hold_rules.deadlines,
)

MOST_LISTED: Final = 200
"""Holds of one answer, the newest first."""


class LegalHoldRepository:
    """Queries and writes of legal holds."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store
        self._clock = context.clock

    async def hold(self, hold_id: str) -> Record[LegalHold] | None:
        """Return the hold of that id, or None."""
        return await self._store.get(LEGAL_HOLD, hold_id)

    async def holds(self) -> list[Record[LegalHold]]:
        """Return the holds, the newest first, `MOST_LISTED` at most."""
        return await self._store.find(LEGAL_HOLD, "proposed", limit=MOST_LISTED)

    async def add_hold(self, hold_id: str, hold: LegalHold) -> Record[LegalHold]:
        """Insert a hold; a repeat of its command finds the first."""
        try:
            return await self._store.insert(LEGAL_HOLD, hold_id, hold, now=hold.proposed_at)
        except AlreadyExists:
            known = await self._store.get(LEGAL_HOLD, hold_id)
            assert known is not None  # noqa: S101 - holds are never removed
            return known

    async def change_hold(
        self, hold_id: str, decide: Callable[[LegalHold], Decision[LegalHold] | None]
    ) -> Record[LegalHold]:
        """Load, decide, save, as `shared.store.change.change` does.

        Raises:
            NotFound: there is no such hold.
        """
        return await change(self._store, self._clock, LEGAL_HOLD, hold_id, decide)
