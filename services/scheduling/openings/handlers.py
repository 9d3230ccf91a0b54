"""Openings: due deadlines, each to its use case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from services.scheduling.openings.opening import Opening
from services.scheduling.openings.repository import OPENING
from services.scheduling.use_cases import Scheduling
from shared.service import Chore, DeadlineHandler
from shared.store.kinds import Record

BY_RULE_EVERY_SECONDS: Final = 60.0

Step = Callable[[Record[Opening]], Awaitable[None]]


def opening_deadlines(service: Scheduling) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Every deadline that an opening can have, in the order in which they come."""
    openings = service.openings
    steps: dict[str, Step] = {
        "doors": openings.open_doors,
        "close": openings.close,
        "draw": openings.draw,
        "begin": openings.begin,
        "admit": openings.admit,
        "forget": openings.forget,
    }
    return {(OPENING.name, name): _handler(step) for name, step in steps.items()}


def opening_chores(service: Scheduling) -> list[Chore]:
    """Openings that come from the offices' rules are announced in time."""

    async def announce_by_rule() -> None:
        await service.openings.announce_by_rule(service.book)

    return [Chore("announce_openings", BY_RULE_EVERY_SECONDS, announce_by_rule)]


def _handler(step: Step) -> DeadlineHandler:
    async def handle(record: Record[Opening], _name: str) -> None:
        await step(record)

    return handle
