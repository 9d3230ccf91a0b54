"""Credits in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from services.billing.credits.model import Credit
from services.billing.store_part import StorePart
from shared.store.kinds import Index, Kind, Record

CREDITS: Final[Kind[Credit]] = Kind(
    "credit",
    Credit,
    indexes=(Index("account", ("state.account_id", "state.opened_at")),),
    deadlines=lambda credit: credit.due,
)
KINDS: Final[tuple[Kind[Any], ...]] = (CREDITS,)

MOST_OF_ONE_ACCOUNT: Final = 200
"""Credits of one account that are looked at: it has ten people, and refunds are rare."""


class CreditRepository(StorePart):
    """The queries of credits."""

    async def credit(self, credit_id: str) -> Record[Credit] | None:
        """Return the credit with this id, or None."""
        return await self._store.get(CREDITS, credit_id)

    async def credits_of(self, account_ids: Sequence[str]) -> list[Record[Credit]]:
        """Return the credits of these accounts, oldest first of each."""
        found: list[Record[Credit]] = []
        for account_id in account_ids:
            wanted = {"state.account_id": account_id}
            found += await self._store.find(CREDITS, "account", wanted, limit=MOST_OF_ONE_ACCOUNT)
        return found

    def all_credits(self) -> AsyncIterator[Record[Credit]]:
        """Return every credit, for the checks of running rules."""
        return self._store.scan(CREDITS)
