"""Deadlines and chores of the counts against hoarding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.scheduling.booking.abuse.activity_counters import ActivityCounters
from services.scheduling.booking.abuse.limits import ActivityDay
from services.scheduling.booking.abuse.repository import ACTIVITY_DAY
from shared.service import Chore, DeadlineHandler
from shared.store.kinds import Record

ACTIVITY_EVERY_SECONDS: Final = 1.0
"""How long a count may stay in one process only; also what a crash forgets."""


def abuse_deadlines(activity: ActivityCounters) -> Mapping[tuple[str, str], DeadlineHandler]:
    """When counts are forgotten."""

    async def counts_are_old(record: Record[ActivityDay], _name: str) -> None:
        await activity.forget(record)

    return {(ACTIVITY_DAY.name, "forget"): counts_are_old}


def abuse_chores(activity: ActivityCounters) -> list[Chore]:
    """Counts of this process are written, and those of others read."""
    return [Chore("conduct", ACTIVITY_EVERY_SECONDS, activity.keep_up)]
