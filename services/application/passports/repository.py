"""Where passports live: the kind, its indexes, and every query there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from services.application.context import UseCaseContext
from services.application.passports.expiry import deadlines
from services.application.passports.passport import HELD, Passport
from shared.errors import NotFound
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Range, Record

MOST_OF_PERSON: Final = 50
"""Passports of one person: a book in five years, and lost ones."""

NUMBER: Final = "number"
"""The index that lets one number be one passport."""

PASSPORT: Final[Kind[Passport]] = Kind(
    "passport",
    Passport,
    indexes=(
        Index(NUMBER, ("state.fingerprints",), unique=True),
        Index("account", ("state.account_id", "-state.recorded_at")),
        Index("person", ("state.person_id", "state.state")),
        Index("application", ("state.application_id",)),
        Index("recorded", ("state.recorded_at",)),
    ),
    deadlines=deadlines,
)

Decide = Callable[[Passport], Decision[Passport] | None]


class PassportRepository:
    """The only place that names the collection, its indexes and its queries."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context

    async def passport(self, passport_id: str) -> Record[Passport] | None:
        """Return the passport of that id, or None."""
        return await self._context.store.get(PASSPORT, passport_id)

    async def existing(self, passport_id: str) -> Record[Passport]:
        """Return the passport of that id; refuses with ``NotFound``."""
        record = await self.passport(passport_id)
        if record is None:
            raise NotFound
        return record

    async def holder_of_number(self, fingerprints: Sequence[str]) -> Record[Passport] | None:
        """Return the passport whose number has one of these fingerprints, or None."""
        return await self._context.store.find_holder(PASSPORT, NUMBER, fingerprints)

    async def insert(self, passport_id: str, state: Passport) -> Record[Passport]:
        """Write a new passport; refuses with ``AlreadyExists`` where its id or its number is taken."""
        return await self._context.store.insert(PASSPORT, passport_id, state, now=self._context.now())

    async def change(self, passport_id: str, decide: Decide, *, received: str | None = None) -> Record[Passport]:
        """Load, decide and save, as `shared.store.change` does; refuses with ``NotFound``."""
        context = self._context
        return await change(context.store, context.clock, PASSPORT, passport_id, decide, received=received)

    async def of_accounts(self, account_ids: Sequence[str]) -> list[Record[Passport]]:
        """Return the passports that these accounts have, the newest first."""
        wanted = {"state.account_id": tuple(account_ids)}
        return await self._context.store.find(PASSPORT, "account", wanted, limit=MOST_OF_PERSON * len(account_ids))

    async def of_person(self, person_id: str) -> list[Record[Passport]]:
        """Return the passports of a person, whichever account has them."""
        return await self._context.store.find(PASSPORT, "person", {"state.person_id": person_id}, limit=MOST_OF_PERSON)

    async def of_application(self, application_id: str) -> Record[Passport] | None:
        """Return the passport that was printed for an application, or None."""
        wanted = {"state.application_id": application_id}
        found = await self._context.store.find(PASSPORT, "application", wanted, limit=1)
        return found[0] if found else None

    async def has_held(self, person_id: str) -> bool:
        """Return whether a book of this person was ever handed out."""
        wanted = {"state.person_id": person_id, "state.state": tuple(map(str, HELD))}
        return await self._context.store.count(PASSPORT, "person", wanted) > 0

    async def recorded_between(self, low: datetime | None, high: datetime, limit: int) -> list[Record[Passport]]:
        """Return passports that came here in this span, the oldest first."""
        within = {"state.recorded_at": Range(low, high)}
        return await self._context.store.find(PASSPORT, "recorded", within=within, limit=limit)

    async def remove(self, record: Record[Passport]) -> bool:
        """Remove the document if it is unchanged; return whether it is gone."""
        return await self._context.store.remove(PASSPORT, record)
