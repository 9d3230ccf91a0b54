"""Deadlines and chores of offices: finish the opening of sessions, roll the horizon, refresh the facts."""

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
    """Return the deadline of a session that is being opened."""

    async def opening_overdue(record: Record[Session], _name: str) -> None:
        """Write the seats of a session that are missing."""
        await bookable_sessions.finish_opening(record)

    return {(SESSION.name, "open"): opening_overdue}


def office_chores(
    bookable_sessions: BookableSessions, facts_cache: OfficeFactsCache, after_roll: Callable[[], Awaitable[None]]
) -> list[Chore]:
    """Return the chores that open sessions of new days, then call ``after_roll``, and that refresh the facts."""

    async def roll_horizon() -> None:
        opened = await bookable_sessions.roll_horizon()
        if opened:
            log.info("sessions_opened", count=opened)
        await after_roll()

    return [
        Chore("roll_horizon", HORIZON_EVERY_SECONDS, roll_horizon),
        Chore("refresh_offices", REFRESH_SECONDS, facts_cache.refresh),
    ]
