"""Queries of assistances and of the codes that offices had sent."""

from __future__ import annotations

from typing import Final

from services.identity.assistances import assistance as assistance_rules
from services.identity.assistances.assistance import Assistance, AssistanceState, OfficeCodes
from services.identity.context import UseCaseContext
from shared.store.kinds import Index, Kind, Record
from shared.store.newest import newest_of

ASSISTANCE: Final[Kind[Assistance]] = Kind(
    "assistance",
    Assistance,
    indexes=(
        Index("account", ("state.account_id", "-state.asked_at")),
        Index("officer", ("state.officer_id", "-state.asked_at")),
        Index("open_of_officer", ("state.officer_id", "state.state")),
    ),
    deadlines=assistance_rules.deadlines,
)

OFFICE_CODES: Final[Kind[OfficeCodes]] = Kind("office_codes", OfficeCodes, bare=True)
"""One document for each office, named by it."""

MOST_ASSISTANCES: Final = 100
"""Of one answer, the newest first."""


class AssistanceRepository:
    """Queries of assistances and of the codes that offices had sent."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store

    async def assistance(self, assistance_id: str) -> Record[Assistance] | None:
        """Return the assistance of that id, or None."""
        return await self._store.get(ASSISTANCE, assistance_id)

    async def assistances_of(self, account_ids: tuple[str, ...]) -> list[Record[Assistance]]:
        """Return the assistances of an account and those joined into it, newest first."""

        async def find(account_id: str) -> list[Record[Assistance]]:
            wanted = {"state.account_id": account_id}
            return await self._store.find(ASSISTANCE, "account", wanted, limit=MOST_ASSISTANCES)

        return await newest_of(account_ids, find, lambda state: state.asked_at, MOST_ASSISTANCES)

    async def assistances_by(self, officer_id: str) -> list[Record[Assistance]]:
        """Return the assistances of an officer, newest first."""
        return await self._store.find(ASSISTANCE, "officer", {"state.officer_id": officer_id}, limit=MOST_ASSISTANCES)

    async def open_assistances_by(self, officer_id: str) -> list[Record[Assistance]]:
        """Return the assistances of an officer that have not ended."""
        unended = (AssistanceState.ASKED.value, AssistanceState.LIVE.value)
        wanted = {"state.officer_id": officer_id, "state.state": unended}
        return await self._store.find(ASSISTANCE, "open_of_officer", wanted, limit=MOST_ASSISTANCES)

    async def office_codes(self, office_id: str) -> Record[OfficeCodes] | None:
        """Return the codes that an office had sent, or None."""
        return await self._store.get(OFFICE_CODES, office_id)
