"""Facts that application publishes, and the one command it takes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar

from shared.events.coded import Coded
from shared.events.codes import (
    ApplicationReason,
    CollectedBy,
    EarlierBookFinding,
    InterviewOutcome,
    LeavingObjection,
    PassportKind,
    PassportReport,
    PenaltyGround,
    ReturnReason,
    StayingRecord,
)
from shared.events.data_reads import DataRead
from shared.events.message import Command, Event


class ApplicationDrafted(Event):
    """A draft was begun for an applicant: nothing is held or priced before it is submitted."""

    TYPE: ClassVar[str] = "paspor.application.application.drafted.v1"
    application_id: str
    account_id: str
    applicant_id: str
    person_id: str
    """The applicant's id while the civil registry has not confirmed the person."""


class SubmissionAwaitsIdentity(Event):
    """An application was submitted before the civil registry confirmed the person.

    :class:`ApplicationSubmitted` follows the confirmation; until then nothing is held or priced.
    """

    TYPE: ClassVar[str] = "paspor.application.application.submission_awaits_identity.v1"
    application_id: str
    account_id: str
    applicant_id: str


class SubmissionAwaitsOther(Event):
    """The civil registry confirmed the person, and another account's application for them is open: this one waits."""

    TYPE: ClassVar[str] = "paspor.application.application.submission_awaits_other.v1"
    application_id: str
    account_id: str
    applicant_id: str


class SubmissionReturned(Event):
    """A submission that waited for the civil registry is a draft again; it may be submitted once more."""

    TYPE: ClassVar[str] = "paspor.application.application.submission_returned.v1"
    application_id: str
    account_id: str
    applicant_id: str
    reason: Annotated[str, Coded(ReturnReason)]
    """A :class:`~shared.events.codes.ReturnReason`."""


class ApplicationSubmitted(Event):
    """Every required item is there: the application may hold a seat and be priced."""

    TYPE: ClassVar[str] = "paspor.application.application.submitted.v1"
    application_id: str
    account_id: str
    applicant_id: str
    person_id: str
    passport_kind: Annotated[str, Coded(PassportKind)]
    """A :class:`~shared.events.codes.PassportKind`."""
    validity_years: int
    """5 or 10."""
    reason: Annotated[str, Coded(ApplicationReason)]
    """An :class:`~shared.events.codes.ApplicationReason`."""
    zero_tariff: str | None = None
    """The ground of a zero tariff, or none."""
    minor: bool = False
    age_band: str | None = None
    """Whole years on the day of submission, as a band and never as a date: ``0-4``, ``5-11``, ``12-16``, ``17-60`` or
    ``61+``. Not said by earlier versions."""
    application_number: str | None = None
    """The number that is printed on the letter: sixteen digits made of the id. Not said by earlier versions."""
    submitted_at: datetime


class ApplicationWithdrawn(Event):
    """The applicant gave the application up before the visit."""

    TYPE: ClassVar[str] = "paspor.application.application.withdrawn.v1"
    application_id: str
    account_id: str
    person_id: str
    withdrawn_at: datetime | None = None
    """When; money that the bank took from then on goes back. Not said by earlier versions."""
    closed_for_person: bool = False
    """Whether an officer closed it: `ApplicationClosedForPerson` tells its account then."""


class DraftEnding(Event):
    """A draft was left alone for weeks: it ends at ``ends_at`` unless somebody works on it."""

    TYPE: ClassVar[str] = "paspor.application.draft.ending.v1"
    application_id: str
    account_id: str
    ends_at: datetime


class DraftExpired(Event):
    """A draft that was warned of and left alone has ended."""

    TYPE: ClassVar[str] = "paspor.application.draft.expired.v1"
    application_id: str
    account_id: str
    person_id: str


class ApplicationClosedForPerson(Event):
    """An officer closed the application: its person showed who they are and applies with another account."""

    TYPE: ClassVar[str] = "paspor.application.application.closed_for_person.v1"
    application_id: str
    account_id: str
    """Of the closed application."""
    person_id: str
    office_id: str
    reason_code: str


class SubmissionFreed(Event):
    """Another account's application for this person was closed: this one can be submitted."""

    TYPE: ClassVar[str] = "paspor.application.application.submission_freed.v1"
    application_id: str
    account_id: str
    person_id: str


class LetterReady(Event):
    """The cover letter of a confirmed appointment is stored and can be downloaded."""

    TYPE: ClassVar[str] = "paspor.application.letter.ready.v1"
    application_id: str
    account_id: str
    appointment_id: str


class FileHandedOver(Event):
    """The issuance system acknowledged the applicant's file before the visit."""

    TYPE: ClassVar[str] = "paspor.application.file.handed_over.v1"
    application_id: str
    account_id: str
    appointment_id: str


class HandOverOverdue(Event):
    """The visit is tomorrow and the issuance system has not acknowledged the file: the office must act (F47)."""

    TYPE: ClassVar[str] = "paspor.application.file.hand_over_overdue.v1"
    application_id: str
    appointment_id: str
    office_id: str


class InterviewRecorded(Event):
    """An interviewer recorded the originals and the outcome (``approved``, ``incomplete`` or ``refused``)."""

    TYPE: ClassVar[str] = "paspor.application.interview.recorded.v1"
    application_id: str
    account_id: str
    appointment_id: str
    office_id: str
    outcome: Annotated[str, Coded(InterviewOutcome)]
    """An :class:`~shared.events.codes.InterviewOutcome`."""
    reason_code: str | None = None
    missing: tuple[str, ...] = ()
    """Codes of the requirements whose papers were missing. Not said by earlier versions."""
    complete_until: datetime | None = None
    """Until when missing papers can be brought. Not said by earlier versions."""
    issue_due: datetime | None = None
    """By when an approved passport is printed. Not said by earlier versions."""
    office_timezone: str | None = None


class ApprovalHandedOver(Event):
    """The issuance system acknowledged the approval: the book can be printed."""

    TYPE: ClassVar[str] = "paspor.application.approval.handed_over.v1"
    application_id: str
    account_id: str


class PrintingRecalled(Event):
    """The issuance system has taken an order back, since its visit does not count: the book is not printed."""

    TYPE: ClassVar[str] = "paspor.application.printing.recalled.v1"
    application_id: str
    account_id: str
    office_id: str


class RecallCameTooLate(Event):
    """A book whose visit does not count was printed before its recall: the office keeps it until the fee is paid."""

    TYPE: ClassVar[str] = "paspor.application.recall.came_too_late.v1"
    application_id: str
    account_id: str
    office_id: str


class PassportQueued(Event):
    """The issuance system has adjudicated and the book waits to be printed, by ``issue_due`` at the latest."""

    TYPE: ClassVar[str] = "paspor.application.passport.queued.v1"
    application_id: str
    account_id: str
    office_id: str
    issue_due: datetime


class PrintOverdue(Event):
    """The time for printing is over and the book is not printed: the office must act."""

    TYPE: ClassVar[str] = "paspor.application.passport.print_overdue.v1"
    application_id: str
    office_id: str
    issue_due: datetime


class AppealLodged(Event):
    """A refused applicant objected to the head of the office, who answers by ``answer_due``."""

    TYPE: ClassVar[str] = "paspor.application.appeal.lodged.v1"
    application_id: str
    account_id: str
    office_id: str
    answer_due: datetime


class PassportPrinted(Event):
    """The book is printed and waits for its holder."""

    TYPE: ClassVar[str] = "paspor.application.passport.printed.v1"
    application_id: str
    account_id: str
    office_id: str
    collect_until: datetime | None = None
    """When it is cancelled unless it was collected. Not said by earlier versions."""
    office_timezone: str | None = None
    """Not said by earlier versions."""


class CollectionReminderDue(Event):
    """The book waits since ``day`` days; it is cancelled at ``collect_until``."""

    TYPE: ClassVar[str] = "paspor.application.passport.collection_reminder_due.v1"
    application_id: str
    account_id: str
    office_id: str
    office_name: str | None = None
    office_timezone: str | None = None
    day: int
    """3, 14, 21 or 28 days after printing; of several that are due the newest alone is told."""
    collect_until: datetime


class ProxyAnnounced(Event):
    """The account named a person who may collect the passport with a signed letter of authority."""

    TYPE: ClassVar[str] = "paspor.application.passport.proxy_announced.v1"
    application_id: str
    account_id: str


class PassportCollected(Event):
    """The book was handed to its holder or to who may collect it."""

    TYPE: ClassVar[str] = "paspor.application.passport.collected.v1"
    application_id: str
    account_id: str
    person_id: str
    collected_by: Annotated[str, Coded(CollectedBy)] = CollectedBy.SELF
    """A :class:`~shared.events.codes.CollectedBy`. Not said by earlier versions."""


class PassportReported(Event):
    """A passport was reported as lost or damaged and is blocked; an officer alone can undo it."""

    TYPE: ClassVar[str] = "paspor.application.passport.reported.v1"
    passport_id: str
    account_id: str
    person_id: str
    report: Annotated[str, Coded(PassportReport)]
    """A :class:`~shared.events.codes.PassportReport`."""


class PassportReportUndone(Event):
    """An officer has the book in hand: the report of loss or damage is undone."""

    TYPE: ClassVar[str] = "paspor.application.passport.report_undone.v1"
    passport_id: str
    account_id: str
    person_id: str


class ChildPassportPassedOn(Event):
    """The holder of a child's passport has come of age: the guardian's account does not see it any more."""

    TYPE: ClassVar[str] = "paspor.application.passport.passed_on.v1"
    passport_id: str
    account_id: str
    """Of the guardian."""
    applicant_id: str


class PassportPassedToHolder(Event):
    """A passport that a guardian's account had is in the account of its grown holder from now on."""

    TYPE: ClassVar[str] = "paspor.application.passport.passed_to_holder.v1"
    passport_id: str
    account_id: str
    """Of the holder."""
    applicant_id: str


class PassportExpiryReminderDue(Event):
    """A passport expires in 12, 9 or 6 months: a replacement can be begun in one call.

    ``expires_on`` is the last day on which it is valid.
    """

    TYPE: ClassVar[str] = "paspor.application.passport.expiry_reminder_due.v1"
    passport_id: str
    account_id: str
    applicant_id: str
    months: int
    """The newest reminder that is due; older ones were skipped."""
    expires_on: date


class ApplicationRefused(Event):
    """The application ended without a passport, for the coded reason."""

    TYPE: ClassVar[str] = "paspor.application.application.refused.v1"
    application_id: str
    account_id: str
    person_id: str
    reason_code: str


class KindCorrected(Event):
    """An officer corrected what was applied for (X2): billing tops up or pays back what the fee differs by.

    The fields say what holds from now on.
    """

    TYPE: ClassVar[str] = "paspor.application.application.kind_corrected.v1"
    application_id: str
    account_id: str
    person_id: str
    passport_kind: Annotated[str, Coded(PassportKind)]
    """A :class:`~shared.events.codes.PassportKind`."""
    validity_years: int
    reason: Annotated[str, Coded(ApplicationReason)]
    """An :class:`~shared.events.codes.ApplicationReason`."""
    zero_tariff: str | None = None
    corrected_at: datetime
    correction_id: str = ""
    """Under which billing answers what it has priced (:class:`shared.events.billing.CorrectionPriced`)."""
    by_applicant: bool = False
    """Whether the applicant did, before paying, after :class:`EarlierBookDiffers`."""


class EarlierBookDiffers(Event):
    """The issuance system's records of earlier books differ from the questionnaire. No number and no date is told."""

    TYPE: ClassVar[str] = "paspor.application.earlier_book.differs.v1"
    application_id: str
    account_id: str
    finding: Annotated[str, Coded(EarlierBookFinding)]
    """An :class:`~shared.events.codes.EarlierBookFinding`."""
    answers_bind: bool
    """Whether the fee is paid already: an officer corrects the kind then, at the visit."""


class PenaltyFound(Event):
    """The interviewer found a lost or damaged book that the questionnaire did not tell of: a penalty is due.

    ``ground``: ``lost`` or ``damaged``; ``force_majeure`` makes it zero (PMK 51/PMK.02/2020).
    """

    TYPE: ClassVar[str] = "paspor.application.penalty.found.v1"
    application_id: str
    account_id: str
    person_id: str
    ground: Annotated[str, Coded(PenaltyGround)]
    """A :class:`~shared.events.codes.PenaltyGround`."""
    force_majeure: bool = False
    correction_id: str = ""
    """Under which billing answers what it has priced (:class:`shared.events.billing.CorrectionPriced`)."""


class DocumentReceived(Event):
    """One page of a document was kept and waits to be read. It holds ids only; the reader opens what it needs."""

    TYPE: ClassVar[str] = "paspor.application.document.received.v1"
    application_id: str
    document_id: str
    requirement: str
    page: int = 1


class DocumentChecked(Event):
    """The machine has decided on a page that it read, or flagged one that was not read in time."""

    TYPE: ClassVar[str] = "paspor.application.document.checked.v1"
    application_id: str
    account_id: str
    document_id: str
    requirement: str
    page: int = 1


class DocumentRefused(Event):
    """An officer refused a document, or the machine after the submission, for the coded reason; it can be replaced
    until ``replace_until`` (F46).
    """

    TYPE: ClassVar[str] = "paspor.application.document.refused.v1"
    application_id: str
    account_id: str
    document_id: str
    requirement: str
    reason_code: str
    replace_until: datetime | None = None
    page: int = 1
    """Which page of the item."""


class ApplicationLeavingAnswered(Event):
    """The answer to :class:`~shared.events.identity.LeavingAsked`: what stands against it, and what stays anyway."""

    TYPE: ClassVar[str] = "paspor.application.leaving.answered.v1"
    leaving_id: str
    account_id: str
    asking: int
    objections: Annotated[tuple[str, ...], Coded(LeavingObjection)]
    """Each a :class:`~shared.events.codes.LeavingObjection`."""
    stays: Annotated[tuple[str, ...], Coded(StayingRecord)]
    """Each a :class:`~shared.events.codes.StayingRecord`."""


class KeepIdentityCard(Command):
    """Identity hands application the confirmed name, NIK, birth data and sex of an applicant, sealed to application.

    ``sealed`` opens to JSON: ``full_name``, ``nik``, ``birth_place``, ``birth_date`` (ISO), ``sex``.
    The box is bound (``aad``) to ``applicant_id``.
    """

    TYPE: ClassVar[str] = "paspor.application.command.keep_identity_card.v1"
    RECIPIENT: ClassVar[str] = "application"
    account_id: str
    applicant_id: str
    person_id: str
    sealed: str


class ApplicationDataRead(DataRead):
    """A member of staff read what application keeps of a person: of an application, a picture or a letter."""

    TYPE: ClassVar[str] = "paspor.application.personal_data.read.v1"


class ApplicationErasureDone(Event):
    """Application erased what an order names. ``kept`` are coded reasons of what it still keeps: ``legal_hold``,
    ``in_use`` or the name of a retention rule; told again when they change, and empty once nothing is kept.
    """

    TYPE: ClassVar[str] = "paspor.application.erasure.done.v1"
    erasure_id: str
    service: str
    kept: tuple[str, ...] = ()
