"""The office system that prints: what is handed over to it, when it is tried again, and when somebody must act."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from shared.calendar.national import NATIONAL_CALENDAR
from shared.calendar.working_days import JAKARTA
from shared.store.transitions import Transitions

ALERT_HOUR: Final = 18
"""An unacknowledged file is an alert at this hour of the office's own clock, the day before the visit."""

WORKING_DAYS_TO_ISSUE: Final = 4
"""A passport is issued at most this many working days after the interview."""

MOST_REFUSALS: Final = 5
"""Times in a row that the issuance system may say no to the same file: the same content is refused for ever, and
somebody must look. While it does not answer it is tried without end."""


@dataclass(frozen=True)
class Handed:
    """One document as it was handed over, for the rule that only accepted ones are (I9), and where its picture is."""

    document_id: str
    sha256: str
    acknowledged_at: datetime | None = None
    """When the issuance system said that it has the picture and that its hash is right."""
    problem: str | None = None
    """Why the picture is not there yet, as a code."""
    refusals: int = 0
    """Times in a row that the issuance system said no to this picture."""

    @property
    def refused(self) -> bool:
        """Return whether the picture is tried no more: a person looks at the document, or has it sent again."""
        return self.acknowledged_at is None and self.refusals >= MOST_REFUSALS

    @property
    def waiting(self) -> bool:
        """Return whether the picture has to be tried again."""
        return self.acknowledged_at is None and not self.refused


@dataclass(frozen=True)
class HandOver:
    """The file of one visit on its way to the issuance system."""

    visit_key: str
    alert_at: datetime
    next_try_at: datetime | None
    """None once acknowledged, or while a person must act first (see ``problem``)."""
    tries: int = 0
    delivery_id: str | None = None
    documents: tuple[Handed, ...] = ()
    handed_at: datetime | None = None
    acknowledged_at: datetime | None = None
    problem: str | None = None
    """Why it is not there yet: ``documents_not_accepted``, ``upstream_down``, ``waiting``, ``rejected``,
    `PICTURES_UNDER_WAY` or `PICTURE_REFUSED`."""
    overdue_since: datetime | None = None
    refusals: int = 0
    """Refused so often in a row; from `MOST_REFUSALS` on nothing is tried until somebody asks."""


PICTURES_UNDER_WAY: Final = "pictures_under_way"
"""The file is there; its pictures follow one after the other."""

PICTURE_REFUSED: Final = "picture_refused"
"""The issuance system takes a picture no more; ``documents`` name which."""


class RecallState(StrEnum):
    """States of a recall."""

    ASKED = "asked"
    RECALLED = "recalled"
    """The issuance system does not print; the approval waits for the fee."""
    TOO_LATE = "too_late"
    """The book was printed already: it stays at the office until the fee is paid."""


class RecallCommand(StrEnum):
    """Commands of a recall."""

    CONFIRM = "confirm"
    FIND_PRINTED = "find_printed"


RECALL_TRANSITIONS: Final[Transitions[RecallState, RecallCommand]] = Transitions(
    {
        (RecallState.ASKED, RecallCommand.CONFIRM): RecallState.RECALLED,
        (RecallState.ASKED, RecallCommand.FIND_PRINTED): RecallState.TOO_LATE,
    }
)


@dataclass(frozen=True)
class Recall:
    """An order to print that is taken back, since its visit does not count."""

    asked_at: datetime
    next_try_at: datetime | None
    """None once it has ended."""
    state: RecallState = RecallState.ASKED
    tries: int = 0
    problem: str | None = None
    refusals: int = 0
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Approval:
    """An approval on its way to the issuance system, then the wait for the book."""

    approved_at: datetime
    next_try_at: datetime | None
    tries: int = 0
    acknowledged_at: datetime | None = None
    next_poll_at: datetime | None = None
    polls: int = 0
    printed_at: datetime | None = None
    problem: str | None = None
    refusals: int = 0
    order: int = 1
    """Which order to print it is: another one follows a recall, once the fee is paid."""
    recall: Recall | None = None
    queued_at: datetime | None = None
    """When the issuance system was first heard to have it in the queue for printing."""
    overdue_since: datetime | None = None
    """When the office was told that the book is not printed in time."""


def with_known_pictures(documents: Iterable[Handed], earlier: Iterable[Handed]) -> tuple[Handed, ...]:
    """Return the documents with what is known of their pictures; another content is another picture."""
    known = {(document.document_id, document.sha256): document for document in earlier}
    return tuple(known.get((document.document_id, document.sha256), document) for document in documents)


def picture_acknowledged(document: Handed, now: datetime) -> Handed:
    """The document whose picture the issuance system has; the first acknowledgement keeps its time."""
    return replace(document, acknowledged_at=document.acknowledged_at or now, problem=None, refusals=0)


def picture_missing(document: Handed) -> Handed:
    """The document whose picture the issuance system does not have, whatever it said before."""
    return replace(document, acknowledged_at=None)


def picture_waits(document: Handed, problem: str, *, is_refused: bool = False) -> Handed:
    """The document after a try with its picture failed, for the coded reason."""
    return replace(document, problem=problem, refusals=document.refusals + 1 if is_refused else 0)


def asked_again(document: Handed) -> Handed:
    """The document whose picture may be tried again, since a person asked or the file has changed."""
    return replace(document, problem=None, refusals=0)


class PrintStage(StrEnum):
    """How far an approved passport is, as the issuance system tells."""

    APPROVED = "approved"
    """The interview was passed; the issuance system has not acknowledged the approval."""
    ADJUDICATION = "adjudication"
    """It has the approval and checks the data against its records."""
    QUEUED = "queued"
    PRINTED = "printed"


def print_stage(approval: Approval) -> PrintStage:
    """Return how far the passport of this approval is."""
    if approval.printed_at is not None:
        return PrintStage.PRINTED
    if approval.queued_at is not None:
        return PrintStage.QUEUED
    return PrintStage.APPROVED if approval.acknowledged_at is None else PrintStage.ADJUDICATION


def alert_time(starts_at: datetime, timezone: str, confirmed_at: datetime, grace_seconds: float) -> datetime:
    """When an unacknowledged file becomes an alert: 18:00 at the office the day before, or after the grace if later."""
    zone = ZoneInfo(timezone)
    day_before = starts_at.astimezone(zone).date() - timedelta(days=1)
    evening = datetime.combine(day_before, time(ALERT_HOUR), zone)
    return max(evening, confirmed_at + timedelta(seconds=grace_seconds)).astimezone(starts_at.tzinfo)


def replacing_ends(starts_at: datetime, timezone: str) -> datetime:
    """The end of the day before the visit, at the office: until then an applicant may replace documents."""
    zone = ZoneInfo(timezone)
    visit_day = starts_at.astimezone(zone).date()
    return datetime.combine(visit_day, time(0), zone).astimezone(starts_at.tzinfo)


def issue_due(approved_at: datetime) -> datetime:
    """Return the moment by which the book should be printed: four working days later, by the national calendar."""
    day = approved_at.astimezone(JAKARTA).date()
    return approved_at + (NATIONAL_CALENDAR.working_day_after(day, WORKING_DAYS_TO_ISSUE) - day)
