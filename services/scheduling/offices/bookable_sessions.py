"""Offices and their sessions: the horizon that rolls on, what is free, and what to offer where nothing is."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.office import Office, fits_search
from services.scheduling.offices.errors import (
    QuotaAboveCapacity,
    SessionExists,
    SessionNotFound,
    SessionPlanWrong,
    SessionSoldOut,
)
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.repository import OfficeRepository, SessionRepository, session_id_of
from services.scheduling.offices.session import (
    PlanProblem,
    Session,
    SessionPlan,
    day_problem,
    is_open,
    opened,
    plan_problem,
    session_from,
)
from services.scheduling.offices.session import capacity as possible_seats
from services.scheduling.rules import bookable_from
from services.scheduling.terms import Pool, local_date
from shared.errors import FieldError, Malformed
from shared.store.decision import Decision
from shared.store.kinds import Record

LONGEST_LISTING_DAYS: Final = 62
ALTERNATIVES: Final = 3
ALTERNATIVE_DAYS: Final = 14
ALTERNATIVES_KEPT_SECONDS: Final = 2
"""How long the alternatives to a sold-out session are kept: thousands ask for it at once."""
MOST_ALTERNATIVES_KEPT: Final = 1000
BY_TEMPLATE: Final = "template"
OPENING_SECONDS: Final = 60
"""How long writing the seats of a session may take before a deadline writes what is missing."""
OPENED_AT_ONCE: Final = 32


@dataclass(frozen=True)
class BookableSession:
    """A session with what is free in it."""

    session_id: str
    session: Session
    office: Office
    free: Mapping[str, int]


@dataclass(frozen=True)
class SoldOutSearch:
    """The request that met a sold-out session."""

    session_id: str
    pool: Pool
    products: frozenset[str | None]
    """Of the applications for which it was."""
    seats: int


@dataclass(frozen=True)
class OpenWish:
    """A session that an office administrator wants to open."""

    office_id: str
    day: date
    plan: SessionPlan
    actor: Actor
    command_id: str
    opens_at: datetime | None = None
    """No seat can be had before; none: at once."""
    above_capacity: bool = False
    """The head signed for more seats than can be served."""


class SeatStore(Protocol):
    """Where the seats of sessions are kept."""

    async def write_seats(self, sessions: Sequence[Record[Session]], now: datetime) -> None:
        """Write those seats of these sessions that are not there yet."""

    async def free_seats(self, session_ids: Sequence[str]) -> dict[tuple[str, str], int]:
        """Return free seats by session and pool; what has none is absent."""
        ...


class BookableSessions:
    """Opens the sessions of offices, and finds those that can be booked."""

    def __init__(
        self,
        context: UseCaseContext,
        offices: OfficeRepository,
        sessions: SessionRepository,
        seats: SeatStore,
        facts_cache: OfficeFactsCache,
        horizon_days: int,
    ) -> None:
        self._context = context
        self._offices = offices
        self._sessions = sessions
        self._seats = seats
        self._facts_cache = facts_cache
        self._horizon_days = horizon_days
        self._alternatives: dict[SoldOutSearch, tuple[datetime, dict[str, Any]]] = {}

    async def load_offices(self, offices: Sequence[Office]) -> None:
        """Write the offices that are new or changed, and load all into memory."""
        await self._offices.keep_offices(offices, self._context.clock)
        self._context.offices.fill([record.state for record in await self._offices.offices()])
        await self._facts_cache.load()

    def search(self, *, province: str | None, timezone: str | None, text: str | None) -> list[Office]:
        """Return offices that fit, by name."""
        return [
            office
            for office in self._context.offices.all()
            if fits_search(office, province=province, timezone=timezone, text=text)
        ]

    async def roll_horizon(self) -> int:
        """Open the sessions of the templates for days that have entered the booking horizon; return how many."""
        now, begun = self._context.now(), 0
        await self._facts_cache.refresh()
        days: dict[date, list[Office]] = {}
        for office in self._context.offices.all():
            for day in self._facts_cache.days_in_sight(office, now):
                days.setdefault(day, []).append(office)
        for day, offices in sorted(days.items()):
            known = {record.id for record in await self._sessions.sessions_on(day)}
            wanted = [planned for office in offices for planned in self._by_template(office, day, now)]
            missing = [(session_id, session) for session_id, session in wanted if session_id not in known]
            if missing:
                begun += await self._sessions.begin_sessions(missing, now)
                await self._finish_opening(
                    [record for record in await self._sessions.sessions_on(day) if _opening(record)]
                )
        return begun

    def _by_template(self, office: Office, day: date, now: datetime) -> list[tuple[str, Session]]:
        opens_at = self._facts_cache.opens_at(office, day, now)
        sessions = [
            session_from(
                plan,
                office_id=office.office_id,
                timezone=office.timezone,
                day=day,
                opened_by=BY_TEMPLATE,
                opening_until=now + timedelta(seconds=OPENING_SECONDS),
                opens_at=opens_at,
            )
            for plan in self._facts_cache.plans_for(office.office_id, day)
        ]
        return [
            (session_id_of(office.office_id, day, session.start), session)
            for session in sessions
            if day_problem(session, now) is None
        ]

    async def _finish_opening(self, sessions: Sequence[Record[Session]]) -> None:
        """Write the seats of the sessions, then make the sessions visible."""
        await self._seats.write_seats(sessions, self._context.now())
        for start in range(0, len(sessions), OPENED_AT_ONCE):
            await asyncio.gather(*(self._show(record) for record in sessions[start : start + OPENED_AT_ONCE]))

    async def _show(self, record: Record[Session]) -> None:
        await self._sessions.change_session(record, lambda session: Decision(opened(session)), self._context.clock)

    async def finish_opening(self, record: Record[Session]) -> None:
        """Finish the opening of a session that a crash left unfinished."""
        await self._finish_opening([record])

    async def open(self, wish: OpenWish) -> BookableSession:
        """Open one session beside the template's.

        Refuses with ``OfficeNotFound``, ``NotYourOffice``, ``QuotaAboveCapacity``, ``SessionPlanWrong`` or
        ``SessionExists``. A repeat of the command meets the session of the first time.
        """
        session = self.plan_session(wish)
        session_id = session_id_of(wish.office_id, wish.day, session.start)
        await self._sessions.begin_sessions([(session_id, session)], self._context.now())
        stored = await self._sessions.session(session_id)
        if stored is None or stored.state.opened_by_command != wish.command_id:
            raise SessionExists(session_id=session_id)
        if _opening(stored):
            await self._finish_opening([stored])
        return (await self._with_free([await self.session(session_id)]))[0]

    def plan_session(self, wish: OpenWish) -> Session:
        """Return the session as it would be opened; refuses like :meth:`open`, but for ``SessionExists``."""
        office = self._context.offices[wish.office_id]
        self._facts_cache.refuse_other_office(office.office_id, wish.actor)
        now = self._context.now()
        session = session_from(
            wish.plan,
            office_id=office.office_id,
            timezone=office.timezone,
            day=wish.day,
            opened_by=wish.actor.account_id,
            command_id=wish.command_id,
            opening_until=now + timedelta(seconds=OPENING_SECONDS),
            opens_at=wish.opens_at,
        )
        _refuse_wrong_plan(wish, day_problem(session, now))
        return session

    async def session(self, session_id: str) -> Record[Session]:
        """Return the session; refuses with ``SessionNotFound``."""
        record = await self._sessions.session(session_id)
        if record is None or _opening(record):
            raise SessionNotFound
        return record

    async def find_with_free_seats(self, session_id: str) -> tuple[Record[Session], BookableSession]:
        """Return the session, also with what is free in it; refuses with ``SessionNotFound``."""
        record = await self.session(session_id)
        return record, (await self._with_free([record]))[0]

    async def list_bookable(self, office_id: str, since: date | None, until: date | None) -> list[BookableSession]:
        """Return sessions of an office that can still be booked, in order, with free seats by pool.

        ``since`` (default today) and ``until`` (default the horizon) are days of the office, both inclusive. Refuses
        with ``OfficeNotFound`` and, for more than :data:`LONGEST_LISTING_DAYS` days, with ``Malformed``.
        """
        office, now = self._context.offices[office_id], self._context.now()
        first = since or local_date(now, office.timezone)
        last = until or first + timedelta(days=min(self._horizon_days, LONGEST_LISTING_DAYS))
        refuse_wrong_span(first, last)
        zone = ZoneInfo(office.timezone)
        begins = datetime(first.year, first.month, first.day, tzinfo=zone)
        ends = datetime(last.year, last.month, last.day, tzinfo=zone) + timedelta(days=1)
        earliest = max(begins, bookable_from(now, self._context.rules))
        found = await self._sessions.sessions([office_id], earliest, ends)
        return await self._with_free([record for record in found if not _opening(record)])

    async def _with_free(self, sessions: Sequence[Record[Session]]) -> list[BookableSession]:
        free = await self._seats.free_seats([record.id for record in sessions]) if sessions else {}
        return [
            BookableSession(
                record.id,
                record.state,
                self._context.offices[record.state.office_id],
                {pool: free.get((record.id, pool), 0) for pool in record.state.pools},
            )
            for record in sessions
        ]

    async def soonest(
        self,
        office_ids: Sequence[str],
        pool: Pool,
        days: int,
        most: int,
        *,
        products: Collection[str | None] = (),
        seats: int = 1,
    ) -> list[BookableSession]:
        """Return the first sessions of these offices with at least ``seats`` free seats of the pool, by time.

        Only those whose office issues all of these products on their day; ``most`` at most.
        """
        begins = bookable_from(self._context.now(), self._context.rules)
        now = self._context.now()
        found = await self._sessions.sessions(office_ids, begins, begins + timedelta(days=days))
        open_now = [record for record in found if not _opening(record) and is_open(record.state, now)]
        fitting = [
            bookable
            for bookable in await self._with_free(open_now)
            if bookable.free.get(pool, 0) >= seats and self._makes(bookable, products)
        ]
        return sorted(fitting, key=lambda bookable: (bookable.session.starts_at, bookable.office.name))[:most]

    def _makes(self, bookable: BookableSession, products: Collection[str | None]) -> bool:
        day = bookable.session.date
        return not any(self._facts_cache.lacks(bookable.office.office_id, product, day) for product in products)

    async def sold_out(
        self, session_id: str, session: Session, pool: Pool, products: Collection[str | None], seats: int = 1
    ) -> SessionSoldOut:
        """Return the refusal that names the earliest sessions here and nearby (in the same province) with free seats.

        Only those that have as many free seats, at offices that issue the products of the applications on their day.
        """
        now, asked = self._context.now(), SoldOutSearch(session_id, pool, frozenset(products), seats)
        kept_until, facts = self._alternatives.get(asked, (now, {}))
        if kept_until <= now:
            facts = await self._find_alternatives(session, asked)
            if len(self._alternatives) >= MOST_ALTERNATIVES_KEPT:
                self._alternatives.clear()
            self._alternatives[asked] = (now + timedelta(seconds=ALTERNATIVES_KEPT_SECONDS), facts)
        return SessionSoldOut(**facts)

    async def _find_alternatives(self, session: Session, asked: SoldOutSearch) -> dict[str, Any]:
        here = self._context.offices[session.office_id]
        province = self.search(province=here.province, timezone=None, text=None)
        nearby = [office.office_id for office in province if office.office_id != here.office_id]
        found = {"earliest": [here.office_id], "nearest": nearby}
        return {name: await self._alternatives_at(offices, asked) for name, offices in found.items()}

    async def _alternatives_at(self, office_ids: Sequence[str], asked: SoldOutSearch) -> list[dict[str, Any]]:
        if not office_ids:
            return []
        wanted: dict[str, Any] = {"products": asked.products, "seats": asked.seats}
        free = await self.soonest(office_ids, asked.pool, ALTERNATIVE_DAYS, ALTERNATIVES, **wanted)
        return [_alternative(bookable, asked.pool) for bookable in free]


def _opening(record: Record[Session]) -> bool:
    return record.state.opening_until is not None


def _alternative(bookable: BookableSession, pool: Pool) -> dict[str, Any]:
    return {
        "session_id": bookable.session_id,
        "office_id": bookable.office.office_id,
        "office_name": bookable.office.name,
        "starts_at": bookable.session.starts_at.isoformat(),
        "free": bookable.free.get(pool, 0),
    }


def _refuse_wrong_plan(wish: OpenWish, of_the_day: PlanProblem | None) -> None:
    plan = wish.plan
    problem = plan_problem(plan)
    if problem is None or (wish.above_capacity and problem is PlanProblem.QUOTA_ABOVE_CAPACITY):
        problem = of_the_day
    if problem is PlanProblem.QUOTA_ABOVE_CAPACITY:
        possible = possible_seats(
            booths=plan.booths, staff=plan.staff, minutes=plan.minutes, service_minutes=plan.service_minutes
        )
        raise QuotaAboveCapacity(field="/pools", capacity=possible, asked=plan.seats)
    if problem is not None:
        raise SessionPlanWrong(problem=problem.value)


def refuse_wrong_span(first: date, last: date) -> None:
    """Refuse with ``Malformed`` days that end before they begin, or that are too many for one answer."""
    if first <= last <= first + timedelta(days=LONGEST_LISTING_DAYS):
        return
    wrong = FieldError(
        "/to",
        "range",
        f"The last day lies from the first one to {LONGEST_LISTING_DAYS} days after it.",
        f"Hari terakhir berada antara hari pertama dan {LONGEST_LISTING_DAYS} hari sesudahnya.",
        source="query",
    )
    raise Malformed(errors=(wrong,))
