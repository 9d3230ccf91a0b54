"""Limits against hoarding: activity with seats, counted by subject, and the patterns that brokers leave.

A subject is an account, a person, a device or a network address (the latter two as keyed fingerprints only). The counts
are brakes, not invariants: a broker cannot get past the rules that a person has one live appointment (I2) and that a
seat is tied to a person; the limits bound how often it can try. Giving a seat back is never refused, since it helps the
next in line: too many given back refuse the next *hold*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

WEEK_DAYS: Final = 7
MOST_ACCOUNTS_COUNTED: Final = 100
"""Accounts whose doings are kept apart for one subject and day; further ones are only counted."""

MOST_PERSONS_KEPT: Final = 50
"""Persons told apart for one subject and day; every limit on them lies below."""

_ZONE: Final = ZoneInfo("Asia/Jakarta")


class CountedSubject(StrEnum):
    """The kinds of subjects whose activity is counted."""

    ACCOUNT = "account"
    PERSON = "person"
    DEVICE = "device"
    ADDRESS = "address"


class Act(StrEnum):
    """The quantities that limits count."""

    HOLD = "hold"
    RELEASE = "release"
    MOVE = "move"


class Counted(StrEnum):
    """The quantity of a limit."""

    HOLDS = "holds"
    RELEASES = "releases"
    MOVES = "moves"
    PERSONS = "persons"
    OF_SESSION = "of_session"
    """Holds of one and the same session."""


@dataclass(frozen=True)
class Limit:
    """At most ``most`` of ``counted`` for a subject in ``days`` calendar days; at the limit ``stops`` is refused."""

    name: str
    subject: CountedSubject
    counted: Counted
    days: int
    most: int
    stops: Act


LIMITS: Final = (
    Limit("holds_per_person_day", CountedSubject.PERSON, Counted.HOLDS, 1, 5, Act.HOLD),
    Limit("holds_per_account_day", CountedSubject.ACCOUNT, Counted.HOLDS, 1, 15, Act.HOLD),
    Limit("holds_per_device_day", CountedSubject.DEVICE, Counted.HOLDS, 1, 20, Act.HOLD),
    Limit("holds_per_address_day", CountedSubject.ADDRESS, Counted.HOLDS, 1, 300, Act.HOLD),
    Limit("holds_per_address_session_week", CountedSubject.ADDRESS, Counted.OF_SESSION, WEEK_DAYS, 20, Act.HOLD),
    Limit("persons_per_device_day", CountedSubject.DEVICE, Counted.PERSONS, 1, 10, Act.HOLD),
    Limit("releases_per_person_week", CountedSubject.PERSON, Counted.RELEASES, WEEK_DAYS, 3, Act.HOLD),
    Limit("releases_per_account_week", CountedSubject.ACCOUNT, Counted.RELEASES, WEEK_DAYS, 6, Act.HOLD),
    Limit("releases_per_device_week", CountedSubject.DEVICE, Counted.RELEASES, WEEK_DAYS, 10, Act.HOLD),
    Limit("releases_per_address_week", CountedSubject.ADDRESS, Counted.RELEASES, WEEK_DAYS, 300, Act.HOLD),
    Limit("moves_per_person_week", CountedSubject.PERSON, Counted.MOVES, WEEK_DAYS, 3, Act.MOVE),
    Limit("moves_per_account_week", CountedSubject.ACCOUNT, Counted.MOVES, WEEK_DAYS, 10, Act.MOVE),
    Limit("moves_per_device_week", CountedSubject.DEVICE, Counted.MOVES, WEEK_DAYS, 15, Act.MOVE),
    Limit("moves_per_address_week", CountedSubject.ADDRESS, Counted.MOVES, WEEK_DAYS, 300, Act.MOVE),
)
"""Not published by any source; assumed, and why: an account is a family of five people, each with some second
thoughts; a device may serve a second family or a village helper; behind one address may be a whole office or a mobile
network, but they do not all come to one session, so that a robot that changes devices at every request corners none."""


@dataclass(frozen=True)
class ActivityCount:
    """The activity of one account as this subject on one day, counted."""

    holds: int = 0
    releases: int = 0
    moves: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None


_NOTHING: Final = ActivityCount()
_COUNTS: Final = {
    Act.HOLD: ActivityCount(holds=1),
    Act.RELEASE: ActivityCount(releases=1),
    Act.MOVE: ActivityCount(moves=1),
}


@dataclass(frozen=True)
class Activity:
    """One hold, release or move, as it is counted for each of its subjects."""

    act: Act
    account_id: str
    person_id: str
    office_id: str
    session_id: str
    at: datetime


@dataclass(frozen=True)
class ActivityDay:
    """The activity of one subject on one day: counts, offices, and the accounts it came through."""

    subject: str
    """``account:...``, ``person:...``, ``device:...`` or ``address:...``."""
    day: date
    holds: int = 0
    releases: int = 0
    moves: int = 0
    persons: tuple[str, ...] = ()
    accounts: Mapping[str, ActivityCount] = field(default_factory=dict)
    offices: Mapping[str, int] = field(default_factory=dict)
    sessions: Mapping[str, int] = field(default_factory=dict)
    """Holds by session."""
    over: bool = False
    """Some limit is reached: every replica knows of it."""
    batch: str = ""
    """The write in bulk that wrote it last, by which that write knows its own."""

    @property
    def kind(self) -> CountedSubject:
        """The kind of subject that is counted."""
        return CountedSubject(self.subject.partition(":")[0])


def subject_of(kind: CountedSubject, value: str) -> str:
    """Return the name under which a subject is counted."""
    return f"{kind.value}:{value}"


def day_of(moment: datetime) -> date:
    """Return the day on which a moment is counted: that of the capital, everywhere."""
    return moment.astimezone(_ZONE).date()


def first_day(today: date) -> date:
    """Return the earliest day that still counts."""
    return today - timedelta(days=WEEK_DAYS - 1)


def forget_at(activity_day: ActivityDay) -> Mapping[str, datetime]:
    """Return when a day no longer counts."""
    return {"forget": _midnight(activity_day.day + timedelta(days=WEEK_DAYS + 1))}


def with_activities(activity_day: ActivityDay, activities: Sequence[Activity]) -> ActivityDay:
    """Return the day with these activities added."""
    accounts, offices, sessions = dict(activity_day.accounts), dict(activity_day.offices), dict(activity_day.sessions)
    done, persons = Counter[Act](), dict.fromkeys(activity_day.persons)
    for activity in activities:
        done[activity.act] += 1
        offices[activity.office_id] = offices.get(activity.office_id, 0) + 1
        if activity.act is Act.HOLD:
            persons[activity.person_id] = None
            sessions[activity.session_id] = sessions.get(activity.session_id, 0) + 1
        if activity.account_id in accounts or len(accounts) < MOST_ACCOUNTS_COUNTED:
            accounts[activity.account_id] = _joined(
                accounts.get(activity.account_id, _NOTHING), _COUNTS[activity.act], activity.at
            )
    return replace(
        activity_day,
        holds=activity_day.holds + done[Act.HOLD],
        releases=activity_day.releases + done[Act.RELEASE],
        moves=activity_day.moves + done[Act.MOVE],
        persons=tuple(persons)[:MOST_PERSONS_KEPT],
        accounts=accounts,
        offices=offices,
        sessions=sessions,
    )


def _joined(one: ActivityCount, other: ActivityCount, at: datetime) -> ActivityCount:
    return ActivityCount(
        one.holds + other.holds,
        one.releases + other.releases,
        one.moves + other.moves,
        min(one.first_at or at, at),
        max(one.last_at or at, at),
    )


@dataclass(frozen=True)
class Wish:
    """The activity that is asked for."""

    person_id: str | None = None
    """A person counted for the subject before is not one more."""
    session_id: str | None = None
    asked: int = 1
    """A family asks for so many holds at once."""


ANYTHING: Final = Wish()


@dataclass(frozen=True)
class LimitReached:
    """A limit that stops something, and when it will not any more."""

    limit: Limit
    until: datetime


_LIMITS_OF: Final = {
    (act, subject): tuple(limit for limit in LIMITS if limit.stops is act and limit.subject is subject)
    for act in Act
    for subject in CountedSubject
}


def limit_reached(days: Sequence[ActivityDay], act: Act, wish: Wish, *, today: date, scale: int) -> LimitReached | None:
    """Return the limit that refuses the act to a subject with these days, or None. ``scale`` multiplies each limit."""
    for limit in _LIMITS_OF[act, days[0].kind] if days else ():
        many = limit.counted in (Counted.HOLDS, Counted.OF_SESSION) and limit.subject is not CountedSubject.PERSON
        together = wish.asked if many else 1
        until = _reached(limit, days, today, limit.most * scale - together + 1, wish)
        if until is not None:
            return LimitReached(limit, until)
    return None


def is_over(days: Sequence[ActivityDay], *, today: date, scale: int) -> bool:
    """Return whether any limit refuses anything to this subject."""
    sessions = {session_id for activity_day in days for session_id in activity_day.sessions}
    wishes = [ANYTHING, *(Wish(session_id=session_id) for session_id in sessions)]
    return any(
        limit_reached(days, act, wish, today=today, scale=scale) for wish in wishes for act in (Act.HOLD, Act.MOVE)
    )


def _reached(limit: Limit, days: Sequence[ActivityDay], today: date, most: int, wish: Wish) -> datetime | None:
    since = today - timedelta(days=limit.days - 1)
    counted = sorted(
        (activity_day for activity_day in days if since <= activity_day.day <= today),
        key=lambda activity_day: activity_day.day,
    )
    if limit.counted is Counted.PERSONS:
        persons = {person for activity_day in counted for person in activity_day.persons}
        full = len(persons) >= most and wish.person_id not in persons
        return _midnight(today + timedelta(days=1)) if full else None
    total = 0
    for activity_day in reversed(counted):
        total += _count(activity_day, limit.counted, wish)
        if total >= most:
            # once this day no longer counts, the younger ones alone are below the limit
            return _midnight(activity_day.day + timedelta(days=limit.days))
    return None


def _count(activity_day: ActivityDay, counted: Counted, wish: Wish) -> int:
    return {
        Counted.HOLDS: activity_day.holds,
        Counted.RELEASES: activity_day.releases,
        Counted.MOVES: activity_day.moves,
        Counted.OF_SESSION: activity_day.sessions.get(wish.session_id or "", 0),
    }[counted]


def midnight_after(day: date) -> datetime:
    """Return when the day after this one begins."""
    return _midnight(day + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, _ZONE).astimezone(UTC)


class Pattern(StrEnum):
    """The patterns that look like a broker."""

    __schema_name__ = "FlagPattern"

    BOOK_CANCEL_BOOK = "book_cancel_book"
    MANY_ACCOUNTS_ONE_DEVICE = "many_accounts_one_device"
    MANY_ACCOUNTS_ONE_ADDRESS = "many_accounts_one_address"
    MANY_HOLDS = "many_holds"
    PROOF_REFUSED = "proof_refused"
    """Let in on a proof of payment that is not valid; nothing is counted for it."""


BOOKED_AND_CANCELLED: Final = 3
"""So many holds and as many given up by one account or person within a week are no second thoughts."""

ACCOUNTS_OF_A_DEVICE: Final = 4
"""A household has a phone or two; four accounts on one within a day are a counter."""

ACCOUNTS_OF_AN_ADDRESS: Final = 20
"""Behind an address may be a mobile network: this many are worth a look, no more."""

HOLDS_OF_AN_ACCOUNT: Final = 10
"""Two for each of five people within a day."""


def patterns_of(days: Sequence[ActivityDay], today: date) -> list[Pattern]:
    """Return the patterns that the days of one subject show."""
    if not days:
        return []
    kind, of_today = days[0].kind, [activity_day for activity_day in days if activity_day.day == today]
    accounts = {account for activity_day in of_today for account in activity_day.accounts}
    holds, releases = (
        sum(activity_day.holds for activity_day in days),
        sum(activity_day.releases for activity_day in days),
    )
    found = {
        Pattern.BOOK_CANCEL_BOOK: kind in (CountedSubject.ACCOUNT, CountedSubject.PERSON)
        and min(holds, releases) >= BOOKED_AND_CANCELLED,
        Pattern.MANY_ACCOUNTS_ONE_DEVICE: kind is CountedSubject.DEVICE and len(accounts) >= ACCOUNTS_OF_A_DEVICE,
        Pattern.MANY_ACCOUNTS_ONE_ADDRESS: kind is CountedSubject.ADDRESS and len(accounts) >= ACCOUNTS_OF_AN_ADDRESS,
        Pattern.MANY_HOLDS: kind is CountedSubject.ACCOUNT
        and sum(activity_day.holds for activity_day in of_today) >= HOLDS_OF_AN_ACCOUNT,
    }
    return [pattern for pattern, seen in found.items() if seen]


def offices_of(days: Iterable[ActivityDay]) -> list[str]:
    """Return the offices where the subject was seen, most often first."""
    counts: dict[str, int] = {}
    for activity_day in days:
        for office_id, count in activity_day.offices.items():
            counts[office_id] = counts.get(office_id, 0) + count
    return sorted(counts, key=lambda office_id: (-counts[office_id], office_id))
