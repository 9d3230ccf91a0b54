"""Queries and writes of applicants and persons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.identity.accounts.account import MOST_APPLICANTS, MOST_CHILDREN
from services.identity.applicants import applicant as applicant_rules
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.person import Person
from services.identity.context import UseCaseContext
from shared.store.kinds import Index, Kind, Range, Record

APPLICANT: Final[Kind[Applicant]] = Kind(
    "applicant",
    Applicant,
    indexes=(
        Index("account", ("state.account_id", "state.added_at")),
        Index("nik", ("state.nik_fingerprints",)),
        Index("failed_nik", ("state.failed_niks", "state.last_failed_at")),
    ),
    deadlines=applicant_rules.deadlines,
    batched=True,
)

PERSON: Final[Kind[Person]] = Kind(
    "person", Person, indexes=(Index("nik", ("state.nik_fingerprints",), unique=True),), bare=True
)

MOST_OF_ONE_ACCOUNT: Final = 2 * (MOST_APPLICANTS + MOST_CHILDREN)
"""Applicants read for one account: more than it has places."""

MOST_OF_ONE_NIK: Final = 100
"""Applicants read for one NIK: more than any limit asks for."""


class ApplicantRepository:
    """Queries of applicants and of the persons behind them."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store

    async def applicant(self, applicant_id: str) -> Record[Applicant] | None:
        """Return the applicant of that id, or None."""
        return await self._store.get(APPLICANT, applicant_id)

    async def applicants_of(self, account_id: str) -> list[Record[Applicant]]:
        """Return all applicants of an account, oldest first."""
        wanted = {"state.account_id": account_id}
        return await self._store.find(APPLICANT, "account", wanted, limit=MOST_OF_ONE_ACCOUNT)

    async def remove_applicant(self, record: Record[Applicant]) -> bool:
        """Delete an applicant; return False where it was changed, or has messages that are not sent yet."""
        return await self._store.remove(APPLICANT, record)

    async def applicants_with(self, nik_fingerprints: Sequence[str]) -> list[Record[Applicant]]:
        """Return the applicants who stated this NIK, in whichever account."""
        wanted = {"state.nik_fingerprints": tuple(nik_fingerprints)}
        return await self._store.find(APPLICANT, "nik", wanted, limit=MOST_OF_ONE_NIK)

    async def applicants_failed_with(
        self, nik_fingerprints: Sequence[str], *, since: datetime
    ) -> list[Record[Applicant]]:
        """Return the applicants who failed a check since then, with this NIK among those they stated."""
        wanted, recent = {"state.failed_niks": tuple(nik_fingerprints)}, {"state.last_failed_at": Range(low=since)}
        return await self._store.find(APPLICANT, "failed_nik", wanted, within=recent, limit=MOST_OF_ONE_NIK)

    async def applicants_of_person(self, person_id: str) -> list[Record[Applicant]]:
        """Return the confirmed applicants behind whom this person stands, in whichever account."""
        person = await self._store.get(PERSON, person_id)
        found = await self.applicants_with(person.state.nik_fingerprints) if person is not None else []
        return [record for record in found if record.state.person_id == person_id]

    async def person_with(self, nik_fingerprints: Sequence[str]) -> Record[Person] | None:
        """Return the person whose NIK this is, or None."""
        found = await self._store.find(PERSON, "nik", {"state.nik_fingerprints": tuple(nik_fingerprints)}, limit=1)
        return found[0] if found else None
