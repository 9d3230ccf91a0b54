"""The fact that each event tells of an account's own things: one table, read by handlers and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.notification.account_feeds.feed import ThingKind, Told
from shared.events import application, billing, identity, scheduling
from shared.events.message import Event


@dataclass(frozen=True)
class Row:
    """The thing that an event is about: its kind and the event's field that has its id.

    ``fact`` is the word for what happened; by default the fact in the event's type. ``by`` names a field of the event
    whose code is the word.
    """

    kind: ThingKind
    id_field: str
    fact: str = ""
    by: str = ""


ACCOUNT: Final = Row(ThingKind.ACCOUNT, "account_id")
APPLICANT: Final = Row(ThingKind.APPLICANT, "applicant_id")
APPLICATION: Final = Row(ThingKind.APPLICATION, "application_id")
APPOINTMENT: Final = Row(ThingKind.APPOINTMENT, "appointment_id")
PASSPORT: Final = Row(ThingKind.PASSPORT, "passport_id")
BILL: Final = Row(ThingKind.BILL, "bill_id")

ROWS: Final[Mapping[type[Event], Row]] = {
    identity.AccountRegistered: ACCOUNT,
    identity.AccountSilent: ACCOUNT,
    identity.AssistanceBegun: Row(ThingKind.ACCOUNT, "account_id", fact="assistance_begun"),
    identity.ConsentsChanged: Row(ThingKind.ACCOUNT, "account_id", fact="consents_changed"),
    identity.PersonalDataBreached: Row(ThingKind.ACCOUNT, "account_id", fact="personal_data_breached"),
    identity.SessionEnded: Row(ThingKind.SESSION, "session_id"),
    identity.ApplicantAdded: APPLICANT,
    identity.ApplicantConfirmed: APPLICANT,
    identity.ApplicantRefused: APPLICANT,
    identity.ApplicantShownBack: APPLICANT,
    identity.ApplicantReopened: APPLICANT,
    identity.ChildCameOfAge: APPLICANT,
    identity.ParticularsCorrected: APPLICANT,
    identity.DataExportAsked: Row(ThingKind.DATA_EXPORT, "export_id"),
    identity.DataExportReady: Row(ThingKind.DATA_EXPORT, "export_id"),
    identity.LeavingEnded: Row(ThingKind.LEAVING, "leaving_id", by="end"),
    application.ApplicationDrafted: APPLICATION,
    application.SubmissionAwaitsIdentity: APPLICATION,
    application.SubmissionAwaitsOther: APPLICATION,
    application.SubmissionReturned: APPLICATION,
    application.ApplicationSubmitted: APPLICATION,
    application.ApplicationWithdrawn: APPLICATION,
    application.DraftEnding: Row(ThingKind.APPLICATION, "application_id", fact="draft_ending"),
    application.DraftExpired: Row(ThingKind.APPLICATION, "application_id", fact="draft_expired"),
    application.ApplicationClosedForPerson: APPLICATION,
    application.SubmissionFreed: APPLICATION,
    application.InterviewRecorded: Row(ThingKind.APPLICATION, "application_id", fact="interview_recorded"),
    application.ApprovalHandedOver: Row(ThingKind.APPLICATION, "application_id", fact="approval_handed_over"),
    application.PassportQueued: APPLICATION,
    application.AppealLodged: Row(ThingKind.APPLICATION, "application_id", fact="appeal_lodged"),
    application.PassportPrinted: APPLICATION,
    application.CollectionReminderDue: Row(ThingKind.APPLICATION, "application_id", fact="collection_reminder"),
    application.ProxyAnnounced: Row(ThingKind.APPLICATION, "application_id", fact="proxy_announced"),
    application.PassportCollected: APPLICATION,
    application.PassportExpiryReminderDue: Row(ThingKind.PASSPORT, "passport_id", fact="expiry_reminder"),
    application.PassportReported: PASSPORT,
    application.PassportReportUndone: PASSPORT,
    application.ChildPassportPassedOn: PASSPORT,
    application.PassportPassedToHolder: PASSPORT,
    application.ApplicationRefused: APPLICATION,
    application.KindCorrected: APPLICATION,
    application.EarlierBookDiffers: Row(ThingKind.APPLICATION, "application_id", fact="earlier_book_differs"),
    application.DocumentChecked: Row(ThingKind.DOCUMENT, "document_id"),
    application.DocumentRefused: Row(ThingKind.DOCUMENT, "document_id"),
    application.LetterReady: Row(ThingKind.LETTER, "application_id"),
    scheduling.SeatHeld: APPOINTMENT,
    scheduling.AppointmentConfirmed: APPOINTMENT,
    scheduling.AppointmentRescheduled: APPOINTMENT,
    scheduling.AppointmentReleased: APPOINTMENT,
    scheduling.SeatOffered: APPOINTMENT,
    scheduling.OfferEnded: Row(ThingKind.APPOINTMENT, "appointment_id", fact="offer_ended"),
    scheduling.SeatUnavailable: Row(ThingKind.BILL, "bill_id", fact="seat_unavailable"),
    scheduling.VisitorCheckedIn: APPOINTMENT,
    scheduling.VisitorMissed: APPOINTMENT,
    scheduling.SpecialRescheduleOpened: Row(ThingKind.APPOINTMENT, "appointment_id", fact="special_reschedule_opened"),
    scheduling.SpecialRescheduleRefused: Row(
        ThingKind.APPOINTMENT, "appointment_id", fact="special_reschedule_refused"
    ),
    scheduling.SpecialRescheduleEnded: Row(ThingKind.APPOINTMENT, "appointment_id", fact="special_reschedule_ended"),
    scheduling.VisitInterrupted: APPOINTMENT,
    scheduling.VisitVoided: APPOINTMENT,
    scheduling.SameDaySeatLost: Row(ThingKind.APPOINTMENT, "appointment_id", fact="same_day_lost"),
    scheduling.WaitingSeatOffered: Row(ThingKind.WAITING_ENTRY, "waiting_id"),
    scheduling.WaitingOfferEnded: Row(ThingKind.WAITING_ENTRY, "waiting_id"),
    billing.BillRequested: BILL,
    billing.BillIssued: BILL,
    billing.JointBillIssued: Row(ThingKind.JOINT_BILL, "joint_bill_id"),
    billing.BillDelayed: BILL,
    billing.BillReminderDue: BILL,
    billing.BillFailed: BILL,
    billing.BillWaived: BILL,
    billing.BillPaidUnsettled: BILL,
    billing.BillPaid: BILL,
    billing.BillExpiryUnconfirmed: BILL,
    billing.BillExpired: BILL,
    billing.BillSuperseded: BILL,
    billing.BillCancelled: BILL,
    billing.PaymentArrivedLate: Row(ThingKind.BILL, "bill_id", fact="payment_arrived_late"),
    billing.RefundOpened: Row(ThingKind.REFUND, "refund_id"),
    billing.RefundMoved: Row(ThingKind.REFUND, "refund_id", by="state"),
}
"""Each with the field ``account_id``. Joined accounts have a rule of their own (`Feeds.account_joined`)."""

HREFS: Final[Mapping[ThingKind, str]] = {
    ThingKind.ACCOUNT: "/v1/account",
    ThingKind.SESSION: "/v1/account",
    ThingKind.APPLICANT: "/v1/applicants/{thing_id}",
    ThingKind.LEAVING: "/v1/account/leavings/{thing_id}",
    ThingKind.DATA_EXPORT: "/v1/account/exports/{thing_id}",
    ThingKind.APPLICATION: "/v1/applications/{thing_id}",
    ThingKind.DOCUMENT: "/v1/applications/{application_id}/documents/{thing_id}",
    ThingKind.LETTER: "/v1/applications/{thing_id}/letter",
    ThingKind.PASSPORT: "/v1/passports/{thing_id}",
    ThingKind.APPOINTMENT: "/v1/appointments/{thing_id}",
    ThingKind.WAITING_ENTRY: "/v1/waiting-list/{thing_id}",
    ThingKind.BILL: "/v1/bills/{thing_id}",
    ThingKind.JOINT_BILL: "/v1/joint-bills/{thing_id}",
    ThingKind.REFUND: "/v1/refunds/{thing_id}",
}
"""Where a thing of each kind is read."""


def told_by(event: Event, version: int, at: datetime) -> Told:
    """Return what the event tells, as of this version of the record that told it."""
    row = ROWS[type(event)]
    word = getattr(event, row.by) if row.by else row.fact or event.TYPE.split(".")[3]
    application_id: str | None = getattr(event, "application_id", None)
    return Told(row.kind, getattr(event, row.id_field), str(word), version, at, application_id)


def href_of(told: Told) -> str:
    """Return the path at which the thing is read."""
    return HREFS[ThingKind(told.kind)].format(thing_id=told.thing_id, application_id=told.application_id)
