"""Provable quota: the life of every seat on an append-only chain per office and day, read by anybody.

Facts are the events that scheduling has published (the relay archives each before it leaves its outbox), so nothing is
added to the path of a hold. A session's seats are told when the chain of its day is first touched, whenever they
change, and at the latest on the eve of the day, booked or not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from services.scheduling.booking.appointments.access import find_visible
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats.audit_log_facts import SeatFact, seat_facts_of, session_told
from services.scheduling.booking.seats.audit_log_queries import SeatChainFacts
from services.scheduling.context import Actor
from services.scheduling.offices.session import Session
from shared.chain import CAPITAL, ArchiveSource, ChainName, Chains, ChainStream, Fact, Salt, export_lines, roots_lines
from shared.events.envelope import Envelope
from shared.ids import new_event_id
from shared.service import Chore, Platform
from shared.store.kinds import Record

STREAM: Final = "seats"
SESSIONS_EVERY_SECONDS: Final = 3600.0
SESSIONS_AT_ONCE: Final = 200
MOST_REMEMBERED: Final = 20_000
"""Sessions whose office and day are kept in memory; these never change."""


@dataclass(frozen=True)
class PublicRecord:
    """Salts that lead from an appointment to its lines in the public chains: one for each day and office it had."""

    appointment_id: str
    salts: Sequence[Salt]
    linked_until: datetime
    """Every step before this is on its chain."""


class SeatChains:
    """Keeps the chains and reads them."""

    def __init__(self, platform: Platform, appointments: AppointmentRepository) -> None:
        self._clock = platform.clock
        self._appointments = appointments
        self._facts = SeatChainFacts(platform.store)
        self._chains = Chains(platform.store, platform.ids)
        self._places: dict[str, tuple[str, date]] = {}
        source = ArchiveSource(platform.store, self.facts_of)
        self.kept = ChainStream(STREAM, source, self._chains, platform.store, platform.clock, owner=new_event_id())

    def chores(self) -> list[Chore]:
        """Return the periodic chores."""
        return [*self.kept.chores(), Chore("chain_sessions", SESSIONS_EVERY_SECONDS, self.tell_sessions)]

    async def export(self, office_id: str, day: date) -> AsyncIterator[bytes]:
        """The chain of an office and day as it ends now, in lines that verify by themselves."""
        head = await self._chains.head(ChainName(STREAM, office_id, day))
        async for lines in export_lines(STREAM, self._chains, [head] if head else [], self._clock.now()):
            yield lines

    async def roots(self, day: date) -> AsyncIterator[bytes]:
        """Where every chain that had grown ended on that day, as it was published."""
        async for lines in roots_lines(day, await self._chains.roots(STREAM, day)):
            yield lines

    async def public_record(self, appointment_id: str, actor: Actor) -> PublicRecord:
        """Return what the owner of an appointment finds it with in the public chains.

        Raises:
            NotFound: there is none, or it is another applicant's.
        """
        record = await find_visible(self._appointments, appointment_id, actor)
        until = await self.kept.read_until()
        return PublicRecord(record.id, await self._chains.salts_of(record.id), until)

    async def tell_sessions(self) -> None:
        """Tell the seats of the sessions of today and tomorrow, so that a day begins with its quota on the chain."""
        today = self._clock.now().astimezone(CAPITAL).date()
        for day in (today, today + timedelta(days=1)):
            records = await self._facts.sessions_on(day)
            for start in range(0, len(records), SESSIONS_AT_ONCE):
                facts = [self._session_fact(record) for record in records[start : start + SESSIONS_AT_ONCE]]
                await self._chains.append(facts, self._clock.now())

    async def facts_of(self, events: Sequence[Envelope]) -> Sequence[Fact]:
        """The facts of some events, behind those of the sessions that they touch."""
        facts = [await self._fact(envelope, step) for envelope in events for step in seat_facts_of(envelope.data)]
        touched = dict.fromkeys((fact.chain.scope, fact.chain.day) for fact in facts)
        sessions = [record for place in touched for record in await self._facts.sessions_of(*place)]
        return [*map(self._session_fact, sessions), *facts]

    async def _fact(self, envelope: Envelope, step: SeatFact) -> Fact:
        session_id, pool = step.session_id, step.pool
        if session_id is None:
            slot = await self._facts.slot(step.holder)
            session_id, pool = (slot.session_id, slot.pool) if slot is not None else ("", None)
        office_id, day = await self._place(session_id) or (step.office_id, _day_of(envelope.time))
        public: dict[str, Any] = {"act": step.act, "session": session_id, "version": envelope.aggregate_version}
        public |= {name: value for name, value in (("pool", pool), ("why", step.why)) if value is not None}
        source = f"{envelope.id}.{step.act}" if step.act.startswith("moved") else envelope.id
        return Fact(ChainName(STREAM, office_id, day), source, envelope.time, public, subject=step.holder)

    async def _place(self, session_id: str) -> tuple[str, date] | None:
        known = self._places.get(session_id)
        if known is None:
            session = await self._facts.session(session_id)
            if session is None:
                return None
            if len(self._places) >= MOST_REMEMBERED:
                self._places.clear()
            known = self._places[session_id] = (session.office_id, session.date)
        return known

    def _session_fact(self, record: Record[Session]) -> Fact:
        session = record.state
        name = ChainName(STREAM, session.office_id, session.date)
        public = {"act": "session", "session": record.id, **session_told(session)}
        return Fact(name, f"session:{record.id}:{record.version}", self._clock.now(), public)


def _day_of(moment: datetime) -> date:
    return moment.astimezone(CAPITAL).date()
