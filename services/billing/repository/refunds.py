"""Refund cases in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from services.billing.domain.refund import Refund
from services.billing.repository.base import MOST_OF_ONE_APPLICATION, Base
from shared.store.kinds import Index, Kind, Record

REFUNDS: Final[Kind[Refund]] = Kind(
    "refund", Refund, indexes=(Index("application", ("state.application_id", "state.opened_at")),)
)
KINDS: Final[tuple[Kind[Any], ...]] = (REFUNDS,)


class Refunds(Base):
    """The queries of refund cases."""

    async def refund(self, refund_id: str) -> Record[Refund] | None:
        """By its id."""
        return await self._store.get(REFUNDS, refund_id)

    async def refunds_of(self, application_id: str) -> list[Record[Refund]]:
        """The refund cases of an application, oldest first."""
        wanted = {"state.application_id": application_id}
        return await self._store.find(REFUNDS, "application", wanted, limit=MOST_OF_ONE_APPLICATION)

    def all_refunds(self) -> AsyncIterator[Record[Refund]]:
        """Every refund case, for the checks of running rules."""
        return self._store.scan(REFUNDS)
