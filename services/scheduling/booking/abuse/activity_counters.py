"""Counts of activity with seats: read from memory before a hold, written behind it, shared by all replicas.

A hold pays nothing for it: the counts of the subjects that this process has seen lie in memory. The second activity of
a subject is written within a second, in bulk; with that write the subject's whole week is read, which brings the counts
of other replicas, and every subject that has reached a limit is told to all. A subject with a single activity is far
from every limit and is written some seconds later, out of the way of the stampede. So these counts are exact in one
process, and several replicas may together admit more within that time; a crash loses that much. That suits a brake.
The limits on holds themselves are kept exactly over all replicas by
:mod:`services.scheduling.booking.abuse.hold_allowances`.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final

import structlog

from services.scheduling.booking.abuse import flag as flags
from services.scheduling.booking.abuse import limits
from services.scheduling.booking.abuse.errors import (
    TooManyHolds,
    TooManyMoves,
    TooManyPeopleOnDevice,
    TooManySeatsGivenUp,
)
from services.scheduling.booking.abuse.limits import (
    Act,
    Activity,
    ActivityDay,
    Counted,
    CountedSubject,
    LimitReached,
    Wish,
)
from services.scheduling.booking.abuse.repository import ActivityRepository, activity_day_id_of
from services.scheduling.booking.appointments.appointment import Appointment
from shared.clock import Clock
from shared.crypto.fingerprints import Fingerprints
from shared.errors import NotFound, Refusal
from shared.ids import Ids, derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, StoreError

log = structlog.get_logger()

MOST_REMEMBERED: Final = 50_000
"""Days of subjects in memory; beyond it what waits for nothing is forgotten and read again when it is written."""

SINGLE_ACTIVITY_WAITS: Final = timedelta(seconds=15)
"""How long the only thing that somebody did may wait to be written. No limit is near then, and the busiest moment of an
opening is over: its writes were two thirds of all inserts of a stampede."""

LONGEST_DEVICE_ID: Final = 128
SHORTEST_DEVICE_ID: Final = 8

_Days = dict[date, ActivityDay]
_Key = tuple[str, date]
"""A subject's day."""


@dataclass(frozen=True)
class Origin:
    """Where a request came from, as fingerprints; none where it is not known or says nothing."""

    device: str | None = None
    address: str | None = None


NOWHERE: Final = Origin()


class ActivityCounters:
    """Counts activity per subject, refuses over the limits and flags what looks like a broker to the office."""

    def __init__(
        self, activity_days: ActivityRepository, clock: Clock, ids: Ids, fingerprints: Fingerprints, *, scale: int = 1
    ) -> None:
        self._activity_days = activity_days
        self._clock = clock
        self._ids = ids
        self._fingerprints = fingerprints
        self._scale = scale
        self._known: dict[str, _Days] = {}
        self._days_known = 0
        self._first_known = date.min
        self._pending: dict[_Key, list[Activity]] = {}
        self._pressing: set[_Key] = set()
        self._single: deque[tuple[datetime, _Key]] = deque()
        """When each day of one single activity began to wait, the longest first; also some that wait no more."""

    def origin(self, device_id: str | None, address: str) -> Origin:
        """Return where a request came from, without a private address: that is a proxy or the office itself."""
        device = None
        if device_id is not None and SHORTEST_DEVICE_ID <= len(device_id) <= LONGEST_DEVICE_ID:
            device = self._fingerprints.current(device_id, "device")
        public = _is_public(address)
        return Origin(device, self._fingerprints.current(_network(address), "address") if public else None)

    def check_limits(self, act: Act, account_id: str, wish: Wish, origin: Origin) -> None:
        """Refuse with ``TooManyHolds``, ``TooManySeatsGivenUp``, ``TooManyMoves`` or ``TooManyPeopleOnDevice``."""
        now = self._clock.now()
        today = limits.day_of(now)
        for subject in _subjects(account_id, wish.person_id or "", origin):
            days = self._days(subject, today)
            reached = limits.limit_reached(days, act, wish, today=today, scale=self._scale)
            if reached is not None:
                log.info("limit_reached", limit=reached.limit.name)
                raise refusal_for(reached, now)

    async def check_joined(self, act: Act, account_ids: tuple[str, ...], wish: Wish) -> None:
        """Refuse as :meth:`check_limits` does what accounts that were joined have reached together: each is counted
        for itself, so they are read and added. Nothing is read for an account by itself.
        """
        if len(account_ids) == 1:
            return
        now = self._clock.now()
        today = limits.day_of(now)
        subjects = [limits.subject_of(CountedSubject.ACCOUNT, account_id) for account_id in account_ids]
        self._remember(await self._weeks(subjects, today))
        days = [day for subject in subjects for day in self._days(subject, today)]
        reached = limits.limit_reached(days, act, wish, today=today, scale=self._scale)
        if reached is not None:
            log.info("limit_reached", limit=reached.limit.name)
            raise refusal_for(reached, now)

    def note(self, act: Act, appointment: Appointment, origin: Origin = NOWHERE) -> None:
        """Count what was done with this appointment just now."""
        now, slot = self._clock.now(), appointment.seat
        today = limits.day_of(now)
        activity = Activity(act, appointment.account_id, appointment.person_id, slot.office_id, slot.session_id, now)
        for subject in _subjects(appointment.account_id, appointment.person_id, origin):
            activities = self._pending.setdefault((subject, today), [])
            activities.append(activity)
            if len(activities) > 1 or subject in self._known:
                self._pressing.add((subject, today))
            else:
                self._single.append((now, (subject, today)))

    def _days(self, subject: str, today: date) -> list[ActivityDay]:
        """Return the days of a subject: the stored ones with the activity counted here since."""
        days = dict(self._known.get(subject, {}))
        for day in (today, today - timedelta(days=1)):
            activities = self._pending.get((subject, day))
            if activities:
                days[day] = limits.with_activities(days.get(day, ActivityDay(subject, day)), activities)
        return list(days.values())

    async def keep_up(self) -> None:
        """Write the pressing activities as :meth:`flush` does and leave the rest to a later call.

        A second activity presses, and every activity of a known subject; a single one once it has waited its time.
        """
        due = self._clock.now() - SINGLE_ACTIVITY_WAITS
        while self._single and self._single[0][0] <= due:
            self._pressing.add(self._single.popleft()[1])
        pressing, self._pressing = self._pressing, set()
        await self._flush({key: self._pending.pop(key) for key in sorted(pressing) if key in self._pending})

    async def flush(self) -> None:
        """Write what was counted, learn what others counted, and raise the flags that follow."""
        pending, self._pending = self._pending, {}
        self._pressing.clear()
        self._single.clear()
        await self._flush(pending)

    async def _flush(self, pending: Mapping[_Key, list[Activity]]) -> None:
        try:
            if pending:
                await self._write(pending)
            await self._learn()
        except StoreError:
            # counted again with the next flush; what was written of it before may count twice, which brakes too early
            for key, activities in pending.items():
                self._pending.setdefault(key, []).extend(activities)
            self._pressing.update(pending)
            raise
        self._forget_some()

    async def forget(self, record: Record[ActivityDay]) -> None:
        """Delete a day that counts for nothing any more."""
        await self._activity_days.forget_activity_day(record)

    async def _write(self, pending: Mapping[_Key, Sequence[Activity]]) -> None:
        now, batch = self._clock.now(), self._ids.new()
        today = limits.day_of(now)
        weeks = await self._weeks([subject for subject, _ in pending], today)
        fresh: list[ActivityDay] = []
        changed: list[_Key] = []
        for (subject, day), activities in pending.items():
            days = weeks.setdefault(subject, {})
            if day in days:
                changed.append((subject, day))
            days[day] = limits.with_activities(days.get(day, ActivityDay(subject, day)), activities)
            over = limits.is_over(list(days.values()), today=today, scale=self._scale)
            days[day] = replace(days[day], over=over, batch=batch)
            if (subject, day) not in changed:
                fresh.append(days[day])
        if fresh and await self._activity_days.begin_activity_days(fresh, now) < len(fresh):
            changed += [
                (activity_day.subject, activity_day.day)
                for activity_day in fresh
                if not await self._is_ours(activity_day)
            ]
        for subject, day in changed:
            weeks[subject][day] = await self._add(weeks[subject][day], pending[subject, day], weeks[subject], today)
        self._remember(weeks)
        await self._raise_flags(weeks, today)

    async def _is_ours(self, written: ActivityDay) -> bool:
        known = await self._activity_days.activity_day(activity_day_id_of(written.subject, written.day))
        return known is not None and known.state.batch == written.batch

    async def _add(self, known: ActivityDay, activities: Sequence[Activity], week: _Days, today: date) -> ActivityDay:
        """Add to a day that is stored already, also while other replicas do so."""
        days = [activity_day for day, activity_day in week.items() if day != known.day]

        def decide(written: ActivityDay) -> Decision[ActivityDay]:
            total = limits.with_activities(written, activities)
            over = limits.is_over([*days, total], today=today, scale=self._scale)
            return Decision(replace(total, over=over, batch=""))

        activity_day_id = activity_day_id_of(known.subject, known.day)
        try:
            return (await self._activity_days.change_activity_day(activity_day_id, decide, self._clock)).state
        except NotFound:
            return known  # forgotten meanwhile, as it counts for nothing any more

    async def _weeks(self, subjects: Iterable[str], today: date) -> dict[str, _Days]:
        found = await self._activity_days.activity_days_since(sorted(set(subjects)), limits.first_day(today))
        weeks: dict[str, _Days] = {}
        for record in found:
            weeks.setdefault(record.state.subject, {})[record.state.day] = record.state
        return weeks

    async def _learn(self) -> None:
        """Read which subjects have reached a limit on other replicas."""
        today = limits.day_of(self._clock.now())
        over = {
            record.state.subject for record in await self._activity_days.activity_days_over(limits.first_day(today))
        }
        if over:
            self._remember(await self._weeks(over, today))

    def _remember(self, weeks: Mapping[str, _Days]) -> None:
        today = limits.day_of(self._clock.now())
        for subject, days in weeks.items():
            self._days_known += len(days) - len(self._known.get(subject, ()))
            self._known[subject] = days
            for key in ((subject, today), (subject, today - timedelta(days=1))):
                if key in self._pending:
                    self._pressing.add(key)

    def _forget_some(self) -> None:
        """Drop once a day the days that no longer count, and all days where they are too many."""
        first = limits.first_day(limits.day_of(self._clock.now()))
        if first > self._first_known:
            self._first_known = first
            self._known = {subject: days for subject, days in self._known.items() if max(days) >= first}
            self._days_known = sum(map(len, self._known.values()))
        if self._days_known > MOST_REMEMBERED:
            self._known.clear()
            self._days_known = 0

    async def _raise_flags(self, weeks: Mapping[str, _Days], today: date) -> None:
        now, first = self._clock.now(), limits.first_day(today)
        for subject, known in weeks.items():
            days = [activity_day for day, activity_day in sorted(known.items()) if first <= day <= today]
            for pattern in limits.patterns_of(days, today):
                for office_id in limits.offices_of(days)[: flags.MOST_OFFICES_TOLD]:
                    flag_id = derived_id("flag", pattern, subject, office_id, today.isoformat())
                    raised = flags.raise_flag(flag_id, pattern, days, office_id, today=today, now=now)
                    with contextlib.suppress(AlreadyExists):
                        await self._activity_days.begin_flag(flag_id, raised, now)


def _subjects(account_id: str, person_id: str, origin: Origin) -> Sequence[str]:
    known = (
        (CountedSubject.PERSON, person_id),
        (CountedSubject.ACCOUNT, account_id),
        (CountedSubject.DEVICE, origin.device),
        (CountedSubject.ADDRESS, origin.address),
    )
    return [limits.subject_of(kind, value) for kind, value in known if value]


_REFUSALS: Final[Mapping[tuple[Act, Counted], type[Refusal]]] = {
    (Act.HOLD, Counted.HOLDS): TooManyHolds,
    (Act.HOLD, Counted.OF_SESSION): TooManyHolds,
    (Act.HOLD, Counted.RELEASES): TooManySeatsGivenUp,
    (Act.HOLD, Counted.PERSONS): TooManyPeopleOnDevice,
    (Act.MOVE, Counted.MOVES): TooManyMoves,
}


def refusal_for(reached: LimitReached, now: datetime) -> Refusal:
    """Return the refusal that names this limit and when it ends."""
    wait = max(1, math.ceil((reached.until - now) / timedelta(seconds=1)))
    facts: dict[str, Any] = {"limit": reached.limit.name, "until": reached.until.isoformat()}
    return _REFUSALS[reached.limit.stops, reached.limit.counted](retry_after_seconds=wait, **facts)


def _is_public(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False


def _network(address: str) -> str:
    """Return the network of one subscriber: an IPv4 address, or the first 56 bits of an IPv6 address."""
    known = ip_address(address)
    return address if known.version == 4 else known.exploded[:17]
