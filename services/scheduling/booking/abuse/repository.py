"""How the counted activity of subjects and the flags raised from it are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final

from services.scheduling.booking.abuse.flag import Flag, FlagStatus
from services.scheduling.booking.abuse.limits import ActivityDay, forget_at
from services.scheduling.store_part import OnStore
from shared.clock import Clock
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Range, Record

SUBJECTS_AT_ONCE: Final = 500
DAYS_READ: Final = 10_000
"""Of one answer: above the days of a week of so many subjects."""

MOST_FLAGS_SHOWN: Final = 200

ACTIVITY_DAY: Final = Kind(
    name="conduct",
    state=ActivityDay,
    bare=True,
    deadlines=forget_at,
    indexes=(
        Index("subject_day", ("state.subject", "state.day")),
        Index("over", ("state.day",), where={"state.over": True}),
    ),
)

FLAG: Final = Kind(
    name="flag",
    state=Flag,
    indexes=(Index("office", ("state.office_id", "state.status", "state.made_at")),),
)


def activity_day_id_of(subject: str, day: date) -> str:
    """Return the id of a subject's day."""
    return derived_id("conduct", subject, day.isoformat())


class ActivityRepository(OnStore):
    """Counted activity and flags."""

    async def activity_days_since(self, subjects: Sequence[str], since: date) -> list[Record[ActivityDay]]:
        """Return the days of these subjects since that day, inclusive."""
        found: list[Record[ActivityDay]] = []
        for start in range(0, len(subjects), SUBJECTS_AT_ONCE):
            equals = {"state.subject": tuple(subjects[start : start + SUBJECTS_AT_ONCE])}
            within = {"state.day": Range(low=since)}
            found += await self._store.find(ACTIVITY_DAY, "subject_day", equals, within=within, limit=DAYS_READ)
        return found

    async def activity_days_over(self, since: date) -> list[Record[ActivityDay]]:
        """Return the days since that one, inclusive, on which a limit was reached."""
        return await self._store.find(ACTIVITY_DAY, "over", within={"state.day": Range(low=since)}, limit=DAYS_READ)

    async def activity_day(self, activity_day_id: str) -> Record[ActivityDay] | None:
        """Return a subject's day, or None."""
        return await self._store.get(ACTIVITY_DAY, activity_day_id)

    async def begin_activity_days(self, days: Sequence[ActivityDay], now: datetime) -> int:
        """Insert in bulk those days that are not stored yet; return how many."""
        items = [(activity_day_id_of(activity_day.subject, activity_day.day), activity_day) for activity_day in days]
        return await self._store.insert_missing(ACTIVITY_DAY, items, now=now)

    async def change_activity_day(
        self, activity_day_id: str, decide: Callable[[ActivityDay], Decision[ActivityDay]], clock: Clock
    ) -> Record[ActivityDay]:
        """Load, decide and save a subject's day, as `shared.store.change` does."""
        return await change(self._store, clock, ACTIVITY_DAY, activity_day_id, decide)

    async def forget_activity_day(self, record: Record[ActivityDay]) -> bool:
        """Delete a day that no longer counts; return whether it was there."""
        return await self._store.remove(ACTIVITY_DAY, record)

    async def flag(self, flag_id: str) -> Record[Flag] | None:
        """Return the flag, or None."""
        return await self._store.get(FLAG, flag_id)

    async def flags_of(self, office_id: str, status: FlagStatus) -> list[Record[Flag]]:
        """Return an office's flags in this state, the newest first."""
        equals = {"state.office_id": office_id, "state.status": status}
        return await self._store.find(FLAG, "office", equals, limit=MOST_FLAGS_SHOWN, descending=True)

    async def begin_flag(self, flag_id: str, decision: Decision[Flag], now: datetime) -> Record[Flag]:
        """Insert a new flag with its events."""
        return await self._store.insert(FLAG, flag_id, decision.state, now=now, events=decision.events)

    async def change_flag(
        self,
        record: Record[Flag],
        decide: Callable[[Flag], Decision[Flag]],
        clock: Clock,
        *,
        received: str,
    ) -> Record[Flag]:
        """Decide about a flag that was read and save it, as `shared.store.change` does."""
        return await change(self._store, clock, FLAG, record.id, decide, received=received, first=record)
