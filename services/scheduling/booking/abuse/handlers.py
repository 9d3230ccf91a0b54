"""Deadlines and chores of the counts against hoarding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.scheduling.booking.abuse.activity_counters import ConductBook
from services.scheduling.booking.abuse.limits import Conduct
from services.scheduling.booking.abuse.repository import CONDUCT
from shared.service import Chore, DeadlineHandler
from shared.store.kinds import Record

CONDUCT_EVERY_SECONDS: Final = 1.0
"""How long a count may stay in one process only; also what a crash forgets."""


def abuse_deadlines(activity: ConductBook) -> Mapping[tuple[str, str], DeadlineHandler]:
    """When counts are forgotten."""

    async def counts_are_old(record: Record[Conduct], _name: str) -> None:
        await activity.forget(record)

    return {(CONDUCT.name, "forget"): counts_are_old}


def abuse_chores(activity: ConductBook) -> list[Chore]:
    """Counts of this process are written, and those of others read."""
    return [Chore("conduct", CONDUCT_EVERY_SECONDS, activity.keep_up)]
