"""Deadlines and chores of offices: sessions whose seats are not all written, the horizon, and facts to read again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.facts_cache import REFRESH_SECONDS, OfficeFactsCache
from services.scheduling.offices.repository import SESSION
from services.scheduling.offices.session import Session
from shared.service import Chore, DeadlineHandler
from shared.store.kinds import Record

log = structlog.get_logger()

HORIZON_EVERY_SECONDS: Final = 3600.0


def office_deadlines(bookable_sessions: BookableSessions) -> Mapping[tuple[str, str], DeadlineHandler]:
    """The deadline of a session that is being opened."""

    async def opening_overdue(record: Record[Session], _name: str) -> None:
        """A session's seats were not all written."""
        await bookable_sessions.finish_opening(record)

    return {(SESSION.name, "open"): opening_overdue}


def office_chores(
    bookable_sessions: BookableSessions, facts_cache: OfficeFactsCache, after_roll: Callable[[], Awaitable[None]]
) -> list[Chore]:
    """Sessions are opened for days that entered the horizon, then ``after_roll`` is called; facts are read again."""

    async def roll_horizon() -> None:
        opened = await bookable_sessions.roll_horizon()
        if opened:
            log.info("sessions_opened", count=opened)
        await after_roll()

    return [
        Chore("roll_horizon", HORIZON_EVERY_SECONDS, roll_horizon),
        Chore("refresh_offices", REFRESH_SECONDS, facts_cache.refresh),
    ]
