"""One application from draft to collected passport: its states, what moves it, and what each move says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.application.applications.book import BookFacts
from services.application.applications.collection import Proxy, next_reminder_at
from services.application.applications.correction import Correction
from services.application.applications.document import FIRST_PAGE, PRESENT_STATES, Document, DocumentState
from services.application.applications.earlier_books import EarlierBookQuestion
from services.application.applications.hand_over import Approval, Handed, HandOver, alert_time, asked_again, issue_due
from services.application.applications.pages import missing_pages, present_pages
from services.application.applications.visit import Seat, Visits
from services.application.requirements.answers import Answers
from services.application.requirements.requirement import CAPITAL_ZONE
from services.application.rules import DRAFT_IDLE, DRAFT_WARNING, Pace
from shared.store.decision import Decision
from shared.store.transitions import Transitions

NUMBER_DIGITS: Final = 16

LARGEST_TIMELINE: Final = 300
"""Entries kept; the oldest after the first one give way."""


DRAFT_WORKERS: Final = frozenset({"applicant", "front_officer"})
"""Authors whose lines in the timeline keep a draft; messages that are sent and events do not."""


class Status(StrEnum):
    """States of an application. Scheduling owns seats, billing owns bills."""

    __schema_name__ = "ApplicationState"

    DRAFT = "draft"
    IDENTITY_PENDING = "identity_pending"
    """Submitted; no other service is told before the civil registry has confirmed who applies."""
    SUBMITTED = "submitted"
    INCOMPLETE = "incomplete"
    APPROVED = "approved"
    PRINTED = "printed"
    COLLECTED = "collected"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class Command(StrEnum):
    """Commands of an application."""

    ANSWER = "answer"
    SUBMIT = "submit"
    SUBMIT_UNCONFIRMED = "submit_unconfirmed"
    CONFIRM_IDENTITY = "confirm_identity"
    RETURN_TO_DRAFT = "return_to_draft"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    FIND_INCOMPLETE = "find_incomplete"
    REFUSE = "refuse"
    PRINT = "print"
    COLLECT = "collect"
    CLOSE = "close"


TRANSITIONS: Final[Transitions[Status, Command]] = Transitions(
    {
        (Status.DRAFT, Command.ANSWER): Status.DRAFT,
        (Status.DRAFT, Command.SUBMIT): Status.SUBMITTED,
        (Status.DRAFT, Command.SUBMIT_UNCONFIRMED): Status.IDENTITY_PENDING,
        (Status.DRAFT, Command.WITHDRAW): Status.WITHDRAWN,
        (Status.IDENTITY_PENDING, Command.CONFIRM_IDENTITY): Status.SUBMITTED,
        (Status.IDENTITY_PENDING, Command.RETURN_TO_DRAFT): Status.DRAFT,
        (Status.IDENTITY_PENDING, Command.WITHDRAW): Status.WITHDRAWN,
        (Status.DRAFT, Command.CLOSE): Status.CLOSED,
        (Status.SUBMITTED, Command.WITHDRAW): Status.WITHDRAWN,
        (Status.SUBMITTED, Command.APPROVE): Status.APPROVED,
        (Status.SUBMITTED, Command.FIND_INCOMPLETE): Status.INCOMPLETE,
        (Status.SUBMITTED, Command.REFUSE): Status.REFUSED,
        (Status.INCOMPLETE, Command.APPROVE): Status.APPROVED,
        (Status.INCOMPLETE, Command.FIND_INCOMPLETE): Status.INCOMPLETE,
        (Status.INCOMPLETE, Command.REFUSE): Status.REFUSED,
        (Status.INCOMPLETE, Command.CLOSE): Status.CLOSED,
        (Status.APPROVED, Command.PRINT): Status.PRINTED,
        (Status.PRINTED, Command.COLLECT): Status.COLLECTED,
        (Status.PRINTED, Command.CLOSE): Status.CLOSED,
    }
)
FINAL: Final = frozenset({Status.COLLECTED, Status.REFUSED, Status.WITHDRAWN, Status.CLOSED})
LIVE: Final = tuple(status for status in Status if status not in FINAL)
"""One application in these states per applicant of an account."""

HOLDS_PERSON: Final = tuple(status for status in LIVE if status is not Status.DRAFT)
"""One application in these states per person, in whichever account. A draft is none of them: anybody can begin it."""

BEFORE_INTERVIEW: Final = frozenset({Status.DRAFT, Status.IDENTITY_PENDING, Status.SUBMITTED})
TAKES_DOCUMENTS: Final = BEFORE_INTERVIEW | {Status.INCOMPLETE}
PAST_INTERVIEW: Final = frozenset({Status.APPROVED, Status.PRINTED, Status.COLLECTED})


@dataclass(frozen=True)
class Author:
    """The author of a timeline entry: a role or a service, and for a person the account."""

    who: str
    by: str | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the timeline."""

    id: str
    at: datetime
    what: str
    who: str
    by: str | None = None
    detail: str | None = None
    """A code, never free text."""


@dataclass(frozen=True)
class Letter:
    """The cover letter of one certain visit."""

    visit_key: str
    file_id: str
    made_at: datetime
    size_bytes: int


@dataclass(frozen=True)
class LetterTrouble:
    """A letter that could not be made, for the class of the error; given up once ``failed_at`` is set."""

    visit_key: str
    tries: int
    problem: str
    failed_at: datetime | None = None


@dataclass(frozen=True)
class RefusalLetter:
    """The letter that tells a refused applicant reason, rule and ways of redress."""

    file_id: str
    made_at: datetime


@dataclass(frozen=True)
class Interview:
    """The recorded outcome of an interview."""

    outcome: str
    at: datetime
    by: str
    reason_code: str | None = None
    note_sealed: str | None = None
    complete_until: datetime | None = None
    missing: tuple[str, ...] = ()
    """Codes of the list's items whose papers were missing; of an incomplete interview at least one."""
    note_withheld: str | None = None
    """The ground on which the head of the office keeps the note from the applicant (UU 14/2008 art. 17)."""


@dataclass(frozen=True)
class Appeal:
    """A refused applicant's objection to the head of the office (UU 30/2014 art. 77)."""

    lodged_at: datetime
    lodged_by: str
    answer_due: datetime
    text_sealed: str | None


@dataclass(frozen=True)
class Application:
    """The aggregate. No name, NIK or birth data: those lie, encrypted, with the applicant."""

    number: str
    account_id: str
    applicant_id: str
    person_id: str
    """Of the person; the applicant's id while their identity is not confirmed."""
    started_at: datetime
    status: Status = Status.DRAFT
    identity_look_at: datetime | None = None
    """When the applicant's confirmation is looked for next; None once the identity is confirmed."""
    waiting_person_id: str | None = None
    """The person, now that they are known, while another account's application for them is in this one's way."""
    draft_warned_at: datetime | None = None
    """When the applicant was told that the draft is going to end."""
    closed_for_person: bool = False
    """Whether an officer closed it because its person applies with another account."""
    assisting_office_id: str | None = None
    answers: Answers | None = None
    minor: bool = False
    rules_version: str | None = None
    documents: tuple[Document, ...] = ()
    submitted_at: datetime | None = None
    visits: Visits = field(default_factory=Visits)
    office_id: str | None = None
    """The office of the live appointment (else of the last one); what staff may see hangs on it."""
    visit_at: datetime | None = None
    letter_due_at: datetime | None = None
    letter: Letter | None = None
    letter_trouble: LetterTrouble | None = None
    hand_over: HandOver | None = None
    originals: tuple[str, ...] = ()
    """Codes of the items whose originals an officer has seen."""
    originals_by: str | None = None
    interview: Interview | None = None
    corrections: tuple[Correction, ...] = ()
    """Corrections by officers, and by the applicant before the payment, with the price that billing told."""
    earlier_books: EarlierBookQuestion | None = None
    """The question to the issuance system about earlier books; None before the questionnaire is answered."""
    approval: Approval | None = None
    passport_number_sealed: str | None = None
    passport_number_subject: str | None = None
    """The subject of the key that seals it: None for the applicant; the application itself once they are erased."""
    printed_book: BookFacts | None = None
    """Kind and dates of the printed book; none in documents from before these were kept."""
    collect_until: datetime | None = None
    collection_reminded_day: int = 0
    """The day after printing of the newest reminder to collect the book; 0 before the first."""
    proxy: Proxy | None = None
    """Announced by the holder; kept once taken back, so that a letter for that person is refused."""
    collected_by: str | None = None
    collector_sealed: str | None = None
    """JSON of name and NIK of the person who collected the book for its holder, encrypted for the applicant."""
    refusal_letter_due_at: datetime | None = None
    refusal_letter: RefusalLetter | None = None
    appeal: Appeal | None = None
    timeline: tuple[Entry, ...] = ()
    closed_at: datetime | None = None
    """When it ended; None while it is live, and in older documents that ended before this was kept."""
    file_ids: tuple[str, ...] = ()
    """Every file that this application refers to: what the sweeper must leave alone."""

    def document(self, document_id: str) -> Document | None:
        """Return the document of that id, or None."""
        return next((document for document in self.documents if document.document_id == document_id), None)

    def present(self) -> dict[str, Document]:
        """Return the first page of each item that is there, accepted or flagged, by item."""
        return {code: pages[0] for code, pages in self.pages().items() if pages[0].page == FIRST_PAGE}

    def pages(self) -> dict[str, tuple[Document, ...]]:
        """Return the pages that are there, accepted or flagged, in their order, by item."""
        items = dict.fromkeys(known.requirement for known in self.documents if known.state in PRESENT_STATES)
        return {code: present_pages(self.documents, code) for code in items}

    def missing_pages(self) -> dict[str, tuple[int, ...]]:
        """Return the pages that are missing between others or were asked for again, by item; nothing without a gap."""
        gaps = {code: missing_pages(self.documents, code) for code in self.pages()}
        return {code: pages for code, pages in gaps.items() if pages}

    @property
    def live(self) -> bool:
        """Return whether it has not ended."""
        return self.status not in FINAL

    @property
    def identity_confirmed(self) -> bool:
        """Return whether the civil registry has confirmed who applies."""
        return self.identity_look_at is None

    @property
    def next_collection_reminder_at(self) -> datetime | None:
        """Return when the holder is reminded next to collect the book; None while it cannot be collected."""
        printed_at = self.approval.printed_at if self.approval is not None else None
        if self.status is not Status.PRINTED or printed_at is None or self.visits.unpaid:
            return None
        return next_reminder_at(printed_at, self.collection_reminded_day, self.office_timezone)

    @property
    def office_timezone(self) -> str:
        """Return the zone of the office of the visit; that of the capital where none is known."""
        seat = self.visits.last_seat
        return seat.office_timezone if seat is not None and seat.office_timezone is not None else CAPITAL_ZONE

    @property
    def another_open(self) -> bool:
        """Return whether it waits for the end of the person's other application."""
        return self.waiting_person_id is not None


Decide = Callable[[Application], Decision[Application] | None]
"""Decides on an application as it was read; None changes nothing."""


def application_number(application_id: str, year: int, attempt: int) -> str:
    """A number of sixteen digits that begins with the year; another attempt gives another number."""
    digest = hashlib.sha256(f"{application_id}:{attempt}".encode()).digest()
    rest = NUMBER_DIGITS - 4
    return f"{year:04d}{int.from_bytes(digest[:8], 'big') % 10**rest:0{rest}d}"


def moved(application: Application, command: Command) -> Application:
    """Return the application in its next state.

    Raises:
        IllegalTransition: the table does not have the pair.
    """
    return replace(application, status=TRANSITIONS.after(application.status, command))


def with_end(decision: Decision[Application], now: datetime) -> Decision[Application]:
    """Return the decision with the time at which it ends the application, if it does; retention counts from it."""
    state = decision.state
    if state.live or state.closed_at is not None:
        return decision
    return replace(decision, state=replace(state, closed_at=now))


def allows(application: Application, command: Command) -> bool:
    """Return whether the table allows the command in the application's state."""
    return TRANSITIONS.allows(application.status, command)


def with_entry(application: Application, entry: Entry) -> Application:
    """Return the application with one more line in its timeline; a line that is there is not written again."""
    if any(line.id == entry.id for line in application.timeline):
        return application
    lines = sorted((*application.timeline, entry), key=lambda line: line.at)
    if len(lines) > LARGEST_TIMELINE:
        del lines[1]
    return replace(application, timeline=tuple(lines))


def with_documents(application: Application, documents: Collection[Document]) -> Application:
    """The application with these documents, and its references to files in step with them."""
    return refer_to_files(replace(application, documents=tuple(documents)))


def refer_to_files(application: Application) -> Application:
    """The application with `file_ids` naming every file of its documents and its letters."""
    files = [document.file_id for document in application.documents if document.file_id is not None]
    if application.letter is not None:
        files.append(application.letter.file_id)
    if application.refusal_letter is not None:
        files.append(application.refusal_letter.file_id)
    return replace(application, file_ids=tuple(files))


def with_document(application: Application, document: Document) -> Application:
    """The application with this document in place of the one of its id, or added."""
    others = [other for other in application.documents if other.document_id != document.document_id]
    return with_documents(application, (*others, document))


def settled(application: Application, pace: Pace, now: datetime) -> Application:
    """The application with the work that its certain visit asks for: letter, hand-over, alert. Whatever order facts
    came in, the same facts ask for the same work. The file of a visitor who was let in on a proof of payment goes too.
    """
    last, seat = application.visits.last_seat, application.visits.seat
    if last is not None and last.office_id is not None:
        application = replace(application, office_id=last.office_id, visit_at=last.starts_at)
    if application.status not in BEFORE_INTERVIEW:
        # told of the certain visit only after the interview: the file must still go, or the book is never printed
        if application.status is Status.APPROVED and application.hand_over is None and seat and seat.needs_file:
            return _with_hand_over(application, seat, pace, now)
        return application
    if seat is None or not seat.needs_file:
        return _without_visit_work(application)
    if seat.certain:
        application = _with_letter(application, seat, now)
    if application.hand_over is None or application.hand_over.visit_key != seat.visit_key:
        application = _with_hand_over(application, seat, pace, now)
    return application


def _with_letter(application: Application, seat: Seat, now: datetime) -> Application:
    trouble = application.letter_trouble
    given_up = trouble is not None and trouble.visit_key == seat.visit_key and trouble.failed_at is not None
    if not given_up and (application.letter is None or application.letter.visit_key != seat.visit_key):
        application = replace(application, letter_due_at=application.letter_due_at or now)
    return application


def _with_hand_over(application: Application, seat: Seat, pace: Pace, now: datetime) -> Application:
    assert seat.starts_at is not None and seat.office_timezone is not None  # noqa: S101 - `needs_file` says so
    alert_at = alert_time(seat.starts_at, seat.office_timezone, now, pace.alert_grace_seconds)
    return replace(application, hand_over=HandOver(seat.visit_key, alert_at, next_try_at=now))


def to_hand_over(application: Application, compulsory: Collection[str]) -> tuple[Handed, ...] | None:
    """The documents that go to the issuance system, or none while one that must go is not accepted (I9).

    An item goes with all its pages, in their order, or not at all. What is not compulsory goes along if it was accepted
    and stays here if not.
    """
    gaps = application.missing_pages()
    accepted = {
        code: pages
        for code, pages in application.pages().items()
        if code not in gaps and all(page.state is DocumentState.ACCEPTED for page in pages)
    }
    if not set(compulsory) <= set(accepted):
        return None
    return tuple(Handed(page.document_id, page.sha256 or "") for _, pages in sorted(accepted.items()) for page in pages)


def hand_over_again(application: Application, pace: Pace, now: datetime, *, at: datetime | None = None) -> Application:
    """The file is due (now, or `at`): somebody asked, its documents changed, or it got lost on the other side.

    Without a visit there is nothing to hand over.
    """
    hand_over = application.hand_over
    if hand_over is None:
        return application
    alert_at = max(hand_over.alert_at, now + timedelta(seconds=pace.alert_grace_seconds))
    documents = tuple(asked_again(document) for document in hand_over.documents)
    again = replace(
        hand_over, next_try_at=at or now, acknowledged_at=None, alert_at=alert_at, refusals=0, documents=documents
    )
    return replace(application, hand_over=again)


def draft_touched_at(application: Application) -> datetime:
    """Return when somebody last worked on the draft: the applicant, or an officer who assists them."""
    lines = [line.at for line in application.timeline if line.who in DRAFT_WORKERS]
    return max([application.started_at, *lines, *(document.created_at for document in application.documents)])


def draft_ends_at(application: Application) -> datetime:
    """Return when a draft without work on it ends; once it was warned of, not before the warning's time is over."""
    ends_at = draft_touched_at(application) + DRAFT_IDLE
    warned_at = application.draft_warned_at
    return ends_at if warned_at is None else max(ends_at, warned_at + DRAFT_WARNING)


def draft_is_warned(application: Application) -> bool:
    """Return whether the applicant was warned since the draft was last worked on."""
    warned_at = application.draft_warned_at
    return warned_at is not None and warned_at > draft_touched_at(application)


def draft_deadlines(application: Application) -> Mapping[str, datetime]:
    """Return when the applicant is warned that the draft ends, then when it ends."""
    if application.status is not Status.DRAFT:
        return {}
    if draft_is_warned(application):
        return {"draft_end": draft_ends_at(application)}
    return {"draft_warning": draft_touched_at(application) + DRAFT_IDLE - DRAFT_WARNING}


def deadlines(application: Application) -> Mapping[str, datetime]:
    """Return the deadlines that are open, by name."""
    hand_over, approval, interview = application.hand_over, application.approval, application.interview
    waiting = hand_over is not None and hand_over.acknowledged_at is None
    uploads = [document.upload_until for document in application.documents if document.state is DocumentState.UPLOADING]
    checks = [document.check_until for document in application.documents if document.state is DocumentState.CHECKING]
    found = {
        "identity": application.identity_look_at if application.live else None,
        "letter": application.letter_due_at,
        "hand_over": hand_over.next_try_at if hand_over else None,
        "hand_over_alert": hand_over.alert_at if hand_over and waiting and hand_over.overdue_since is None else None,
        "approval": approval.next_try_at if approval and not (approval.recall or application.visits.unpaid) else None,
        "recall": approval.recall.next_try_at if approval and approval.recall else None,
        "printing": approval.next_poll_at if approval else None,
        "print_alert": print_alert_at(application),
        "refusal_letter": application.refusal_letter_due_at,
        "uploads": min(uploads, default=None),
        "checks": min((until for until in checks if until is not None), default=None),
        "earlier_books": _next_question_at(application),
        "papers": interview.complete_until if interview and application.status is Status.INCOMPLETE else None,
        "collection": application.collect_until if application.status is Status.PRINTED else None,
        "collection_reminder": application.next_collection_reminder_at,
    }
    return {**{name: at for name, at in found.items() if at is not None}, **draft_deadlines(application)}


def print_alert_at(application: Application) -> datetime | None:
    """Return when the office is told that the book is overdue; None while nothing is printed, or once it was told."""
    approval = application.approval
    if application.status is not Status.APPROVED or approval is None or approval.overdue_since is not None:
        return None
    return None if application.visits.unpaid else issue_due(approval.approved_at)


def _next_question_at(application: Application) -> datetime | None:
    """Return when the issuance system is asked about earlier books again; None once the visitor is here."""
    question, seat = application.earlier_books, application.visits.seat
    is_visiting = seat is not None and seat.checked_in_at is not None
    is_before_visit = application.status in BEFORE_INTERVIEW and application.identity_confirmed and not is_visiting
    return question.next_try_at if question is not None and is_before_visit else None


def _without_visit_work(application: Application) -> Application:
    return replace(application, letter_due_at=None, hand_over=None)


def without_work(application: Application) -> Application:
    hand_over = application.hand_over
    if hand_over is not None and hand_over.acknowledged_at is None:
        hand_over = None
    return replace(application, letter_due_at=None, hand_over=hand_over, collect_until=None)
