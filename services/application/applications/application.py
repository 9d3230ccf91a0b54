"""One application from draft to collected passport: its states, what moves it, and what each move says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.application.applications.correction import Correction
from services.application.applications.document import PRESENT_STATES, Document, DocumentState
from services.application.applications.hand_over import MOST_REFUSALS, Approval, Handed, HandOver, Pace, alert_time
from services.application.applications.visit import Seat, Visits
from services.application.requirements.answers import Answers
from shared.events.application import (
    ApplicationDrafted,
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    ApprovalHandedOver,
    FileHandedOver,
    HandOverOverdue,
    InterviewRecorded,
    LetterReady,
    PassportCollected,
    PassportPrinted,
)
from shared.events.message import Message

NUMBER_DIGITS: Final = 16
PAPERS_DAYS: Final = 7
"""Missing papers must be completed within seven days of the interview."""

COLLECTION_DAYS: Final = 30
"""A passport that is not collected within a month of issue is cancelled (Permenkumham 8/2014 art. 30)."""

LARGEST_TIMELINE: Final = 300
"""Entries kept; the oldest after the first one give way."""


class Status(StrEnum):
    """What application itself decides; seats and bills have owners of their own."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    INCOMPLETE = "incomplete"
    APPROVED = "approved"
    PRINTED = "printed"
    COLLECTED = "collected"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class Command(StrEnum):
    """What may be asked of an application."""

    ANSWER = "answer"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    FIND_INCOMPLETE = "find_incomplete"
    REFUSE = "refuse"
    PRINT = "print"
    COLLECT = "collect"
    CLOSE = "close"


TRANSITIONS: Final[Mapping[tuple[Status, Command], Status]] = {
    (Status.DRAFT, Command.ANSWER): Status.DRAFT,
    (Status.DRAFT, Command.SUBMIT): Status.SUBMITTED,
    (Status.DRAFT, Command.WITHDRAW): Status.WITHDRAWN,
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
FINAL: Final = frozenset({Status.COLLECTED, Status.REFUSED, Status.WITHDRAWN, Status.CLOSED})
LIVE: Final = tuple(status for status in Status if status not in FINAL)
"""One application in these states per person."""

BEFORE_INTERVIEW: Final = frozenset({Status.DRAFT, Status.SUBMITTED})
TAKES_DOCUMENTS: Final = frozenset({Status.DRAFT, Status.SUBMITTED, Status.INCOMPLETE})
PAST_INTERVIEW: Final = frozenset({Status.APPROVED, Status.PRINTED, Status.COLLECTED})


class MoveIllegal(Exception):
    """The application's state does not allow the command."""

    def __init__(self, status: Status, command: Command) -> None:
        super().__init__(f"an application that is {status} cannot {command}")
        self.status = status
        self.command = command


@dataclass(frozen=True)
class Actor:
    """Who acts: a role or a service, and for a person the account."""

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


MOST_LETTER_TRIES: Final = 3
"""Of one visit's letter. Typesetting asks nothing of the outside: what fails three times fails always."""

LETTER_PAUSE: Final = timedelta(seconds=60)
"""Between two tries of a letter."""


@dataclass(frozen=True)
class LetterTrouble:
    """A letter that could not be made, for the class of the error; given up once ``failed_at`` is set."""

    visit_key: str
    tries: int
    problem: str
    failed_at: datetime | None = None


@dataclass(frozen=True)
class Interview:
    """What an interviewer recorded."""

    outcome: str
    at: datetime
    by: str
    reason_code: str | None = None
    note_sealed: str | None = None
    complete_until: datetime | None = None


@dataclass(frozen=True)
class Application:
    """The aggregate. No name, NIK or birth data: those lie, encrypted, with the applicant."""

    number: str
    account_id: str
    applicant_id: str
    person_id: str
    started_at: datetime
    status: Status = Status.DRAFT
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
    """What officers corrected, and what billing made of it."""
    approval: Approval | None = None
    passport_number_sealed: str | None = None
    collect_until: datetime | None = None
    collected_by: str | None = None
    timeline: tuple[Entry, ...] = ()
    file_ids: tuple[str, ...] = ()
    """Every file that this application refers to: what the sweeper must leave alone."""

    def document(self, document_id: str) -> Document | None:
        """The document of that id, or none."""
        return next((each for each in self.documents if each.document_id == document_id), None)

    def present(self) -> dict[str, Document]:
        """The document that counts, by item."""
        return {each.requirement: each for each in self.documents if each.state in PRESENT_STATES}

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.status not in FINAL


@dataclass(frozen=True)
class Decision:
    """The new state and what is said about it."""

    state: Application
    events: tuple[Message, ...] = ()


Decide = Callable[[Application], Decision | None]
"""What a use case makes of an application as it was read; None changes nothing."""


def application_number(application_id: str, year: int, attempt: int) -> str:
    """A number of sixteen digits that begins with the year; another attempt gives another number."""
    digest = hashlib.sha256(f"{application_id}:{attempt}".encode()).digest()
    rest = NUMBER_DIGITS - 4
    return f"{year:04d}{int.from_bytes(digest[:8], 'big') % 10**rest:0{rest}d}"


def moved(application: Application, command: Command) -> Application:
    """The application in its next state.

    Raises:
        MoveIllegal: the table knows no such move.
    """
    target = TRANSITIONS.get((application.status, command))
    if target is None:
        raise MoveIllegal(application.status, command)
    return replace(application, status=target)


def allows(application: Application, command: Command) -> bool:
    """Whether the table knows the move."""
    return (application.status, command) in TRANSITIONS


def noted(application: Application, entry: Entry) -> Application:
    """The application with one more line in its timeline; a line that is there is not written again."""
    if any(each.id == entry.id for each in application.timeline):
        return application
    lines = sorted((*application.timeline, entry), key=lambda each: each.at)
    if len(lines) > LARGEST_TIMELINE:
        del lines[1]
    return replace(application, timeline=tuple(lines))


def with_documents(application: Application, documents: Collection[Document]) -> Application:
    """The application with these documents, and its references to files in step with them."""
    return refer_to_files(replace(application, documents=tuple(documents)))


def refer_to_files(application: Application) -> Application:
    """The application with `file_ids` naming every file of its documents and its letter."""
    files = [each.file_id for each in application.documents if each.file_id is not None]
    if application.letter is not None:
        files.append(application.letter.file_id)
    return replace(application, file_ids=tuple(files))


def with_document(application: Application, document: Document) -> Application:
    """The application with this document in place of the one of its id, or added."""
    others = [each for each in application.documents if each.document_id != document.document_id]
    return with_documents(application, (*others, document))


def drafted(application_id: str, draft: Application) -> Decision:
    """A draft has begun."""
    event = ApplicationDrafted(
        application_id=application_id,
        account_id=draft.account_id,
        applicant_id=draft.applicant_id,
        person_id=draft.person_id,
    )
    return Decision(draft, (event,))


def answered(application: Application, answers: Answers, *, minor: bool, rules_version: str) -> Decision:
    """The questionnaire is answered, for the first time or anew."""
    state = replace(moved(application, Command.ANSWER), answers=answers, minor=minor, rules_version=rules_version)
    return Decision(state)


def submitted(application_id: str, application: Application, now: datetime, age_band: str | None = None) -> Decision:
    """Every compulsory item is there and the applicant knows what is not paid back."""
    answers = application.answers
    if answers is None:
        raise MoveIllegal(application.status, Command.SUBMIT)
    state = replace(moved(application, Command.SUBMIT), submitted_at=now)
    event = ApplicationSubmitted(
        application_id=application_id,
        account_id=application.account_id,
        applicant_id=application.applicant_id,
        person_id=application.person_id,
        passport_kind=answers.passport_kind.value,
        validity_years=answers.validity_years,
        reason=answers.reason.value,
        zero_tariff=answers.zero_tariff.value if answers.zero_tariff else None,
        minor=application.minor,
        age_band=age_band,
        submitted_at=now,
    )
    return Decision(state, (event,))


def withdrawn(application_id: str, application: Application, now: datetime) -> Decision:
    """The applicant gave up before the visit."""
    state = _without_work(moved(application, Command.WITHDRAW))
    event = ApplicationWithdrawn(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        withdrawn_at=now,
    )
    return Decision(state, (event,))


def settled(application: Application, pace: Pace, now: datetime) -> Application:
    """The application with the work that its certain visit asks for: letter, hand-over, alert. Whatever order facts
    came in, the same facts ask for the same work.
    """
    last, seat = application.visits.last_seat, application.visits.seat
    if last is not None and last.office_id is not None:
        application = replace(application, office_id=last.office_id, visit_at=last.starts_at)
    if application.status not in BEFORE_INTERVIEW:
        # told of the certain visit only after the interview: the file must still go, or the book is never printed
        file_must_go = application.status is Status.APPROVED and application.hand_over is None
        return _with_hand_over(application, seat, pace, now) if file_must_go and seat and seat.certain else application
    if seat is None or not seat.certain:
        return _without_visit_work(application)
    trouble = application.letter_trouble
    given_up = trouble is not None and trouble.visit_key == seat.visit_key and trouble.failed_at is not None
    if not given_up and (application.letter is None or application.letter.visit_key != seat.visit_key):
        application = replace(application, letter_due_at=application.letter_due_at or now)
    if application.hand_over is None or application.hand_over.visit_key != seat.visit_key:
        application = _with_hand_over(application, seat, pace, now)
    return application


def _with_hand_over(application: Application, seat: Seat, pace: Pace, now: datetime) -> Application:
    assert seat.starts_at is not None and seat.office_timezone is not None  # noqa: S101 - `certain` says so
    alert_at = alert_time(seat.starts_at, seat.office_timezone, now, pace.alert_grace_seconds)
    return replace(application, hand_over=HandOver(seat.visit_key, alert_at, next_try_at=now))


def lettered(application_id: str, application: Application, letter: Letter) -> Decision:
    """The letter is stored."""
    seat = application.visits.seat
    state = refer_to_files(replace(application, letter=letter, letter_due_at=None, letter_trouble=None))
    if seat is None or seat.visit_key != letter.visit_key:
        return Decision(replace(application, letter_due_at=None))
    event = LetterReady(
        application_id=application_id, account_id=application.account_id, appointment_id=seat.appointment_id
    )
    return Decision(state, (event,))


def letter_failed(application: Application, visit_key: str, problem: str, now: datetime) -> Application:
    """A try to make the visit's letter failed: tried again after a pause, given up after `MOST_LETTER_TRIES`."""
    known = application.letter_trouble
    tries = known.tries + 1 if known is not None and known.visit_key == visit_key else 1
    given_up = tries >= MOST_LETTER_TRIES
    trouble = LetterTrouble(visit_key, tries, problem, failed_at=now if given_up else None)
    return replace(application, letter_trouble=trouble, letter_due_at=None if given_up else now + LETTER_PAUSE)


def letter_again(application: Application, now: datetime) -> Application:
    """The letter is due now, with all its tries."""
    return replace(application, letter_trouble=None, letter_due_at=now)


def handed(
    application: Application,
    *,
    delivery_id: str,
    documents: tuple[Handed, ...],
    problem: str | None,
    pace: Pace,
    now: datetime,
    refused: bool = False,
) -> Decision:
    """A try to hand the file over ended without an acknowledgement, for the coded reason; it is tried again.

    What was ``refused`` `MOST_REFUSALS` times in a row is not: the office's alert is due at once, and its staff (or a
    changed document) has it handed over again.
    """
    hand_over = _hand_over(application)
    tries = hand_over.tries + 1
    refusals = hand_over.refusals + 1 if refused else 0
    given_up = refusals >= MOST_REFUSALS
    again = replace(
        hand_over,
        tries=tries,
        refusals=refusals,
        delivery_id=delivery_id,
        documents=documents,
        handed_at=now,
        problem=problem,
        next_try_at=None if given_up else now + pace.retry_after(tries),
        alert_at=min(hand_over.alert_at, now) if given_up else hand_over.alert_at,
    )
    return Decision(replace(application, hand_over=again))


def acknowledged(
    application_id: str, application: Application, *, delivery_id: str, documents: tuple[Handed, ...], now: datetime
) -> Decision:
    """The issuance system has the file."""
    hand_over = _hand_over(application)
    done = replace(
        hand_over,
        tries=hand_over.tries + 1,
        refusals=0,
        delivery_id=delivery_id,
        documents=documents,
        handed_at=now,
        acknowledged_at=now,
        next_try_at=None,
        problem=None,
        overdue_since=None,
    )
    approval = application.approval
    if approval is not None and approval.acknowledged_at is None:
        application = replace(application, approval=replace(approval, next_try_at=now, refusals=0))
    seat = application.visits.last_seat
    event = FileHandedOver(
        application_id=application_id,
        account_id=application.account_id,
        appointment_id=seat.appointment_id if seat else "",
    )
    return Decision(replace(application, hand_over=done), (event,))


def held_back(application: Application, problem: str) -> Decision:
    """The file cannot be handed over until a person acts: nothing is tried until then, the alert stays."""
    return Decision(replace(application, hand_over=replace(_hand_over(application), next_try_at=None, problem=problem)))


def to_hand_over(application: Application, compulsory: Collection[str]) -> tuple[Handed, ...] | None:
    """The documents that go to the issuance system, or none while one that must go is not accepted (I9).

    What is not compulsory goes along if it was accepted and stays here if not.
    """
    present = application.present()
    accepted = {code: each for code, each in present.items() if each.state is DocumentState.ACCEPTED}
    if not set(compulsory) <= set(accepted):
        return None
    return tuple(Handed(each.document_id, each.sha256 or "") for _, each in sorted(accepted.items()))


def hand_over_again(application: Application, pace: Pace, now: datetime, *, at: datetime | None = None) -> Application:
    """The file is due (now, or `at`): somebody asked, its documents changed, or it got lost on the other side.

    Without a visit there is nothing to hand over.
    """
    hand_over = application.hand_over
    if hand_over is None:
        return application
    alert_at = max(hand_over.alert_at, now + timedelta(seconds=pace.alert_grace_seconds))
    again = replace(hand_over, next_try_at=at or now, acknowledged_at=None, alert_at=alert_at, refusals=0)
    return replace(application, hand_over=again)


def overdue(application_id: str, application: Application, now: datetime) -> Decision:
    """The visit is tomorrow and the file is not acknowledged."""
    hand_over, seat = _hand_over(application), application.visits.last_seat
    state = replace(application, hand_over=replace(hand_over, overdue_since=now))
    event = HandOverOverdue(
        application_id=application_id,
        appointment_id=seat.appointment_id if seat else "",
        office_id=application.office_id or "",
    )
    return Decision(state, (event,))


def interviewed(application_id: str, application: Application, interview: Interview, now: datetime) -> Decision:
    """The outcome of the interview: approved, incomplete or refused."""
    command = {"approved": Command.APPROVE, "incomplete": Command.FIND_INCOMPLETE, "refused": Command.REFUSE}
    state = replace(moved(application, command[interview.outcome]), interview=interview, letter_due_at=None)
    seat = application.visits.last_seat
    recorded = InterviewRecorded(
        application_id=application_id,
        account_id=application.account_id,
        appointment_id=seat.appointment_id if seat else "",
        office_id=application.office_id or "",
        outcome=interview.outcome,
        reason_code=interview.reason_code,
    )
    if interview.outcome == "approved":
        return Decision(replace(state, approval=Approval(approved_at=now, next_try_at=now)), (recorded,))
    if interview.outcome == "incomplete":
        return Decision(state, (recorded,))
    ended = _ended(application_id, application, interview.reason_code or "interview_refused")
    return Decision(_without_work(state), (recorded, ended))


def approval_waits(
    application: Application, problem: str, pace: Pace, now: datetime, *, refused: bool = False
) -> Decision:
    """A try to hand the approval over failed, for the coded reason; it is tried again, unless it was ``refused``
    `MOST_REFUSALS` times in a row: then it goes with the file, once the office has that handed over again."""
    approval = _approval(application)
    tries = approval.tries + 1
    refusals = approval.refusals + 1 if refused else 0
    next_try_at = None if refusals >= MOST_REFUSALS else now + pace.retry_after(tries)
    again = replace(approval, tries=tries, refusals=refusals, problem=problem, next_try_at=next_try_at)
    return Decision(replace(application, approval=again))


def approval_acknowledged(application_id: str, application: Application, pace: Pace, now: datetime) -> Decision:
    """The issuance system has the approval; from now on it is asked whether the book is printed."""
    approval = _approval(application)
    done = replace(
        approval,
        tries=approval.tries + 1,
        acknowledged_at=now,
        next_try_at=None,
        problem=None,
        next_poll_at=now + timedelta(seconds=pace.print_poll_seconds),
    )
    event = ApprovalHandedOver(application_id=application_id, account_id=application.account_id)
    return Decision(replace(application, approval=done), (event,))


def not_printed_yet(application: Application, pace: Pace, now: datetime) -> Decision:
    """The book is not printed: ask again later."""
    approval = _approval(application)
    later = now + timedelta(seconds=pace.print_poll_seconds)
    return Decision(replace(application, approval=replace(approval, polls=approval.polls + 1, next_poll_at=later)))


def printed(application_id: str, application: Application, passport_number_sealed: str, now: datetime) -> Decision:
    """The book is printed and waits for its holder."""
    state = replace(
        moved(application, Command.PRINT),
        approval=replace(_approval(application), next_poll_at=None, printed_at=now),
        passport_number_sealed=passport_number_sealed,
        collect_until=now + timedelta(days=COLLECTION_DAYS),
    )
    event = PassportPrinted(
        application_id=application_id, account_id=application.account_id, office_id=application.office_id or ""
    )
    return Decision(state, (event,))


def collected(application_id: str, application: Application, by: str) -> Decision:
    """The book was handed out."""
    state = replace(moved(application, Command.COLLECT), collected_by=by)
    event = PassportCollected(
        application_id=application_id, account_id=application.account_id, person_id=application.person_id
    )
    return Decision(_without_work(state), (event,))


def lapsed(application_id: str, application: Application, reason_code: str) -> Decision:
    """A time limit ran out: papers not completed, or the book not collected."""
    state = _without_work(moved(application, Command.CLOSE))
    return Decision(state, (_ended(application_id, application, reason_code),))


def deadlines(application: Application) -> Mapping[str, datetime]:
    """What falls due when."""
    hand_over, approval, interview = application.hand_over, application.approval, application.interview
    waiting = hand_over is not None and hand_over.acknowledged_at is None
    uploads = [each.upload_until for each in application.documents if each.state is DocumentState.UPLOADING]
    found = {
        "letter": application.letter_due_at,
        "hand_over": hand_over.next_try_at if hand_over else None,
        "hand_over_alert": hand_over.alert_at if hand_over and waiting and hand_over.overdue_since is None else None,
        "approval": approval.next_try_at if approval and not application.visits.unpaid else None,
        "printing": approval.next_poll_at if approval else None,
        "uploads": min(uploads, default=None),
        "papers": interview.complete_until if interview and application.status is Status.INCOMPLETE else None,
        "collection": application.collect_until if application.status is Status.PRINTED else None,
    }
    return {name: at for name, at in found.items() if at is not None}


def _ended(application_id: str, application: Application, reason_code: str) -> ApplicationRefused:
    return ApplicationRefused(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        reason_code=reason_code,
    )


def _without_visit_work(application: Application) -> Application:
    return replace(application, letter_due_at=None, hand_over=None)


def _without_work(application: Application) -> Application:
    hand_over = application.hand_over
    if hand_over is not None and hand_over.acknowledged_at is None:
        hand_over = None
    return replace(application, letter_due_at=None, hand_over=hand_over, collect_until=None)


def _hand_over(application: Application) -> HandOver:
    if application.hand_over is None:
        raise MoveIllegal(application.status, Command.APPROVE)
    return application.hand_over


def _approval(application: Application) -> Approval:
    if application.approval is None:
        raise MoveIllegal(application.status, Command.PRINT)
    return application.approval
