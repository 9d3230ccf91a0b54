"""Leavings that identity has told of."""

from __future__ import annotations

from typing import Final

from services.application.leavings.leaving_copy import LeavingCopy
from shared.store.kinds import Index, Kind
from shared.store.port import Store

LEAVING_COPY: Final[Kind[LeavingCopy]] = Kind(
    "leaving_copy",
    LeavingCopy,
    indexes=(Index("open_applicant", ("state.applicant_ids",), where={"state.is_open": True}),),
)


class LeavingCopies:
    """Queries of leavings."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def is_leaving(self, applicant_id: str) -> bool:
        """Return whether the applicant is being removed."""
        return await self._store.count(LEAVING_COPY, "open_applicant", {"state.applicant_ids": applicant_id}) > 0
