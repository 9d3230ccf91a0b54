"""An application as it is shown over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from services.application.applications.appeal_texts import REFUND_GUIDE, grounds_of, ways
from services.application.applications.application import Application, Entry, Status
from services.application.applications.correction_transitions import owed
from services.application.applications.document import Document, DocumentState
from services.application.applications.earlier_book_views import EarlierBooksSummary
from services.application.applications.hand_over import Handed, PrintStage, RecallState, issue_due, print_stage
from services.application.applications.next_step import ActionCode, NoStep, Step, local_time
from services.application.applications.pages import missing_pages, telling_page
from services.application.applications.reading import note_act
from services.application.applications.service import Seen
from services.application.applications.visit import BillState, Seat, SeatState
from services.application.http import APPLICATION
from services.application.requirements.machine_reading import is_read_by_machine
from services.application.requirements.requirement import RuleSet
from services.application.requirements.schemas import Questionnaire, RequirementView
from services.application.texts import (
    DOCUMENT_REASONS,
    OFFICER_LOOKS,
    SEEN_BY_OFFICER,
    Text,
    line_text,
    reason_text,
)
from shared.events.codes import InterviewOutcome, RefundNeed, RefundStep
from shared.http.call import AnyCall
from shared.http.codes import OneOf
from shared.http.paging import DEPRECATED, ListView
from shared.http.schema import NextCallView, View, view_next_call

LetterState = Literal["being_made", "ready", "not_made"]


class DocumentView(View, in_indonesian=("reason_text", "note")):
    """One upload and its outcome."""

    document_id: str
    requirement: str
    paper: str
    page: int
    """Which page of its item, counted from 1."""
    state: Annotated[str, OneOf(DocumentState)]
    media_type: str
    size_bytes: int
    created_at: datetime
    reason: str | None
    reason_text: str | None
    reason_text_id: str | None
    flags: list[str]
    sha256: str | None
    decided_by: str | None
    check_until: datetime | None = Field(description="while it is being read: when it is flagged for an officer")
    kind: str | None = Field(description="the kind of paper that the machine saw; a hint, not a decision")
    confidence: float | None = Field(description="of the kind, from 0 to 1")
    findings: list[str] = Field(description="codes of what is wrong with the picture's quality")
    agreements: dict[str, str] = Field(description="`agrees`, `differs` or `not_read` of each typed fact")
    note: str | None = Field(description="of a page that is being read or flagged: what an officer looks at, and why")
    note_id: str | None

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Return the view of a document, with its refusal in words."""
        why, note = reason_text(document.reason), note_on(document)
        return cls(
            document_id=document.document_id,
            requirement=document.requirement,
            paper=document.paper,
            page=document.page,
            state=document.state.value,
            media_type=document.media_type,
            size_bytes=document.size_bytes,
            created_at=document.created_at,
            reason=document.reason,
            reason_text=why.en if why else None,
            reason_text_id=why.id if why else None,
            flags=list(document.flags),
            sha256=document.sha256,
            decided_by=document.decided_by,
            check_until=document.check_until,
            kind=document.kind,
            confidence=document.confidence,
            findings=list(document.findings),
            agreements=dict(document.agreements),
            note=note.en if note else None,
            note_id=note.id if note else None,
        )


def note_on(document: Document) -> Text | None:
    """Return what an applicant is told of a page that an officer looks at; None where there is nothing to say."""
    if document.state not in (DocumentState.CHECKING, DocumentState.FLAGGED):
        return None
    if not is_read_by_machine(document.paper):
        return SEEN_BY_OFFICER
    if document.state is DocumentState.CHECKING:
        return None
    return next((DOCUMENT_REASONS[flag] for flag in document.flags if flag in DOCUMENT_REASONS), OFFICER_LOOKS)


class ApplicationVisitView(View):
    """The visit as scheduling has told it; scheduling owns it."""

    appointment_id: str
    state: Annotated[str, OneOf(SeatState)]
    session_id: str | None
    office_id: str | None
    office_name: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    starts_in_words: str | None
    starts_in_words_in_indonesian: str | None
    local_start: str | None = Field(description="The old name of `starts_in_words`.", json_schema_extra=DEPRECATED)
    local_start_id: str | None = Field(
        description="The old name of `starts_in_words_in_indonesian`.", json_schema_extra=DEPRECATED
    )
    hold_until: datetime | None
    offer_until: datetime | None
    new_date_until: datetime | None
    """Until when a new date may be chosen without paying again."""
    queue_number: str | None
    queue_code: str | None
    reason: str | None

    @classmethod
    def from_seat(cls, seat: Seat, *, for_staff: bool) -> Self:
        """Return the view of an appointment. The queue code is the visitor's own: staff do not read it here."""
        start = seat.starts_at
        words = local_time(start, seat.office_timezone, indonesian=False) if start else None
        words_in_indonesian = local_time(start, seat.office_timezone, indonesian=True) if start else None
        return cls(
            appointment_id=seat.appointment_id,
            state=seat.state.value,
            session_id=seat.session_id,
            office_id=seat.office_id,
            office_name=seat.office_name,
            starts_at=start,
            ends_at=seat.ends_at,
            starts_in_words=words,
            starts_in_words_in_indonesian=words_in_indonesian,
            local_start=words,
            local_start_id=words_in_indonesian,
            hold_until=seat.hold_until,
            offer_until=seat.offer_until,
            new_date_until=seat.until,
            queue_number=seat.queue_number,
            queue_code=None if for_staff else seat.queue_code,
            reason=seat.reason,
        )


class ApplicationBillView(View):
    """The bill as billing has told it; billing owns it."""

    bill_id: str
    state: Annotated[str, OneOf(BillState)]
    amount: int | None
    billing_code: str | None
    expires_at: datetime | None
    paid_at: datetime | None


class ApplicationRefundView(View):
    """A refund case; billing owns it."""

    refund_id: str
    amount: int
    reason: str
    opened_at: datetime
    state: Annotated[str, OneOf(RefundStep)]
    deadline: datetime | None
    needs: Annotated[str, OneOf(RefundNeed)] | None
    """The item that the applicant must give before the refund can go on."""
    refused_by_rule: str | None


class AppealView(View):
    """A refused applicant's objection to the head of the office."""

    lodged_at: datetime
    answer_due: datetime = Field(description="by when the head of the office answers")


class RedressView(View, in_indonesian=("text",)):
    """One way to have a refusal looked at again."""

    code: str
    rule: str
    text: str
    text_id: str
    link: str | None


class RefusalView(View, in_indonesian=("reason",)):
    """Why the application was refused, by which rule, and what can be done about it."""

    reason_code: str
    reason: str
    reason_id: str
    rule: str
    redress: list[RedressView]


class TimelineView(View, in_indonesian=("text",)):
    """One line: when, what, who."""

    at: datetime
    what: str
    who: str
    text: str
    text_id: str
    detail: str | None
    by: str | None = Field(description="the officer's or applicant's account; for staff only")

    @classmethod
    def from_entry(cls, entry: Entry, *, for_staff: bool) -> Self:
        """Return the view of a line; the account behind it is for staff only."""
        words = line_text(entry.what)
        return cls(
            at=entry.at,
            what=entry.what,
            who=entry.who,
            text=words.en,
            text_id=words.id,
            detail=entry.detail,
            by=entry.by if for_staff else None,
        )


class HandedPictureView(View):
    """Where the picture of one document stands on its way to the issuance system."""

    document_id: str
    requirement: str
    state: Literal["acknowledged", "waiting", "refused"]
    """``refused``: tried no more; look at the document, then refuse it or have the file handed over again."""
    problem: str | None


class RecallView(View):
    """An order to print that is taken back, since its visit does not count."""

    state: Annotated[str, OneOf(RecallState)]
    """``too_late``: the book is printed and stays at the office until the fee is paid."""
    problem: str | None
    asked_at: datetime
    ended_at: datetime | None


class HandOverView(View):
    """Where the file stands on its way to the issuance system."""

    state: Literal["acknowledged", "waiting"]
    overdue: bool
    problem: str | None
    tries: int
    next_try_at: datetime | None
    acknowledged_at: datetime | None
    pictures: list[HandedPictureView]


class CollectionView(View):
    """A printed passport that waits for its holder."""

    collect_until: datetime
    """When it is cancelled unless it was collected."""
    collect_until_in_words: str
    collect_until_in_words_in_indonesian: str
    next_reminder_at: datetime | None
    proxy_announced: bool
    """Whether the holder lets another person collect it; ``GET .../proxy`` tells the account whom."""

    @classmethod
    def from_application(cls, state: Application) -> Self | None:
        """Return the view; None where no passport waits."""
        until = state.collect_until
        if until is None or state.status is not Status.PRINTED:
            return None
        return cls(
            collect_until=until,
            collect_until_in_words=local_time(until, state.office_timezone, indonesian=False),
            collect_until_in_words_in_indonesian=local_time(until, state.office_timezone, indonesian=True),
            next_reminder_at=state.next_collection_reminder_at,
            proxy_announced=state.proxy is not None and state.proxy.is_announced,
        )


class PrintingView(View):
    """How far an approved passport is, each stage with the time at which it was reached."""

    stage: Annotated[str, OneOf(PrintStage)]
    approved_at: datetime
    adjudication_at: datetime | None = Field(description="when the issuance system took the approval")
    queued_at: datetime | None
    printed_at: datetime | None
    due_at: datetime = Field(description="four working days after the interview")
    overdue: bool


class MissingPaperView(View, in_indonesian=("title", "help")):
    """A paper that the interview found missing, and what is to bring."""

    code: str
    title: str
    title_id: str
    help: str
    help_id: str


class MissingPapersView(View):
    """The papers that the interview found missing, and until when they are brought."""

    papers: list[MissingPaperView]
    until: datetime | None


class ApplicationView(View, in_indonesian=("next_action", "not_refundable")):
    """An application, and where its applicant stands."""

    application_id: str
    number: str
    applicant_id: str
    account_id: str
    state: Annotated[str, OneOf(Status)]
    identity_state: Literal["confirmed", "pending", "another_open"]
    """``pending`` until the civil registry has confirmed who applies: the application goes on, and no seat is held.
    ``another_open``: the person, now that they are known, has another open application, and this one waits."""
    minor: bool
    current_step: Annotated[str, OneOf(Step, NoStep)]
    remaining_steps: list[Annotated[str, OneOf(Step)]]
    next_action: str
    next_action_id: str
    next_action_code: Annotated[str, OneOf(ActionCode)]
    """An :class:`ActionCode`."""
    next_call: NextCallView | None
    deadline: datetime | None
    answers: Questionnaire | None
    not_refundable: str | None = None
    not_refundable_id: str | None = None
    requirements: list[RequirementView]
    documents: list[DocumentView]
    appointment: ApplicationVisitView | None
    bill: ApplicationBillView | None
    owed: list[ApplicationBillView]
    """Differences and penalties that the passport waits for."""
    refunds: list[ApplicationRefundView]
    refund_guide: str | None
    """Where the public page on refunds lies, once money was paid."""
    refusal: RefusalView | None
    letter_url: str | None
    calendar_url: str | None
    """Where the dates lie as a calendar file, once there was a certain visit."""
    letter_state: LetterState | None
    """``being_made``, ``ready``, or ``not_made``: it could not be typeset, and the office has it made again."""
    hand_over: HandOverView | None
    recall: RecallView | None
    earlier_books: EarlierBooksSummary | None
    """Whether the issuance system knows earlier passports, and in what they differ from the answers."""
    originals_seen: list[str]
    interview_outcome: Annotated[str, OneOf(InterviewOutcome)] | None
    collection: CollectionView | None
    missing_papers: MissingPapersView | None
    printing: PrintingView | None
    refusal_letter_url: str | None
    appeal: AppealView | None
    timeline: list[TimelineView]

    @classmethod
    def from_seen(cls, seen: Seen, rules: RuleSet) -> Self:
        """Return the view for its owner, or for its office."""
        state, progress = seen.application, seen.progress
        seat, bill = state.visits.last_seat, state.visits.bill
        return cls(
            application_id=seen.application_id,
            number=state.number,
            applicant_id=state.applicant_id,
            account_id=state.account_id,
            state=state.status.value,
            identity_state=identity_state(state),
            minor=state.minor,
            current_step=progress.current_step,
            remaining_steps=[step.value for step in progress.remaining if step.value != progress.current_step],
            next_action=progress.next_action.en,
            next_action_id=progress.next_action.id,
            next_action_code=progress.next_action.code,
            next_call=_next_call(seen),
            deadline=progress.next_action.deadline,
            answers=_answers(state),
            not_refundable=rules.not_refundable.en if state.submitted_at is None else None,
            not_refundable_id=rules.not_refundable.id if state.submitted_at is None else None,
            requirements=[
                RequirementView.from_item(
                    item, telling_page(state.documents, item.code), missing_pages(state.documents, item.code)
                )
                for item in seen.items
            ],
            documents=[DocumentView.from_document(document) for document in state.documents],
            appointment=ApplicationVisitView.from_seat(seat, for_staff=seen.for_staff) if seat else None,
            bill=ApplicationBillView.model_validate(bill, from_attributes=True) if bill else None,
            owed=[ApplicationBillView.model_validate(bill, from_attributes=True) for bill in owed(state)],
            refunds=_refunds(state),
            refund_guide=REFUND_GUIDE if any(bill.paid_at for bill in state.visits.bills) else None,
            refusal=_refusal(state),
            calendar_url=_calendar_url(seen) if not seen.for_staff else None,
            letter_url=f"/v1/applications/{seen.application_id}/letter" if state.letter else None,
            letter_state=letter_state(state),
            hand_over=hand_over_view(state),
            recall=_recall(state),
            earlier_books=EarlierBooksSummary.from_application(state, for_staff=seen.for_staff),
            originals_seen=list(state.originals),
            interview_outcome=state.interview.outcome if state.interview else None,
            collection=CollectionView.from_application(state),
            missing_papers=_missing_papers(seen),
            printing=printing_view(state),
            refusal_letter_url=f"/v1/applications/{seen.application_id}/refusal-letter"
            if state.refusal_letter
            else None,
            appeal=AppealView.model_validate(state.appeal, from_attributes=True) if state.appeal else None,
            timeline=[TimelineView.from_entry(entry, for_staff=seen.for_staff) for entry in state.timeline],
        )


class ApplicationsView(ListView):
    """Several applications."""

    applications: list[ApplicationView]

    @classmethod
    def from_all(cls, seen: list[Seen], rules: RuleSet) -> Self:
        """Return the views of several applications."""
        return cls(applications=[ApplicationView.from_seen(application, rules) for application in seen])


def identity_state(state: Application) -> Literal["confirmed", "pending", "another_open"]:
    """Return how far the applicant's identity is confirmed."""
    if state.identity_confirmed:
        return "confirmed"
    return "another_open" if state.another_open else "pending"


def letter_state(state: Application) -> LetterState | None:
    """Return how far the cover letter is; None where there is none yet."""
    if state.letter_due_at is not None:
        return "being_made"
    if state.letter_trouble is not None and state.letter_trouble.failed_at is not None:
        return "not_made"
    return "ready" if state.letter is not None else None


def _next_call(seen: Seen) -> NextCallView | None:
    state, action = seen.application, seen.progress.next_action
    seat = state.visits.last_seat
    return view_next_call(
        "application",
        action.code,
        application_id=seen.application_id,
        applicant_id=state.applicant_id,
        appointment_id=seat.appointment_id if seat else None,
        bill_id=action.bill_id,
    )


def _calendar_url(seen: Seen) -> str | None:
    was_certain = any(seat.queue_number is not None for seat in seen.application.visits.seats)
    return f"/v1/applications/{seen.application_id}/calendar" if was_certain else None


def _answers(state: Application) -> Questionnaire | None:
    return Questionnaire.model_validate(vars(state.answers)) if state.answers else None


def _refunds(state: Application) -> list[ApplicationRefundView]:
    return [
        ApplicationRefundView(
            refund_id=refund.refund_id,
            amount=refund.amount,
            reason=refund.reason,
            opened_at=refund.at,
            state=refund.state,
            deadline=refund.due_at,
            needs=refund.needs,
            refused_by_rule=refund.rule,
        )
        for refund in state.visits.refunds
    ]


def _refusal(state: Application) -> RefusalView | None:
    refused = grounds_of(state)
    if refused is None:
        return None
    code, grounds = refused
    redress = [RedressView.model_validate(way, from_attributes=True) for way in ways()]
    return RefusalView(
        reason_code=code, reason=grounds.reason, reason_id=grounds.reason_id, rule=grounds.rule, redress=redress
    )


def hand_over_view(state: Application) -> HandOverView | None:
    hand_over = state.hand_over
    if hand_over is None:
        return None
    return HandOverView(
        state="acknowledged" if hand_over.acknowledged_at else "waiting",
        overdue=hand_over.overdue_since is not None,
        problem=hand_over.problem,
        tries=hand_over.tries,
        next_try_at=hand_over.next_try_at,
        acknowledged_at=hand_over.acknowledged_at,
        pictures=[_picture(state, handed) for handed in hand_over.documents],
    )


def _picture(state: Application, handed: Handed) -> HandedPictureView:
    document = state.document(handed.document_id)
    waits: Literal["waiting", "refused"] = "refused" if handed.refused else "waiting"
    return HandedPictureView(
        document_id=handed.document_id,
        requirement=document.requirement if document else "",
        state="acknowledged" if handed.acknowledged_at else waits,
        problem=handed.problem,
    )


def _recall(state: Application) -> RecallView | None:
    recall = state.approval.recall if state.approval else None
    if recall is None:
        return None
    return RecallView(
        state=recall.state.value, problem=recall.problem, asked_at=recall.asked_at, ended_at=recall.ended_at
    )


def printing_view(state: Application) -> PrintingView | None:
    """Return how far the passport is; None before the interview was passed."""
    approval = state.approval
    if approval is None:
        return None
    return PrintingView(
        stage=print_stage(approval).value,
        approved_at=approval.approved_at,
        adjudication_at=approval.acknowledged_at,
        queued_at=approval.queued_at,
        printed_at=approval.printed_at,
        due_at=issue_due(approval.approved_at),
        overdue=approval.overdue_since is not None and approval.printed_at is None,
    )


def _missing_papers(seen: Seen) -> MissingPapersView | None:
    interview = seen.application.interview
    if interview is None or not seen.lacking:
        return None
    rules = (item.requirement for item in seen.lacking)
    papers = [
        MissingPaperView(
            code=rule.code, title=rule.title.en, title_id=rule.title.id, help=rule.help.en, help_id=rule.help.id
        )
        for rule in rules
    ]
    return MissingPapersView(papers=papers, until=interview.complete_until)


def view_application(call: AnyCall, seen: Seen) -> ApplicationView:
    """Return the view of an application, by the rules that the service runs with."""
    if call.endpoint.reads is None:
        note_act(call, seen.application)
    return ApplicationView.from_seen(seen, call.app[APPLICATION].applications.rules)
