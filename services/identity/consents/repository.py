"""Queries and writes of consents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.identity.consents.consent import ConsentRecord
from services.identity.context import UseCaseContext
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record

CONSENTS: Final[Kind[ConsentRecord]] = Kind("consent_record", ConsentRecord)
"""One per account with a choice after its registration; its id is the account's."""


class ConsentRepository:
    """Queries and writes of consents."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store
        self._clock = context.clock

    async def record(self, account_id: str) -> Record[ConsentRecord] | None:
        """Return the record of an account; None if it has made no choice since it was registered."""
        return await self._store.get(CONSENTS, account_id)

    async def change_record(
        self, account_id: str, fresh: ConsentRecord, decide: Callable[[ConsentRecord], Decision[ConsentRecord] | None]
    ) -> Record[ConsentRecord]:
        """Decide on the record, or on the ``fresh`` one of an account without a choice, and save it.

        Raises:
            Exception: whatever ``decide`` raises.
        """
        return await change(self._store, self._clock, CONSENTS, account_id, decide, fresh=fresh)
