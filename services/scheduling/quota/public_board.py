"""The public board of quota: an office's days, and the first free date across offices."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.context import UseCaseContext
from services.scheduling.office import Office, serves
from services.scheduling.offices.bookable_sessions import LONGEST_LISTING_DAYS, BookableSessions, refuse_wrong_span
from services.scheduling.offices.facts import GeoPoint, OfficeFacts, Product, distance_km, offers, place_of
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.release_rule import ReleaseInstant
from services.scheduling.offices.repository import SessionRepository
from services.scheduling.offices.session import Session, is_open
from services.scheduling.rules import bookable_from
from services.scheduling.terms import Pool, local_date
from shared.store.kinds import Record

USUAL_DAYS: Final = 14
FIRST_FREE_KEPT_SECONDS: Final = 5
"""How long the first free seats are kept: at an opening everyone asks for them at once."""

OFFICES_AT_ONCE: Final = 10
"""Offices counted with one query: their sessions of two months stay below the most of one answer."""


@dataclass(frozen=True)
class SessionQuota:
    """A session with what is free in it, by pool."""

    session_id: str
    session: Session
    free: Mapping[str, int]


@dataclass(frozen=True)
class FirstFree:
    """The first session of an office with a seat that can be held now."""

    session_id: str
    starts_at: datetime
    free: int


@dataclass(frozen=True)
class ListedOffice:
    """An office in the result of a search."""

    office: Office
    facts: OfficeFacts
    distance_km: float | None = None
    offers_product: bool | None = None
    """Whether it issues the product that was asked for; None if none was."""
    serves: bool | None = None
    """Whether it serves the town or regency that was asked for; None if none was."""


class QuotaBoard:
    """The public board of quota: numbers, never names."""

    def __init__(
        self,
        context: UseCaseContext,
        sessions: SessionRepository,
        seats: SeatRepository,
        facts_cache: OfficeFactsCache,
        bookable_sessions: BookableSessions,
        horizon_days: int,
    ) -> None:
        self._context = context
        self._sessions = sessions
        self._seats = seats
        self._facts_cache = facts_cache
        self._bookable_sessions = bookable_sessions
        self._horizon_days = horizon_days
        self._kept: dict[Pool, tuple[datetime, dict[str, FirstFree | None]]] = {}
        self._counting = asyncio.Lock()
        """One caller counts, the others wait for its result."""

    def list_offices(
        self,
        offices: Sequence[Office],
        *,
        near: GeoPoint | None,
        product: Product | None,
        on: date | None,
        around: str | None = None,
    ) -> list[ListedOffice]:
        """Return the offices, the nearest first if a place is named, with whether they issue the product on that day.

        Offices that do not are listed too. The day is by default today on each office's clock. `around` is a town or
        regency: those that serve it come first, their neighbours follow; none at all where no office serves it.
        """
        now, found = self._context.now(), []
        serving = [office for office in offices if around is not None and serves(office, around)]
        if around is not None:
            if not serving:
                return []
            near = near or place_of(self._facts_cache.facts(serving[0].office_id).state)
        for office in offices:
            facts = self._facts_cache.facts(office.office_id).state
            place = place_of(facts)
            day = on or local_date(now, office.timezone)
            found.append(
                ListedOffice(
                    office,
                    facts,
                    distance_km(near, place) if near is not None and place is not None else None,
                    offers(facts, product, day) if product is not None else None,
                    office in serving if around is not None else None,
                )
            )
        if near is not None or around is not None:
            found.sort(
                key=lambda listing: (
                    listing.serves is False,
                    listing.distance_km is None,
                    listing.distance_km or 0.0,
                    listing.office.name,
                )
            )
        return found

    def next_opening(self, office: Office) -> ReleaseInstant | None:
        """Return the next instant at which days of the office open."""
        return self._facts_cache.next_opening(office, self._context.now())

    async def find_by_office(self, office_id: str, since: date | None, until: date | None) -> list[SessionQuota]:
        """Return every session of an office in these days (default: today and two weeks), open or yet to open.

        Refuses like a listing of sessions, with ``OfficeNotFound`` and ``Malformed``.
        """
        office, now = self._context.offices[office_id], self._context.now()
        first = since or local_date(now, office.timezone)
        last = until or first + timedelta(days=min(USUAL_DAYS, LONGEST_LISTING_DAYS))
        refuse_wrong_span(first, last)
        zone = ZoneInfo(office.timezone)
        begins = datetime(first.year, first.month, first.day, tzinfo=zone)
        ends = datetime(last.year, last.month, last.day, tzinfo=zone) + timedelta(days=1)
        return await self._counted(await self._sessions.every_session_of(office_id, begins, ends))

    async def find_first_free(self, office_ids: Sequence[str], pool: Pool) -> dict[str, FirstFree | None]:
        """Return for each office its first session with a free seat of the pool that can be held now, or None."""
        async with self._counting:
            known = self._known(pool)
            missing = [office_id for office_id in office_ids if office_id not in known]
            chunks = [missing[start : start + OFFICES_AT_ONCE] for start in range(0, len(missing), OFFICES_AT_ONCE)]
            for found in await asyncio.gather(*(self._first_free_of(chunk, pool) for chunk in chunks)):
                known |= found
        return {office_id: known[office_id] for office_id in office_ids}

    def _known(self, pool: Pool) -> dict[str, FirstFree | None]:
        now = self._context.now()
        kept_until, known = self._kept.get(pool, (now, {}))
        if kept_until <= now:
            known = {}
            self._kept[pool] = (now + timedelta(seconds=FIRST_FREE_KEPT_SECONDS), known)
        return known

    async def _first_free_of(self, office_ids: Sequence[str], pool: Pool) -> dict[str, FirstFree | None]:
        now = self._context.now()
        begins = bookable_from(now, self._context.rules)
        found = await self._sessions.sessions(office_ids, begins, begins + timedelta(days=self._horizon_days))
        open_now = [record for record in found if record.state.opening_until is None and is_open(record.state, now)]
        first: dict[str, FirstFree | None] = dict.fromkeys(office_ids)
        for quota in await self._counted(open_now):
            free, session = quota.free.get(pool, 0), quota.session
            if free and first[session.office_id] is None:
                first[session.office_id] = FirstFree(quota.session_id, session.starts_at, free)
        return first

    async def _counted(self, sessions: Sequence[Record[Session]]) -> list[SessionQuota]:
        free = await self._seats.free_seats([record.id for record in sessions]) if sessions else {}
        return [
            SessionQuota(record.id, record.state, {pool: free.get((record.id, pool), 0) for pool in record.state.pools})
            for record in sessions
        ]
