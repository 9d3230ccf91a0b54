"""Stores offices, their facts and templates, their sessions and their offline quota."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Final

from services.scheduling.office import Office
from services.scheduling.offices.facts import OfficeFacts
from services.scheduling.offices.offline_quota import OfflineQuota
from services.scheduling.offices.session import Session, session_deadlines
from services.scheduling.offices.weekly_template import OfficeTemplate
from services.scheduling.store_part import Decide, OnStore, replacing
from shared.clock import Clock
from shared.ids import derived_id
from shared.store.change import change, change_record
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Range, Record

MOST_SESSIONS: Final = 2000
"""Sessions of one query; an office opens two sessions a day and no query spans more than a month or two."""

SESSION: Final = Kind(
    name="session",
    state=Session,
    bare=True,
    deadlines=session_deadlines,
    indexes=(
        Index("office_time", ("state.office_id", "state.starts_at")),
        Index("day", ("state.date", "state.office_id")),
    ),
)


def session_id_of(office_id: str, day: date, start: str) -> str:
    """Return the id of the office's session that starts then."""
    return derived_id("session", office_id, day.isoformat(), start)


class SessionRepository(OnStore):
    """Sessions without their seats (`booking/seats`)."""

    async def session(self, session_id: str) -> Record[Session] | None:
        """Return the session, or None."""
        return await self._store.get(SESSION, session_id)

    async def sessions_on(self, day: date) -> list[Record[Session]]:
        """Return the sessions of all offices on a day, also those that are being opened."""
        return await self._store.find(SESSION, "day", {"state.date": day}, limit=MOST_OFFICES * 10)

    async def sessions(self, office_ids: Sequence[str], since: datetime, until: datetime) -> list[Record[Session]]:
        """Return sessions of these offices that start in that time, by office, then by time."""
        offices = {"state.office_id": tuple(office_ids)}
        within = {"state.starts_at": Range(since, until)}
        return await self._store.find(SESSION, "office_time", offices, within=within, limit=MOST_SESSIONS)

    async def begin_sessions(self, sessions: Sequence[tuple[str, Session]], now: datetime) -> int:
        """Write the sessions that are missing; return how many. They are not shown before their seats are written."""
        return await self._store.insert_missing(SESSION, sessions, now=now)

    async def change_session(self, record: Record[Session], decide: Decide[Session], clock: Clock) -> Record[Session]:
        """Decide about a session that was read and save it, as `shared.store.change` does."""
        return await change(self._store, clock, SESSION, record.id, decide, first=record)

    def every_session(self) -> AsyncIterator[Record[Session]]:
        """Return all sessions, for checks."""
        return self._store.scan(SESSION)

    async def every_session_of(self, office_id: str, since: datetime, until: datetime) -> list[Record[Session]]:
        """Return the sessions of one office that start in that time and are not being opened any more."""
        within = {"state.starts_at": Range(since, until)}
        found = await self._store.find(
            SESSION, "office_time", {"state.office_id": office_id}, within=within, limit=MOST_SESSIONS
        )
        return [record for record in found if record.state.opening_until is None]


MOST_OFFICES: Final = 1000


OFFICE: Final = Kind(name="office", state=Office, bare=True, indexes=(Index("name", ("state.name",)),))


class OfficeRepository(OnStore):
    """Offices."""

    async def offices(self) -> list[Record[Office]]:
        """Return all offices, ordered by name."""
        return await self._store.find(OFFICE, "name", limit=MOST_OFFICES)

    async def keep_offices(self, offices: Iterable[Office], clock: Clock) -> None:
        """Write the offices that are missing or differ."""
        wanted = {office.office_id: office for office in offices}
        await self._store.insert_missing(OFFICE, list(wanted.items()), now=clock.now())
        for record in await self.offices():
            decide = replacing(record.state, Decision(wanted.get(record.id, record.state)))
            await change(self._store, clock, OFFICE, record.id, decide, first=record)


OFFICE_FACTS: Final = Kind(
    name="office_facts", state=OfficeFacts, bare=True, indexes=(Index("office", ("state.office_id",)),)
)

OFFICE_TEMPLATE: Final = Kind(
    name="office_template", state=OfficeTemplate, bare=True, indexes=(Index("office", ("state.office_id",)),)
)


class OfficeFactsRepository(OnStore):
    """Facts and weekly templates of offices."""

    async def seed_facts(self, facts: Iterable[OfficeFacts], now: datetime) -> None:
        """Write the facts of offices that have none yet."""
        await self._store.insert_missing(OFFICE_FACTS, [(fact.office_id, fact) for fact in facts], now=now)

    async def every_facts(self) -> list[Record[OfficeFacts]]:
        """Return the facts of every office."""
        return await self._store.find(OFFICE_FACTS, "office", limit=MOST_OFFICES)

    async def facts(self, office_id: str) -> Record[OfficeFacts] | None:
        """Return the facts of an office, or None."""
        return await self._store.get(OFFICE_FACTS, office_id)

    async def change_facts(
        self, office_id: str, decide: Callable[[Record[OfficeFacts]], Decision[OfficeFacts] | None], clock: Clock
    ) -> Record[OfficeFacts]:
        """Load, decide and save the facts of an office, as `shared.store.change` does."""
        return await change_record(self._store, clock, OFFICE_FACTS, office_id, decide)

    async def begin_office(self, office: Office, facts: OfficeFacts, now: datetime) -> None:
        """Write an office that comes with facts of its own; a repeat changes nothing."""
        await self._store.insert_missing(OFFICE_FACTS, [(office.office_id, facts)], now=now)
        await self._store.insert_missing(OFFICE, [(office.office_id, office)], now=now)

    async def every_template(self) -> list[Record[OfficeTemplate]]:
        """Return the templates that offices keep themselves."""
        return await self._store.find(OFFICE_TEMPLATE, "office", limit=MOST_OFFICES)

    async def template(self, office_id: str) -> Record[OfficeTemplate] | None:
        """Return the template that an office keeps itself, or None."""
        return await self._store.get(OFFICE_TEMPLATE, office_id)

    async def change_template(
        self, office_id: str, decide: Callable[[Record[OfficeTemplate]], Decision[OfficeTemplate] | None], clock: Clock
    ) -> Record[OfficeTemplate]:
        """Load, decide and save the template that an office keeps itself; before the first its version is 0."""
        fresh = OfficeTemplate(office_id, ())
        return await change_record(self._store, clock, OFFICE_TEMPLATE, office_id, decide, fresh=fresh)


OFFLINE_QUOTA: Final = Kind(
    name="offline_quota",
    state=OfflineQuota,
    bare=True,
    indexes=(Index("office_day", ("state.office_id", "state.date")),),
)


def offline_quota_id(office_id: str, day: date) -> str:
    """Return the id of the offline quota of an office and a day."""
    return derived_id("offline_quota", office_id, day.isoformat())


class OfflineQuotaRepository(OnStore):
    """Offline quotas, one for each office and day."""

    async def offline_quota(self, office_id: str, day: date) -> Record[OfflineQuota] | None:
        """Return the offline quota of an office and a day, or None."""
        return await self._store.get(OFFLINE_QUOTA, offline_quota_id(office_id, day))

    async def change_offline_quota(
        self, office_id: str, day: date, decide: Decide[OfflineQuota], clock: Clock
    ) -> Record[OfflineQuota]:
        """Load, decide and save the offline quota of an office and a day; before the first grant it has no seats."""
        quota_id, fresh = offline_quota_id(office_id, day), OfflineQuota(office_id, day)
        return await change(self._store, clock, OFFLINE_QUOTA, quota_id, decide, fresh=fresh)

    async def offline_quotas(self, office_id: str, since: date, until: date) -> list[Record[OfflineQuota]]:
        """Return the offline quotas of an office for these days, both inclusive."""
        after = date.fromordinal(until.toordinal() + 1)
        within = {"state.date": Range(since, after)}
        return await self._store.find(OFFLINE_QUOTA, "office_day", {"state.office_id": office_id}, within=within)
