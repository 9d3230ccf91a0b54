"""How sessions are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Final

from services.scheduling.offices.office_repository import MOST_OFFICES
from services.scheduling.offices.session import Session, session_deadlines
from services.scheduling.store_part import OnStore
from shared.ids import derived_id
from shared.store.kinds import Index, Kind, Range, Record

MOST_SESSIONS: Final = 2000
"""Of one answer; an office opens two sessions a day and no question spans more than a month or two."""

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
    """The one id of the session that begins then and there."""
    return derived_id("session", office_id, day.isoformat(), start)


class Sessions(OnStore):
    """Sessions; their seats are a part of their own."""

    async def session(self, session_id: str) -> Record[Session] | None:
        """The session, or none."""
        return await self._store.get(SESSION, session_id)

    async def sessions_on(self, day: date) -> list[Record[Session]]:
        """The sessions of all offices on a day, also those that are being opened."""
        return await self._store.find(SESSION, "day", {"state.date": day}, limit=MOST_OFFICES * 10)

    async def sessions(self, office_ids: Sequence[str], since: datetime, until: datetime) -> list[Record[Session]]:
        """Sessions of these offices that start in that time, by office, then by time."""
        offices = {"state.office_id": tuple(office_ids)}
        within = {"state.starts_at": Range(since, until)}
        return await self._store.find(SESSION, "office_time", offices, within=within, limit=MOST_SESSIONS)

    async def begin_sessions(self, sessions: Sequence[tuple[str, Session]], now: datetime) -> int:
        """Write those sessions that are not there yet; tells how many. They are not seen before their seats are."""
        return await self._store.insert_missing(SESSION, sessions, now=now)

    async def save_session(self, record: Record[Session], session: Session, now: datetime) -> Record[Session]:
        """Replace a session if nobody else did."""
        return await self._store.save(SESSION, record, session, now=now)

    def every_session(self) -> AsyncIterator[Record[Session]]:
        """All sessions, for checks."""
        return self._store.scan(SESSION)
