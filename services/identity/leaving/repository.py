"""Queries and writes of leavings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.leaving import leaving as rules
from services.identity.leaving.leaving import OPEN_LEAVINGS, Leaving, LeavingState
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Record

MOST_OF_ONE_ACCOUNT: Final = 100
MOST_LISTED: Final = 500

LEAVING: Final[Kind[Leaving]] = Kind(
    "leaving",
    Leaving,
    indexes=(
        Index(
            "open_account", ("state.account_id",), unique=True, where={"state.state": tuple(map(str, OPEN_LEAVINGS))}
        ),
        Index("account", ("state.account_id", "-state.asked_at")),
        Index("state", ("state.state", "-state.asked_at")),
        Index("asked", ("-state.asked_at",)),
    ),
    deadlines=rules.deadlines,
)


class LeavingRepository:
    """Queries and writes of leavings."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store
        self._clock = context.clock

    async def leaving(self, leaving_id: str) -> Record[Leaving] | None:
        """By its id."""
        return await self._store.get(LEAVING, leaving_id)

    async def open_leaving_of(self, account_id: str) -> Record[Leaving] | None:
        """Return the one leaving of an account that goes on, or None."""
        found = await self._store.find(LEAVING, "open_account", {"state.account_id": account_id}, limit=1)
        return found[0] if found else None

    async def leavings_of(self, account_id: str) -> list[Record[Leaving]]:
        """Return all leavings of an account, the newest first."""
        return await self._store.find(LEAVING, "account", {"state.account_id": account_id}, limit=MOST_OF_ONE_ACCOUNT)

    async def leavings_in(self, state: LeavingState | None) -> list[Record[Leaving]]:
        """Return the leavings of all accounts in this state, or in any, the newest first."""
        if state is None:
            return await self._store.find(LEAVING, "asked", limit=MOST_LISTED)
        return await self._store.find(LEAVING, "state", {"state.state": state.value}, limit=MOST_LISTED)

    async def insert_leaving(self, leaving_id: str, leaving: Leaving) -> Record[Leaving]:
        """Write a new leaving.

        Raises:
            AlreadyExists: the id is taken, or the account has an open one.
        """
        return await self._store.insert(LEAVING, leaving_id, leaving, now=self._clock.now())

    async def change_leaving(
        self, record: Record[Leaving], decide: Callable[[Leaving], Decision[Leaving] | None]
    ) -> Record[Leaving]:
        """Decide on the record first, then on newer states (`shared.store.change.change`)."""
        return await change(self._store, self._clock, LEAVING, record.id, decide, first=record)
