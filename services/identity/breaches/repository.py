"""Queries of the register of breaches, of the persons whom a search found, and of the notices to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.identity.breaches import breach as rules
from services.identity.breaches.breach import Breach
from services.identity.context import UseCaseContext
from shared.store.kinds import Index, Kind, Range, Record


@dataclass(frozen=True)
class BreachPerson:
    """An account that a search found."""

    search_id: str
    account_id: str
    told: bool = False


@dataclass(frozen=True)
class BreachNotice:
    """A notice to one account about one breach; its event goes out once, however many searches find the account."""

    breach_id: str
    account_id: str
    told_at: datetime


BREACH: Final[Kind[Breach]] = Kind(
    "breach", Breach, indexes=(Index("newest", ("-state.opened_at",)),), deadlines=rules.deadlines
)
BREACH_PERSON: Final[Kind[BreachPerson]] = Kind(
    "breach_person",
    BreachPerson,
    indexes=(
        Index("search", ("state.search_id", "state.account_id")),
        Index("untold", ("state.search_id", "state.told", "state.account_id")),
    ),
    bare=True,
)
BREACH_NOTICE: Final[Kind[BreachNotice]] = Kind("breach_notice", BreachNotice)

MOST_BREACHES: Final = 1000
"""Of one register, the newest first."""

BATCH: Final = 100


class BreachRepository:
    """Queries of breaches and of the persons concerned."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store

    async def breach(self, breach_id: str) -> Record[Breach] | None:
        """Return the entry of that id, or None."""
        return await self._store.get(BREACH, breach_id)

    async def newest(self) -> list[Record[Breach]]:
        """Return the register, newest first."""
        return await self._store.find(BREACH, "newest", limit=MOST_BREACHES)

    async def add_persons(self, persons: Sequence[tuple[str, BreachPerson]], now: datetime) -> None:
        """Write the persons that are not there yet."""
        await self._store.insert_missing(BREACH_PERSON, persons, now=now)

    async def count_persons(self, search_id: str) -> int:
        """Return how many persons a search found."""
        return await self._store.count(BREACH_PERSON, "search", {"state.search_id": search_id})

    async def persons_after(self, search_id: str, account_id: str, limit: int) -> list[str]:
        """Return the accounts that a search found, in order, from behind this one on."""
        within = {"state.account_id": Range(low=account_id + "\0")}
        found = await self._store.find(
            BREACH_PERSON, "search", {"state.search_id": search_id}, within=within, limit=limit
        )
        return [record.state.account_id for record in found]

    async def untold(self, search_id: str) -> list[Record[BreachPerson]]:
        """Return some persons whom a search found and who were not told yet."""
        wanted = {"state.search_id": search_id, "state.told": False}
        return await self._store.find(BREACH_PERSON, "untold", wanted, limit=BATCH)
