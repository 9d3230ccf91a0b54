"""Cases in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.billing.cases.model import Case
from services.billing.store_part import StorePart
from shared.store.kinds import Index, Kind, Range, Record

CASES: Final[Kind[Case]] = Kind(
    "case",
    Case,
    indexes=(
        Index("live", ("state.due_at",), where={"state.live": True}),
        Index("application", ("state.subject.application_id", "state.opened_at")),
        Index("closed", ("state.closed_at",)),
    ),
    deadlines=lambda case: case.due,
)
KINDS: Final[tuple[Kind[Any], ...]] = (CASES,)


class CaseRepository(StorePart):
    """The queries of cases."""

    async def case(self, case_id: str) -> Record[Case] | None:
        """Return the case with this id, or None."""
        return await self._store.get(CASES, case_id)

    async def live_cases(self, due: Range, limit: int) -> Sequence[Record[Case]]:
        """Cases without an answer whose due time lies in the range, the most urgent first."""
        return await self._store.find(CASES, "live", within={"state.due_at": due}, limit=limit)

    async def cases_of(self, application_id: str, limit: int) -> Sequence[Record[Case]]:
        """Return the cases of an application, answered or not, oldest first."""
        wanted = {"state.subject.application_id": application_id}
        return await self._store.find(CASES, "application", wanted, limit=limit)
