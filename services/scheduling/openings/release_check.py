"""Release check: no seat of a session can be claimed before the session's opening instant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.scheduling.offices.repository import SessionRepository
from services.scheduling.offices.session import Session, is_open
from services.scheduling.openings.errors import NotOpenYet
from shared.clock import Clock

CLOSED_KEPT_SECONDS: Final = 2
"""How long an unreleased session is remembered: thousands ask for it at once, and a changed instant counts after this
time. A released session stays released."""

MOST_KEPT: Final = 50_000
"""Sessions that are remembered; far above those of all offices within the horizon."""

LONGEST_RETRY_SECONDS: Final = 86_400


@dataclass(frozen=True)
class SessionDay:
    """Office and date of a session; they never change."""

    office_id: str
    date: date


class ReleaseCheck:
    """Remembers which sessions are released, so that a hold need not read the session."""

    def __init__(self, sessions: SessionRepository, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._open: set[str] = set()
        self._closed: dict[str, tuple[datetime, datetime]] = {}
        self._places: dict[str, SessionDay] = {}

    async def refuse_unopened(self, session_id: str) -> None:
        """Refuse with ``NotOpenYet`` where the session opens later; a session that does not exist passes."""
        now = self._clock.now()
        if session_id in self._open:
            return
        opens_at, kept_until = self._closed.get(session_id, (now, now))
        if kept_until <= now or opens_at <= now:
            record = await self._sessions.session(session_id)
            if record is None:
                return
            self._keep(session_id, record.state, now)
            opens_at = record.state.opens_at or now
        if opens_at > now:
            raise not_open_yet(opens_at, now)

    async def place(self, session_id: str) -> SessionDay | None:
        """Return office and date of a session, from memory once it was read; None if there is no such session."""
        if session_id not in self._places:
            record = await self._sessions.session(session_id)
            if record is None:
                return None
            self._keep(session_id, record.state, self._clock.now())
        return self._places[session_id]

    def _keep(self, session_id: str, session: Session, now: datetime) -> None:
        if len(self._places) >= MOST_KEPT:
            self._open.clear()
            self._closed.clear()
            self._places.clear()
        self._places[session_id] = SessionDay(session.office_id, session.date)
        if is_open(session, now):
            self._closed.pop(session_id, None)
            self._open.add(session_id)
        elif session.opens_at is not None:
            self._closed[session_id] = (session.opens_at, now + timedelta(seconds=CLOSED_KEPT_SECONDS))


def not_open_yet(opens_at: datetime, now: datetime) -> NotOpenYet:
    """Return the refusal, with the opening and the seconds until then."""
    wait_seconds = math.ceil((opens_at - now).total_seconds())
    return NotOpenYet(
        opens_at=opens_at.isoformat(), retry_after_seconds=min(max(1, wait_seconds), LONGEST_RETRY_SECONDS)
    )
