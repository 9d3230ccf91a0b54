"""Where applications and the applicants whom identity confirmed live: kinds, indexes, and every query there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final

from services.application.applications.applicant import Applicant
from services.application.applications.application import FINAL, HOLDS_PERSON, LIVE, Application, Status, deadlines
from shared.events.message import Message
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.newest import newest_of
from shared.store.port import AlreadyExists as Taken
from shared.store.port import Store, VersionConflict

MOST_APPLICATIONS: Final = 100
"""Of one answer; an account has five applicants with one live application each, and few ended ones."""

MOST_OF_AN_OFFICE: Final = 500
"""Visits of an office on one day."""

SUBMITTED_PERSON: Final = "submitted_person"
"""The index that lets one account alone submit for a person."""

APPLICATION: Final[Kind[Application]] = Kind(
    "application",
    Application,
    indexes=(
        Index("account", ("state.account_id", "-state.started_at")),
        Index("live_applicant", ("state.applicant_id",), unique=True, where={"state.status": tuple(map(str, LIVE))}),
        Index(
            SUBMITTED_PERSON, ("state.person_id",), unique=True, where={"state.status": tuple(map(str, HOLDS_PERSON))}
        ),
        Index("waiting_person", ("state.waiting_person_id",), where={"state.status": Status.IDENTITY_PENDING.value}),
        Index("person", ("state.person_id", "state.status")),
        Index("number", ("state.number",), unique=True),
        Index("office", ("state.office_id", "state.visit_at")),
        Index("file", ("state.file_ids",)),
        Index("closed", ("state.closed_at",), where={"state.status": tuple(map(str, FINAL))}),
    ),
    deadlines=deadlines,
    batched=True,
)
APPLICANT: Final[Kind[Applicant]] = Kind(
    "applicant",
    Applicant,
    indexes=(Index("account", ("state.account_id",)), Index("person", ("state.person_id",))),
)
KINDS: Final[tuple[Kind[Any], ...]] = (APPLICATION, APPLICANT)


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

    async def applications_of(self, *account_ids: str) -> list[Record[Application]]:
        """Those of one account or of several that were joined, the newest first."""

        async def find(account_id: str) -> list[Record[Application]]:
            wanted = {"state.account_id": account_id}
            return await self._store.find(APPLICATION, "account", wanted, limit=MOST_APPLICATIONS)

        return await newest_of(account_ids, find, lambda state: state.started_at, MOST_APPLICATIONS)

    async def live_application_of(self, applicant_id: str) -> Record[Application] | None:
        """Return the one application of an applicant that has not ended, or None."""
        found = await self._store.find(APPLICATION, "live_applicant", {"state.applicant_id": applicant_id}, limit=1)
        return found[0] if found else None

    async def live_applications_for(self, person_id: str) -> list[Record[Application]]:
        """Return the applications for a person that have not ended, in whichever account.

        Drafts of strangers are among them, and submissions that wait for the end of another one.
        """
        wanted = {"state.person_id": person_id, "state.status": tuple(map(str, LIVE))}
        found = await self._store.find(APPLICATION, "person", wanted, limit=MOST_APPLICATIONS)
        return found + await self._waiting_for(person_id)

    async def _waiting_for(self, person_id: str) -> list[Record[Application]]:
        wanted = {"state.waiting_person_id": person_id}
        return await self._store.find(APPLICATION, "waiting_person", wanted, limit=MOST_APPLICATIONS)

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

    async def applicants_of(self, account_ids: Sequence[str]) -> list[Record[Applicant]]:
        """Return the applicants of these accounts."""
        wanted = {"state.account_id": tuple(account_ids)}
        return await self._store.find(APPLICANT, "account", wanted, limit=MOST_APPLICATIONS)

    async def applicants_for(self, person_id: str) -> list[Record[Applicant]]:
        """Return the applicants who are this person, in whichever account."""
        wanted = {"state.person_id": person_id}
        return await self._store.find(APPLICANT, "person", wanted, limit=MOST_APPLICATIONS)

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
