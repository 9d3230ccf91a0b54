"""A passport book, from the printer to its replacement: its states, what moves it, and what each move says.

One number is one passport, whichever way it came here. No name, birth date or number in the open: the number is sealed
with a key of its own, because a book passes from a guardian's account to its holder's and outlives both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from services.application.applications.book import BookFacts, months_before
from shared.events.application import (
    ChildPassportPassedOn,
    PassportPassedToHolder,
    PassportReported,
    PassportReportUndone,
)
from shared.events.codes import PassportReport
from shared.store.decision import Decision
from shared.store.transitions import Transitions

EXPIRING_MONTHS: Final = 12
"""A book that expires within these months can be replaced for that: from the first reminder on."""


class PassportSource(StrEnum):
    """Ways in which a passport came here."""

    PRINTED = "printed"
    """The issuance system printed it for an application."""
    IMPORTED = "imported"
    """Two officers took it over from an older system."""
    READ_BY_OFFICER = "read_by_officer"
    """An officer had the book in hand at the counter."""


class PassportState(StrEnum):
    """States of a passport."""

    PRINTED = "printed"
    """It waits at the office for its holder."""
    COLLECTED = "collected"
    LOST = "lost"
    """Reported as lost: it is blocked, also if it turns up, until an officer has undone the report."""
    DAMAGED = "damaged"
    REPLACED = "replaced"
    CANCELLED = "cancelled"
    """It was not collected in time."""


class PassportCommand(StrEnum):
    """Commands of a passport."""

    COLLECT = "collect"
    CANCEL = "cancel"
    REPORT_LOST = "report_lost"
    REPORT_DAMAGED = "report_damaged"
    UNDO_REPORT = "undo_report"
    REPLACE = "replace"


class PassportStep(StrEnum):
    """Next actions of its holder; :mod:`shared.next_calls` has the call that does each of them."""

    COLLECT = "collect"
    KEEP = "keep"
    REPLACE = "replace"
    SEE_NEWER = "see_newer"
    BEGIN_AGAIN = "begin_again"


PASSPORT_TRANSITIONS: Final[Transitions[PassportState, PassportCommand]] = Transitions(
    {
        (PassportState.PRINTED, PassportCommand.COLLECT): PassportState.COLLECTED,
        (PassportState.PRINTED, PassportCommand.CANCEL): PassportState.CANCELLED,
        (PassportState.COLLECTED, PassportCommand.REPORT_LOST): PassportState.LOST,
        (PassportState.COLLECTED, PassportCommand.REPORT_DAMAGED): PassportState.DAMAGED,
        (PassportState.COLLECTED, PassportCommand.REPLACE): PassportState.REPLACED,
        (PassportState.DAMAGED, PassportCommand.REPORT_LOST): PassportState.LOST,
        (PassportState.DAMAGED, PassportCommand.UNDO_REPORT): PassportState.COLLECTED,
        (PassportState.DAMAGED, PassportCommand.REPLACE): PassportState.REPLACED,
        (PassportState.LOST, PassportCommand.UNDO_REPORT): PassportState.COLLECTED,
        (PassportState.LOST, PassportCommand.REPLACE): PassportState.REPLACED,
    }
)
IN_HAND: Final = tuple(state for state in PassportState if PASSPORT_TRANSITIONS.allows(state, PassportCommand.REPLACE))
"""States of a book that was handed out and that no newer one has replaced."""

NEXT_STEPS: Final = {
    PassportState.PRINTED: PassportStep.COLLECT,
    PassportState.COLLECTED: PassportStep.KEEP,
    PassportState.LOST: PassportStep.REPLACE,
    PassportState.DAMAGED: PassportStep.REPLACE,
    PassportState.REPLACED: PassportStep.SEE_NEWER,
    PassportState.CANCELLED: PassportStep.BEGIN_AGAIN,
}
"""The next action by state; a collected book that expires soon is replaced."""

HELD: Final = (*IN_HAND, PassportState.REPLACED)
"""States of a book that was ever handed out."""

REPORTS: Final = {
    PassportReport.LOST: (PassportState.LOST, PassportCommand.REPORT_LOST),
    PassportReport.DAMAGED: (PassportState.DAMAGED, PassportCommand.REPORT_DAMAGED),
}


@dataclass(frozen=True)
class Passport:
    """The aggregate."""

    person_id: str
    account_id: str
    """The account that sees it: of the holder, or of the guardian of a child."""
    applicant_id: str
    """The applicant of that account."""
    book: BookFacts
    source: PassportSource
    recorded_at: datetime
    number_sealed: str
    """Sealed with the key of this passport's id."""
    fingerprints: tuple[str, ...]
    """Keyed fingerprints of the number, under every key of the ring; unique."""
    of_child: bool = False
    """A guardian's account has it: until the holder's 17th birthday."""
    state: PassportState = PassportState.COLLECTED
    office_id: str | None = None
    """The office that issued it, where that is known."""
    application_id: str | None = None
    """The application that it was printed for."""
    recorded_by: str | None = None
    """The officer whose word it rests on; none of a printed one."""
    agreed_by: str | None = None
    """The second officer of an import."""
    collected_at: datetime | None = None
    reported_at: datetime | None = None
    """When it was reported as lost or damaged, the latest report."""
    reported_by: str | None = None
    replaced_at: datetime | None = None
    replaced_by: str | None = None
    """The passport that took its place."""
    cancelled_at: datetime | None = None
    expiry_reminded_months: int | None = None
    """The newest reminder that it expires: 12, 9 or 6 months before; None before the first."""
    expiry_look_at: datetime | None = None
    """Until then a reminder that is due waits."""
    passed_on_at: datetime | None = None
    """When its guardian's account was told that its holder has come of age."""

    def expired(self, on: date) -> bool:
        """Return whether it is no longer valid on that day; on the day of expiry itself it is."""
        return on > self.book.expires_on

    def expiring(self, on: date) -> bool:
        """Return whether it expires within `EXPIRING_MONTHS`, or has expired."""
        return on >= months_before(self.book.expires_on, EXPIRING_MONTHS)


def collected(passport: Passport, now: datetime) -> Passport:
    """Return the passport handed to its holder.

    Raises:
        IllegalTransition: it does not wait for them.
    """
    return replace(_moved(passport, PassportCommand.COLLECT), collected_at=now)


def cancelled(passport: Passport, now: datetime) -> Passport:
    """Return the passport that was not collected in time.

    Raises:
        IllegalTransition: it does not wait for its holder.
    """
    return replace(_moved(passport, PassportCommand.CANCEL), cancelled_at=now)


def replaced(passport: Passport, by: str, now: datetime) -> Passport:
    """Return the passport in whose place the passport of the id ``by`` was collected.

    Raises:
        IllegalTransition: it was not handed out, or was replaced before.
    """
    return replace(_moved(passport, PassportCommand.REPLACE), replaced_at=now, replaced_by=by)


def reported(
    passport_id: str, passport: Passport, report: PassportReport, by: str, now: datetime
) -> Decision[Passport] | None:
    """Report it as lost or damaged, which blocks it; None where that was reported before.

    Raises:
        IllegalTransition: it is not in its holder's hands.
    """
    state, command = REPORTS[report]
    if passport.state is state:
        return None
    moved = replace(_moved(passport, command), reported_at=now, reported_by=by)
    event = PassportReported(
        passport_id=passport_id, account_id=passport.account_id, person_id=passport.person_id, report=report
    )
    return Decision(moved, (event,))


def report_undone(passport_id: str, passport: Passport) -> Decision[Passport] | None:
    """Undo a report, by an officer who has the book in hand; None where none stands.

    Raises:
        IllegalTransition: the book was replaced or cancelled, or was never handed out.
    """
    if passport.state is PassportState.COLLECTED:
        return None
    moved = replace(_moved(passport, PassportCommand.UNDO_REPORT), reported_at=None, reported_by=None)
    event = PassportReportUndone(passport_id=passport_id, account_id=passport.account_id, person_id=passport.person_id)
    return Decision(moved, (event,))


def passed_on(passport_id: str, passport: Passport, now: datetime) -> Decision[Passport] | None:
    """Tell the guardian's account, once, that the holder has come of age and the book is theirs alone."""
    if not passport.of_child or passport.passed_on_at is not None:
        return None
    event = ChildPassportPassedOn(
        passport_id=passport_id, account_id=passport.account_id, applicant_id=passport.applicant_id
    )
    return Decision(replace(passport, passed_on_at=now), (event,))


def passed_to_holder(
    passport_id: str, passport: Passport, account_id: str, applicant_id: str, now: datetime
) -> Decision[Passport] | None:
    """Give a child's book to the account that its grown holder has of their own, and tell it; once."""
    if not passport.of_child:
        return None
    told = passed_on(passport_id, passport, now)
    state = replace(
        told.state if told is not None else passport, of_child=False, account_id=account_id, applicant_id=applicant_id
    )
    event = PassportPassedToHolder(passport_id=passport_id, account_id=account_id, applicant_id=applicant_id)
    return Decision(state, (*(told.events if told is not None else ()), event))


def next_step(passport: Passport, on: date) -> PassportStep:
    """Return what its holder does next on that day."""
    if passport.state is PassportState.COLLECTED and passport.expiring(on):
        return PassportStep.REPLACE
    return NEXT_STEPS[passport.state]


def _moved(passport: Passport, command: PassportCommand) -> Passport:
    return replace(passport, state=PASSPORT_TRANSITIONS.after(passport.state, command))
