"""Deadlines and chores of openings and of their notices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.openings.announcing import Openings
from services.scheduling.openings.notice import Announcement
from services.scheduling.openings.notices import OpeningNotices
from services.scheduling.openings.opening import Opening
from services.scheduling.openings.repository import OPENING, OPENING_ANNOUNCEMENT
from shared.service import Chore, DeadlineHandler
from shared.store.kinds import Record

BY_RULE_EVERY_SECONDS: Final = 60.0

Step = Callable[[Record[Opening]], Awaitable[None]]


def opening_deadlines(openings: Openings, notices: OpeningNotices) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Return the handlers of an opening's deadlines, in the order in which they come, and of its announcement."""
    steps: dict[str, Step] = {
        "doors": openings.open_doors,
        "close": openings.close,
        "draw": openings.draw,
        "begin": openings.begin,
        "admit": openings.admit,
        "forget": openings.forget,
    }

    async def opening_to_tell(record: Record[Announcement], _name: str) -> None:
        await notices.tell(record)

    handlers = {(OPENING.name, name): _handler(step) for name, step in steps.items()}
    return {**handlers, (OPENING_ANNOUNCEMENT.name, "tell"): opening_to_tell}


def opening_chores(openings: Openings, facts_cache: OfficeFactsCache) -> list[Chore]:
    """Return the chore that announces openings by the offices' rules."""

    async def announce_by_rule() -> None:
        await openings.announce_by_rule(facts_cache)

    return [Chore("announce_openings", BY_RULE_EVERY_SECONDS, announce_by_rule)]


def _handler(step: Step) -> DeadlineHandler:
    async def handle(record: Record[Opening], _name: str) -> None:
        await step(record)

    return handle
