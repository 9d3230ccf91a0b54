"""A flag: bookings that look like a broker's, with the evidence, for the office to judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from services.scheduling.booking.abuse.limits import ActivityCount, ActivityDay, CountedSubject, Pattern
from shared.events.scheduling import PatternFlagged
from shared.store.decision import Decision
from shared.store.transitions import Transitions

MOST_OFFICES_TOLD: Final = 5
"""Offices that hear of one pattern: those where the subject was seen most."""


class FlagStatus(StrEnum):
    """The states of a flag."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    HARMLESS = "harmless"


class FlagCommand(StrEnum):
    """The commands of a flag."""

    CONFIRM = "confirm"
    DISMISS = "dismiss"


FLAG_TRANSITIONS: Final = Transitions(
    {
        (FlagStatus.OPEN, FlagCommand.CONFIRM): FlagStatus.CONFIRMED,
        (FlagStatus.OPEN, FlagCommand.DISMISS): FlagStatus.HARMLESS,
    }
)


@dataclass(frozen=True)
class Evidence:
    """The activity of one account. Names are shown only where they are stored, to those who may see them."""

    account_id: str
    holds: int
    releases: int
    moves: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True)
class Flag:
    """The state of one flag."""

    status: FlagStatus
    office_id: str
    pattern: Pattern
    subject: CountedSubject
    subject_id: str
    """The account or person by id; a device or address by its fingerprint."""
    day: date
    holds: int
    releases: int
    moves: int
    persons: int
    evidence: tuple[Evidence, ...]
    made_at: datetime
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None


def raise_flag(
    flag_id: str, pattern: Pattern, days: Sequence[ActivityDay], office_id: str, *, today: date, now: datetime
) -> Decision[Flag]:
    """Return a new flag: the pattern that these days of one subject show, for one of the offices concerned."""
    subject, _, subject_id = days[0].subject.partition(":")
    state = Flag(
        status=FlagStatus.OPEN,
        office_id=office_id,
        pattern=pattern,
        subject=CountedSubject(subject),
        subject_id=subject_id,
        day=today,
        holds=sum(activity_day.holds for activity_day in days),
        releases=sum(activity_day.releases for activity_day in days),
        moves=sum(activity_day.moves for activity_day in days),
        persons=len({person for activity_day in days for person in activity_day.persons}),
        evidence=tuple(_evidence(days)),
        made_at=now,
    )
    return Decision(state, (PatternFlagged(flag_id=flag_id, office_id=office_id, pattern=pattern.value),))


def raise_for_proof(flag_id: str, account_id: str, office_id: str, *, today: date, now: datetime) -> Decision[Flag]:
    """Return a new flag for an account that was let in on a proof of payment that is not valid."""
    pattern = Pattern.PROOF_REFUSED
    state = Flag(
        status=FlagStatus.OPEN,
        office_id=office_id,
        pattern=pattern,
        subject=CountedSubject.ACCOUNT,
        subject_id=account_id,
        day=today,
        holds=0,
        releases=0,
        moves=0,
        persons=1,
        evidence=(),
        made_at=now,
    )
    return Decision(state, (PatternFlagged(flag_id=flag_id, office_id=office_id, pattern=pattern.value),))


def review(flag: Flag, command: FlagCommand, *, by: str, now: datetime) -> Decision[Flag]:
    """Close the flag with the office's judgement.

    Raises:
        IllegalTransition: it was judged before.
    """
    status = FLAG_TRANSITIONS.after(flag.status, command)
    return Decision(replace(flag, status=status, reviewed_by=by, reviewed_at=now))


def accounts_in(flag: Flag) -> tuple[str, ...]:
    """Return the accounts whose activity the flag shows."""
    subject = (flag.subject_id,) if flag.subject is CountedSubject.ACCOUNT else ()
    return tuple(dict.fromkeys((*subject, *(evidence.account_id for evidence in flag.evidence))))


def _evidence(days: Sequence[ActivityDay]) -> Iterable[Evidence]:
    counts: dict[str, list[ActivityCount]] = {}
    for activity_day in days:
        for account_id, count in activity_day.accounts.items():
            counts.setdefault(account_id, []).append(count)
    for account_id, known in sorted(counts.items()):
        times = [at for count in known for at in (count.first_at, count.last_at) if at is not None]
        yield Evidence(
            account_id,
            sum(count.holds for count in known),
            sum(count.releases for count in known),
            sum(count.moves for count in known),
            min(times, default=None),
            max(times, default=None),
        )
