"""A breach of personal data: an entry of the register, its clock of 72 hours, its scope and its notices. Pure.

UU 27/2022 art. 46: within 3 times 24 hours the persons concerned and the agency are told in writing which data, when
and how, and what is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.events.codes import BreachCause, BreachMeasure, PersonalData
from shared.store.transitions import Transitions

TIME_TO_TELL: Final = timedelta(hours=72)
"""From when the breach was found (UU 27/2022 art. 46)."""

ALERT_HOURS: Final = (24, 60, 72)
"""Hours after it was found at which operators are alerted while somebody is still to be told: at the last the time is
over."""


class BreachState(StrEnum):
    """States of a breach."""

    OPEN = "open"
    NOTICES_PROPOSED = "notices_proposed"
    DISMISSAL_PROPOSED = "dismissal_proposed"
    NOTIFIED = "notified"
    """A second operator agreed: the notices go out."""
    CLOSED = "closed"
    DISMISSED = "dismissed"
    """Two operators found that no personal data were exposed."""


class BreachCommand(StrEnum):
    """Commands of a breach."""

    DESCRIBE = "describe"
    SEARCH = "search"
    PROPOSE_NOTICES = "propose_notices"
    PROPOSE_DISMISSAL = "propose_dismissal"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    REOPEN = "reopen"
    CLOSE = "close"


S, C = BreachState, BreachCommand

BREACH_TRANSITIONS: Final[Transitions[BreachState, BreachCommand]] = Transitions(
    {
        (S.OPEN, C.DESCRIBE): S.OPEN,
        (S.OPEN, C.SEARCH): S.OPEN,
        (S.OPEN, C.PROPOSE_NOTICES): S.NOTICES_PROPOSED,
        (S.OPEN, C.PROPOSE_DISMISSAL): S.DISMISSAL_PROPOSED,
        (S.NOTICES_PROPOSED, C.APPROVE): S.NOTIFIED,
        (S.NOTICES_PROPOSED, C.SEND_BACK): S.OPEN,
        (S.DISMISSAL_PROPOSED, C.APPROVE): S.DISMISSED,
        (S.DISMISSAL_PROPOSED, C.SEND_BACK): S.OPEN,
        (S.NOTIFIED, C.REOPEN): S.OPEN,  # more was found out: those who were told are not told again
        (S.NOTIFIED, C.CLOSE): S.CLOSED,
    }
)
OVER: Final = frozenset({BreachState.CLOSED, BreachState.DISMISSED})


class TimesContradict(Exception):
    """A breach begins before it ends and before it is found, and is found before now."""


class SearchNotDone(Exception):
    """The persons concerned were not searched for, or the search still runs."""


class SecondPersonNeeded(Exception):
    """The operator who proposed it cannot agree to it."""


class StillToBeTold(Exception):
    """The agency or some of the persons concerned are still to be told."""


@dataclass(frozen=True)
class BreachFacts:
    """The facts of a breach, in codes and times; both notices are made from it."""

    cause: BreachCause
    kinds: tuple[PersonalData, ...]
    measures: tuple[BreachMeasure, ...]
    found_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    estimated_persons: int


@dataclass(frozen=True)
class BreachScope:
    """Whose data were exposed: everybody's, or those that reads of this time showed. An empty list is all of them."""

    since: datetime
    until: datetime
    kinds: tuple[PersonalData, ...] = ()
    office_ids: tuple[str, ...] = ()
    """Offices of the readers."""
    reader_ids: tuple[str, ...] = ()
    """Members of staff whose reads were involved."""
    everybody: bool = False

    def takes_in(self, kind: str, office_id: str | None, reader_id: str) -> bool:
        """Return whether a read of that time is part of the breach."""
        if self.kinds and kind not in self.kinds:
            return False
        if self.office_ids and office_id not in self.office_ids:
            return False
        return not self.reader_ids or reader_id in self.reader_ids


@dataclass(frozen=True)
class BreachSearch:
    """A search for the persons concerned; ``done_at`` is empty while it runs."""

    search_id: str
    scope: BreachScope
    asked_by: str
    asked_at: datetime
    done_at: datetime | None = None
    persons: int = 0


@dataclass(frozen=True)
class Breach:
    """One entry of the register."""

    state: BreachState
    facts: BreachFacts
    opened_by: str
    opened_at: datetime
    words_sealed: str | None = None
    """The operators' own words, encrypted: they may name somebody. Never in events, notices or the export."""
    search: BreachSearch | None = None
    proposed_by: str | None = None
    proposed_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    persons_told_at: datetime | None = None
    """When the last notice was handed to notification."""
    agency_told_at: datetime | None = None
    agency_reference: str | None = None
    closed_at: datetime | None = None
    alerted_hours: int = 0
    """The last of `ALERT_HOURS` that operators were alerted at."""

    @property
    def due_at(self) -> datetime:
        """Return until when the agency and the persons concerned are told."""
        return self.facts.found_at + TIME_TO_TELL

    @property
    def is_owed(self) -> bool:
        """Return whether the agency or a person is still to be told."""
        return self.state not in OVER and (self.agency_told_at is None or self.persons_told_at is None)


def open_breach(facts: BreachFacts, words_sealed: str | None, by: str, now: datetime) -> Breach:
    """Return a new entry.

    Raises:
        TimesContradict
    """
    _check_times(facts, now)
    return Breach(BreachState.OPEN, facts, by, now, words_sealed=words_sealed)


def describe(breach: Breach, facts: BreachFacts, words_sealed: str | None, now: datetime) -> Breach:
    """Return the entry with what is known now. The time when it was found stays: the clock is not set back.

    Raises:
        IllegalTransition, TimesContradict
    """
    state = BREACH_TRANSITIONS.after(breach.state, BreachCommand.DESCRIBE)
    kept = replace(facts, found_at=breach.facts.found_at)
    _check_times(kept, now)
    return replace(breach, state=state, facts=kept, words_sealed=words_sealed or breach.words_sealed)


def ask_search(breach: Breach, search_id: str, scope: BreachScope, by: str, now: datetime) -> Breach:
    """Return the entry with a search that runs; the one before does not count any more.

    Raises:
        IllegalTransition. TimesContradict: the scope ends before it begins.
    """
    state = BREACH_TRANSITIONS.after(breach.state, BreachCommand.SEARCH)
    if scope.until <= scope.since:
        raise TimesContradict
    return replace(breach, state=state, search=BreachSearch(search_id, scope, by, now))


def finish_search(breach: Breach, search_id: str, persons: int, now: datetime) -> Breach:
    """Return the entry with the number of persons found; unchanged if another search was asked for meanwhile."""
    if breach.search is None or breach.search.search_id != search_id:
        return breach
    return replace(breach, search=replace(breach.search, done_at=now, persons=persons))


def propose(breach: Breach, command: BreachCommand, by: str, now: datetime) -> Breach:
    """Return the entry with its notices, or its dismissal, proposed to a second operator.

    Raises:
        IllegalTransition. SearchNotDone: notices go to persons whom a search found.
    """
    state = BREACH_TRANSITIONS.after(breach.state, command)
    if command is BreachCommand.PROPOSE_NOTICES and (breach.search is None or breach.search.done_at is None):
        raise SearchNotDone
    return replace(breach, state=state, proposed_by=by, proposed_at=now, decided_by=None, decided_at=None)


def decide(breach: Breach, command: BreachCommand, by: str, now: datetime) -> Breach:
    """Return the entry after a second operator agreed, or after any operator sent it back.

    Raises:
        IllegalTransition, SecondPersonNeeded
    """
    state = BREACH_TRANSITIONS.after(breach.state, command)
    if command is BreachCommand.APPROVE and by == breach.proposed_by:
        raise SecondPersonNeeded
    return replace(breach, state=state, decided_by=by, decided_at=now)


def finish_telling(breach: Breach, now: datetime) -> Breach:
    """Return the entry after the last notice was handed to notification."""
    return replace(breach, persons_told_at=now)


def tell_agency(breach: Breach, told_at: datetime, reference: str, now: datetime) -> Breach:
    """Return the entry with when the agency was told, and its reference. The first word stays.

    Raises:
        TimesContradict: it would be told before the breach was found, or later than now.
    """
    if breach.agency_told_at is not None:
        return breach
    if not breach.facts.found_at <= told_at <= now:
        raise TimesContradict
    return replace(breach, agency_told_at=told_at, agency_reference=reference)


def reopen(breach: Breach) -> Breach:
    """Return the entry open again: more was found out. Persons who were told stay told.

    Raises:
        IllegalTransition
    """
    return replace(breach, state=BREACH_TRANSITIONS.after(breach.state, BreachCommand.REOPEN), persons_told_at=None)


def close(breach: Breach, now: datetime) -> Breach:
    """Return the entry closed.

    Raises:
        IllegalTransition. StillToBeTold: the agency or a person is still to be told.
    """
    state = BREACH_TRANSITIONS.after(breach.state, BreachCommand.CLOSE)
    if breach.is_owed:
        raise StillToBeTold
    return replace(breach, state=state, closed_at=now)


def due_alert(breach: Breach, now: datetime) -> int | None:
    """Return the hours of the latest alert that is due and was not given; None if none is."""
    passed = [hours for hours in ALERT_HOURS if breach.facts.found_at + timedelta(hours=hours) <= now]
    return passed[-1] if breach.is_owed and passed and passed[-1] > breach.alerted_hours else None


def alerted(breach: Breach, hours: int) -> Breach:
    """Return the entry with an alert given."""
    return replace(breach, alerted_hours=hours)


def deadlines(breach: Breach) -> Mapping[str, datetime]:
    """Return when the next alert is due, and what is to be done at once: the search, and telling the persons."""
    due: dict[str, datetime] = {}
    if breach.search is not None and breach.search.done_at is None:
        due["search"] = breach.search.asked_at
    if breach.state is BreachState.NOTIFIED and breach.persons_told_at is None and breach.decided_at is not None:
        due["tell"] = breach.decided_at
    coming = [hours for hours in ALERT_HOURS if hours > breach.alerted_hours]
    if breach.is_owed and coming:
        due["alert"] = breach.facts.found_at + timedelta(hours=coming[0])
    return due


def _check_times(facts: BreachFacts, now: datetime) -> None:
    begun_at = facts.begun_at or facts.found_at
    ended_at = facts.ended_at or begun_at
    if not begun_at <= facts.found_at <= now or not begun_at <= ended_at <= now:
        raise TimesContradict
