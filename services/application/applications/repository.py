"""Where applications and the applicants whom identity confirmed live: kinds, indexes, and every query there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, Final

from services.application.applications.added_applicant import AddedApplicant
from services.application.applications.applicant import Applicant
from services.application.applications.application import LIVE, Application, Status, deadlines
from shared.clock import Clock
from shared.events.message import Message
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.port import AlreadyExists as Taken
from shared.store.port import Store, VersionConflict

MOST_APPLICATIONS: Final = 100
"""Of one answer; an account has five applicants with one live application each, and few ended ones."""

MOST_OF_AN_OFFICE: Final = 500
"""Visits of an office on one day."""


APPLICATION: Final[Kind[Application]] = Kind(
    "application",
    Application,
    indexes=(
        Index("account", ("state.account_id", "-state.started_at")),
        Index("live_person", ("state.person_id",), unique=True, where={"state.status": tuple(map(str, LIVE))}),
        Index("person", ("state.person_id", "state.status")),
        Index("number", ("state.number",), unique=True),
        Index("office", ("state.office_id", "state.visit_at")),
        Index("file", ("state.file_ids",)),
    ),
    deadlines=deadlines,
    batched=True,
)
APPLICANT: Final[Kind[Applicant]] = Kind("applicant", Applicant, indexes=(Index("account", ("state.account_id",)),))
ADDED_APPLICANT: Final = Kind("added_applicant", AddedApplicant, bare=True)
KINDS: Final[tuple[Kind[Any], ...]] = (APPLICATION, APPLICANT, ADDED_APPLICANT)


class Repository:
    """The only place that names collections, indexes and queries."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def application(self, application_id: str) -> Record[Application] | None:
        """By its id."""
        return await self._store.get(APPLICATION, application_id)

    async def insert_application(
        self, application_id: str, state: Application, now: datetime, events: Sequence[Message]
    ) -> Record[Application]:
        """Write a new one; refuses with ``AlreadyExists``, which names the index."""
        return await self._store.insert(APPLICATION, application_id, state, now=now, events=events)

    async def applications_of(self, account_id: str) -> list[Record[Application]]:
        """An account's, the newest first."""
        wanted = {"state.account_id": account_id}
        return await self._store.find(APPLICATION, "account", wanted, limit=MOST_APPLICATIONS)

    async def live_application_of(self, person_id: str) -> Record[Application] | None:
        """Return the one application of a person that has not ended; of an applicant whose identity is pending, by
        the applicant's id.
        """
        found = await self._store.find(APPLICATION, "live_person", {"state.person_id": person_id}, limit=1)
        return found[0] if found else None

    async def application_numbered(self, number: str) -> Record[Application] | None:
        """The application of that number."""
        found = await self._store.find(APPLICATION, "number", {"state.number": number}, limit=1)
        return found[0] if found else None

    async def has_passport_on_record(self, person_id: str) -> bool:
        """Whether a passport was collected here by this person before."""
        wanted = {"state.person_id": person_id, "state.status": Status.COLLECTED.value}
        return await self._store.count(APPLICATION, "person", wanted) > 0

    async def applications_at(self, office_id: str, start: datetime, end: datetime) -> list[Record[Application]]:
        """Those with a visit at the office from start up to end, the earliest first."""
        return await self._store.find(
            APPLICATION,
            "office",
            {"state.office_id": office_id},
            within={"state.visit_at": Range(start, end)},
            limit=MOST_OF_AN_OFFICE,
        )

    async def refers_to(self, file_id: str) -> bool:
        """Whether an application refers to the file."""
        return await self._store.count(APPLICATION, "file", {"state.file_ids": file_id}) > 0

    def all_applications(self) -> AsyncIterator[Record[Application]]:
        """Every application, for checks of rules."""
        return self._store.scan(APPLICATION)

    async def applicant(self, applicant_id: str) -> Record[Applicant] | None:
        """By its id."""
        return await self._store.get(APPLICANT, applicant_id)

    async def added_applicant(self, applicant_id: str) -> Record[AddedApplicant] | None:
        """Return whom an account added under this id, or None."""
        return await self._store.get(ADDED_APPLICANT, applicant_id)

    async def keep_added_applicant(
        self,
        applicant_id: str,
        added: AddedApplicant,
        complete: Callable[[AddedApplicant], AddedApplicant],
        clock: Clock,
    ) -> None:
        """Insert an added applicant, or complete what is known of them."""
        try:
            await self._store.insert(ADDED_APPLICANT, applicant_id, added, now=clock.now())
        except Taken:
            await change(self._store, clock, ADDED_APPLICANT, applicant_id, lambda known: Decision(complete(known)))

    async def keep_applicant(
        self, applicant_id: str, record: Record[Applicant] | None, state: Applicant, now: datetime, received: str
    ) -> None:
        """Write an applicant, new or changed; ``VersionConflict`` where somebody else was faster in either way."""
        if record is not None:
            await self._store.save(APPLICANT, record, state, now=now, received=received)
            return
        try:
            await self._store.insert(APPLICANT, applicant_id, state, now=now, received=received)
        except Taken as taken:
            raise VersionConflict(str(taken)) from taken
