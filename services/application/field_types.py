"""What goes in and out over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from services.application.applications.appeal_texts import REFUND_GUIDE, grounds_of, ways
from services.application.applications.application import Application, Entry
from services.application.applications.correction import Ground
from services.application.applications.correction_transitions import owed
from services.application.applications.document import Document, DocumentState
from services.application.applications.next_step import local_time
from services.application.applications.visit import Bill, Seat
from services.application.requirements.answers import Answers, PassportKind, Purpose, Reason, ZeroTariff
from services.application.requirements.requirement import Listed, Question, RuleSet
from services.application.texts import line_text, reason_text
from services.application.use_cases import Seen, UploadSeen
from shared.http.schema import Body, IsoDate, Query, View

LARGEST_UPLOAD_BYTES = 50 * 1024 * 1024
MOST_ITEMS = 50
MISSING, NOT_NEEDED = "missing", "not_needed"

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Code = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]


class Assisting(Query):
    """For officers at the counter: whose steps they do, and by which consent (F3)."""

    on_behalf_of: Id | None = Field(None, description="the account that a front officer acts for")
    assistance: Id | None = Field(None, description="the live assistance by which they do; POST /v1/assistances")


class Looking(Assisting):
    """For staff: also why they read, kept in the audit."""

    reason: Code | None = Field(
        None, description="why a member of staff reads, as a code; else the assistance or the step at hand is kept"
    )


class DayQuery(Query):
    """Which day of an office."""

    date: IsoDate | None = Field(None, description="the day on the office's own clock; today if absent")
    number: str | None = Field(
        None,
        min_length=16,
        max_length=16,
        pattern=r"^[0-9]{16}$",
        description="an application number: only that application, whatever its day, if its visit is at this office",
    )


class RequirementsQuery(Query):
    """A case to list the requirements of."""

    reason: Literal["new", "expired", "pages_full", "lost", "damaged", "data_change"] = "new"
    minor: bool = False
    on: IsoDate | None = Field(None, description="the day whose rules are asked for; today if absent")
    purpose: Purpose = Field(Purpose.OTHER, strict=False)
    has_held_passport: bool | None = Field(None, description="absent: as the reason says")
    old_passport_since_2009: bool = False
    parent_has_passport: bool = False


class BeginApplication(Body):
    """Open a draft."""

    applicant_id: Id


class Questionnaire(Body):
    """The answers; what is not answered counts as no."""

    has_held_passport: bool
    reason: Reason = Field(examples=["new"])
    passport_kind: PassportKind = Field(examples=["electronic"])
    validity_years: Literal[5, 10] = Field(examples=[10])
    purpose: Purpose = Purpose.OTHER
    zero_tariff: ZeroTariff | None = None
    married: bool = False
    name_changed: bool = False
    naturalised: bool = False
    old_passport_since_2009: bool = False
    parent_has_passport: bool = False

    def answers(self) -> Answers:
        """As the domain keeps them."""
        return Answers(**dict(self))


class BeginUpload(Body):
    """Announce a picture; its bytes follow in pieces."""

    requirement: Code = Field(examples=["ktp"])
    file_name: str = Field(max_length=255, description="not kept: people put their names into it")
    media_type: str = Field(max_length=100, examples=["image/jpeg"])
    size_bytes: int = Field(ge=1, le=LARGEST_UPLOAD_BYTES, examples=[204800])


class DocumentDecision(Body):
    """An officer's word on a document."""

    decision: Literal["accepted", "refused"]
    reason_code: Code | None = Field(None, examples=["wrong_document"])


class Submission(Body):
    """Submit, knowing what is not paid back."""

    confirmed_not_refundable: bool


class Originals(Body):
    """Which originals were seen."""

    requirements: list[Code] = Field(min_length=1, max_length=MOST_ITEMS, examples=[["ktp"]])


class InterviewOutcome(Body):
    """How the interview ended."""

    outcome: Literal["approved", "incomplete", "refused"]
    reason_code: Code | None = Field(None, examples=["papers_missing"])
    note: str | None = Field(None, max_length=2000, description="kept encrypted, for the office alone")


class KindCorrection(Body):
    """What shall hold instead of what was applied for, and why (X2)."""

    passport_kind: PassportKind = Field(examples=["electronic"])
    validity_years: Literal[5, 10] = Field(examples=[10])
    reason: Reason = Field(examples=["expired"])
    zero_tariff: ZeroTariff | None = None
    reason_code: Code = Field(examples=["held_passport_before"])
    note: str | None = Field(None, max_length=2000, description="kept encrypted, for the office alone")


class PenaltyFinding(Body):
    """What the interview found about the book before this one."""

    ground: Ground = Field(examples=["lost"])
    force_majeure: bool = False
    proof_seen: bool = Field(False, description="the letter that force majeure needs was seen")
    reason_code: Code = Field(examples=["told_at_interview"])
    note: str | None = Field(None, max_length=2000, description="kept encrypted, for the office alone")


class Collection(Body):
    """Who took the book."""

    collected_by: Literal["self", "family", "proxy"]


class QuestionView(View):
    """One question."""

    name: str
    title: str
    title_id: str
    kind: Literal["yes_or_no", "choice"]
    choices: list[str]
    compulsory: bool

    @classmethod
    def of(cls, question: Question) -> Self:
        """As it is shown."""
        kind: Literal["yes_or_no", "choice"] = "choice" if question.choices else "yes_or_no"
        return cls(
            name=question.name,
            title=question.title.en,
            title_id=question.title.id,
            kind=kind,
            choices=list(question.choices),
            compulsory=question.compulsory,
        )


class QuestionnaireView(View):
    """All questions, and what is confirmed at the end."""

    version: str
    questions: list[QuestionView]
    not_refundable: str
    not_refundable_id: str
    legal_basis: str

    @classmethod
    def of(cls, rules: RuleSet) -> Self:
        """As it is shown."""
        return cls(
            version=rules.version,
            questions=[QuestionView.of(each) for each in rules.questions],
            not_refundable=rules.not_refundable.en,
            not_refundable_id=rules.not_refundable.id,
            legal_basis=rules.not_refundable_basis,
        )


class RequirementView(View):
    """One item of the list: how compulsory, by which law, and, in an application, whether it is there."""

    code: str
    title: str
    title_id: str
    need: Literal["required", "conditional", "optional"]
    compulsory: bool
    condition: str | None
    condition_id: str | None
    accepts: list[str]
    help: str
    help_id: str
    legal_basis: str
    effective_from: date
    effective_to: date | None
    form_url: str | None
    state: str = MISSING
    document_id: str | None = None
    reason: str | None = None
    reason_text: str | None = None
    reason_text_id: str | None = None

    @classmethod
    def of(cls, item: Listed, document: Document | None = None) -> Self:
        """As it is shown; `document` is the newest one for it."""
        rule = item.requirement
        empty = MISSING if item.compulsory else NOT_NEEDED
        why = reason_text(document.reason if document else None)
        return cls(
            code=rule.code,
            title=rule.title.en,
            title_id=rule.title.id,
            need=rule.need.value,
            compulsory=item.compulsory,
            condition=rule.condition.en if rule.condition else None,
            condition_id=rule.condition.id if rule.condition else None,
            accepts=list(rule.accepts),
            help=rule.help.en,
            help_id=rule.help.id,
            legal_basis=rule.legal_basis,
            effective_from=rule.effective_from,
            effective_to=rule.effective_to,
            form_url=f"/v1/forms/{rule.code}" if rule.form else None,
            state=document.state.value if document else empty,
            document_id=document.document_id if document else None,
            reason=document.reason if document else None,
            reason_text=why.en if why else None,
            reason_text_id=why.id if why else None,
        )


class RequirementsView(View):
    """The list of a case on a day."""

    on: date
    version: str
    requirements: list[RequirementView]
    media_types: list[str]
    largest_upload_bytes: int


class DocumentView(View):
    """One upload and what became of it."""

    document_id: str
    requirement: str
    paper: str
    state: str
    media_type: str
    size_bytes: int
    created_at: datetime
    reason: str | None
    reason_text: str | None
    reason_text_id: str | None
    flags: list[str]
    sha256: str | None
    decided_by: str | None

    @classmethod
    def of(cls, document: Document) -> Self:
        """As it is shown."""
        why = reason_text(document.reason)
        return cls(
            document_id=document.document_id,
            requirement=document.requirement,
            paper=document.paper,
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
        )


class UploadView(DocumentView):
    """An upload and where it stands: send the bytes from `upload_offset` on to `upload_url` with PATCH."""

    upload_offset: int
    upload_url: str

    @classmethod
    def at(cls, seen: UploadSeen) -> Self:
        """As it is shown."""
        document = seen.document
        url = f"/v1/applications/{seen.application_id}/documents/{document.document_id}/content"
        return cls(**dict(DocumentView.of(document)), upload_offset=seen.upload_offset, upload_url=url)


class AppointmentView(View):
    """What is known of the visit; scheduling owns it."""

    appointment_id: str
    state: str
    session_id: str | None
    office_id: str | None
    office_name: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    local_start: str | None
    local_start_id: str | None
    hold_until: datetime | None
    offer_until: datetime | None
    new_date_until: datetime | None
    """Until when a new date may be chosen without paying again."""
    queue_number: str | None
    queue_code: str | None
    reason: str | None

    @classmethod
    def of(cls, seat: Seat, *, for_staff: bool) -> Self:
        """As it is shown. The queue code is the visitor's own: staff scan it and never read it here."""
        start = seat.starts_at
        return cls(
            appointment_id=seat.appointment_id,
            state=seat.state.value,
            session_id=seat.session_id,
            office_id=seat.office_id,
            office_name=seat.office_name,
            starts_at=start,
            ends_at=seat.ends_at,
            local_start=local_time(start, seat.office_timezone, indonesian=False) if start else None,
            local_start_id=local_time(start, seat.office_timezone, indonesian=True) if start else None,
            hold_until=seat.hold_until,
            offer_until=seat.offer_until,
            new_date_until=seat.until,
            queue_number=seat.queue_number,
            queue_code=None if for_staff else seat.queue_code,
            reason=seat.reason,
        )


class BillView(View):
    """What is known of the bill; billing owns it."""

    bill_id: str
    state: str
    amount: int | None
    billing_code: str | None
    expires_at: datetime | None
    paid_at: datetime | None

    @classmethod
    def of(cls, bill: Bill) -> Self:
        """As it is shown."""
        return cls(
            bill_id=bill.bill_id,
            state=bill.state.value,
            amount=bill.amount,
            billing_code=bill.billing_code,
            expires_at=bill.expires_at,
            paid_at=bill.paid_at,
        )


class RefundView(View):
    """A refund case; billing owns it."""

    refund_id: str
    amount: int
    reason: str
    opened_at: datetime
    state: str
    deadline: datetime | None
    needs: str | None
    """What the applicant must give before it can go on."""
    refused_by_rule: str | None


class RedressView(View):
    """One way to have a refusal looked at again."""

    code: str
    rule: str
    text: str
    text_id: str
    link: str | None


class RefusalView(View):
    """Why the application was refused, by which rule, and what can be done about it (X14)."""

    reason_code: str
    reason: str
    reason_id: str
    rule: str
    redress: list[RedressView]


class TimelineView(View):
    """One line: when, what, who."""

    at: datetime
    what: str
    who: str
    text: str
    text_id: str
    detail: str | None
    by: str | None = Field(description="the officer's or applicant's account; for staff only")

    @classmethod
    def of(cls, entry: Entry, *, for_staff: bool) -> Self:
        """As it is shown."""
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


class HandOverView(View):
    """Where the file stands on its way to the issuance system."""

    state: Literal["acknowledged", "waiting"]
    overdue: bool
    problem: str | None
    tries: int
    next_try_at: datetime | None
    acknowledged_at: datetime | None


class ApplicationView(View):
    """An application, and where its applicant stands (F31)."""

    application_id: str
    number: str
    applicant_id: str
    account_id: str
    state: str
    minor: bool
    current_step: str
    remaining_steps: list[str]
    next_action: str
    next_action_id: str
    deadline: datetime | None
    answers: Questionnaire | None
    not_refundable: str | None = None
    not_refundable_id: str | None = None
    requirements: list[RequirementView]
    documents: list[DocumentView]
    appointment: AppointmentView | None
    bill: BillView | None
    owed: list[BillView]
    """Differences and penalties that the passport waits for."""
    refunds: list[RefundView]
    refund_guide: str | None
    """Where the public page on refunds lies, once money was paid (F42)."""
    refusal: RefusalView | None
    letter_url: str | None
    letter_state: str | None
    """``being_made``, ``ready``, or ``not_made``: it could not be typeset, and the office has it made again."""
    hand_over: HandOverView | None
    originals_seen: list[str]
    interview_outcome: str | None
    timeline: list[TimelineView]

    @classmethod
    def of(cls, seen: Seen, rules: RuleSet) -> Self:
        """As its owner, or its office, sees it."""
        state, standing = seen.application, seen.standing
        seat, bill = state.visits.last_seat, state.visits.bill
        return cls(
            application_id=seen.application_id,
            number=state.number,
            applicant_id=state.applicant_id,
            account_id=state.account_id,
            state=state.status.value,
            minor=state.minor,
            current_step=standing.current_step,
            remaining_steps=[step.value for step in standing.remaining if step.value != standing.current_step],
            next_action=standing.next_action.en,
            next_action_id=standing.next_action.id,
            deadline=standing.next_action.deadline,
            answers=_answers(state),
            not_refundable=rules.not_refundable.en if state.submitted_at is None else None,
            not_refundable_id=rules.not_refundable.id if state.submitted_at is None else None,
            requirements=[RequirementView.of(item, _newest(state, item.code)) for item in seen.items],
            documents=[DocumentView.of(each) for each in state.documents],
            appointment=AppointmentView.of(seat, for_staff=seen.for_staff) if seat else None,
            bill=BillView.of(bill) if bill else None,
            owed=[BillView.of(each) for each in owed(state)],
            refunds=_refunds(state),
            refund_guide=REFUND_GUIDE if any(each.paid_at for each in state.visits.bills) else None,
            refusal=_refusal(state),
            letter_url=f"/v1/applications/{seen.application_id}/letter" if state.letter else None,
            letter_state=_letter_state(state),
            hand_over=_hand_over(state),
            originals_seen=list(state.originals),
            interview_outcome=state.interview.outcome if state.interview else None,
            timeline=[TimelineView.of(entry, for_staff=seen.for_staff) for entry in state.timeline],
        )


class ApplicationsView(View):
    """Several applications."""

    applications: list[ApplicationView]

    @classmethod
    def of(cls, seen: list[Seen], rules: RuleSet) -> Self:
        """As they are shown."""
        return cls(applications=[ApplicationView.of(each, rules) for each in seen])


class VisitView(View):
    """One visit in an office's list of a day."""

    application_id: str
    number: str
    state: str
    current_step: str
    appointment: AppointmentView | None
    documents_flagged: int
    hand_over: HandOverView | None
    letter_state: str | None


class OfficeDayView(View):
    """An office's visits of a day, and how many of their files are overdue at the issuance system (F47)."""

    visits: list[VisitView]
    hand_overs_overdue: int
    letters_not_made: int
    """Have each made again with POST to its letter once operators have mended the fault."""

    @classmethod
    def of(cls, seen: list[Seen]) -> Self:
        """As the office sees it."""
        visits = [_visit(each) for each in seen]
        overdue = sum(each.hand_over is not None and each.hand_over.overdue for each in visits)
        not_made = sum(each.letter_state == "not_made" for each in visits)
        return cls(visits=visits, hand_overs_overdue=overdue, letters_not_made=not_made)


def _visit(seen: Seen) -> VisitView:
    state, seat = seen.application, seen.application.visits.last_seat
    return VisitView(
        application_id=seen.application_id,
        number=state.number,
        state=state.status.value,
        current_step=seen.standing.current_step,
        appointment=AppointmentView.of(seat, for_staff=True) if seat else None,
        documents_flagged=sum(each.state is DocumentState.FLAGGED for each in state.documents),
        hand_over=_hand_over(state),
        letter_state=_letter_state(state),
    )


def _letter_state(state: Application) -> str | None:
    if state.letter_due_at is not None:
        return "being_made"
    if state.letter_trouble is not None and state.letter_trouble.failed_at is not None:
        return "not_made"
    return "ready" if state.letter is not None else None


def _answers(state: Application) -> Questionnaire | None:
    return Questionnaire.model_validate(vars(state.answers)) if state.answers else None


def _newest(state: Application, code: str) -> Document | None:
    """The document that counts for an item, else the newest one that still tells something."""
    present = state.present().get(code)
    others = [each for each in state.documents if each.requirement == code and each.state != DocumentState.REPLACED]
    return present or max(others, key=lambda each: each.created_at, default=None)


def _refunds(state: Application) -> list[RefundView]:
    return [
        RefundView(
            refund_id=each.refund_id,
            amount=each.amount,
            reason=each.reason,
            opened_at=each.at,
            state=each.state,
            deadline=each.due_at,
            needs=each.needs,
            refused_by_rule=each.rule,
        )
        for each in state.visits.refunds
    ]


def _refusal(state: Application) -> RefusalView | None:
    refused = grounds_of(state)
    if refused is None:
        return None
    code, grounds = refused
    redress = [
        RedressView(code=each.code, rule=each.rule, text=each.text, text_id=each.text_id, link=each.link)
        for each in ways()
    ]
    return RefusalView(
        reason_code=code, reason=grounds.reason, reason_id=grounds.reason_id, rule=grounds.rule, redress=redress
    )


def _hand_over(state: Application) -> HandOverView | None:
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
    )
