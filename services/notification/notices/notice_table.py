"""The notice of each event: one table, read by the handlers, the templates' test and the documentation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.notification.contacts.contact import ACCOUNTS_JOINED, ADDRESS_CHANGED
from shared.events import application, billing, identity, notification, scheduling
from shared.events.codes import (
    CollectedBy,
    DeliveryChannel,
    InterviewOutcome,
    LeavingEnd,
    MoveCause,
    OfferEnd,
    PassportReport,
    PaymentCaseKind,
    RefundStep,
    ReleaseReason,
    SeatQuestion,
    WebhookEnd,
)
from shared.events.message import Event

BY_EMAIL: Final = (DeliveryChannel.EMAIL,)
BY_BOTH: Final = (DeliveryChannel.EMAIL, DeliveryChannel.SMS)


@dataclass(frozen=True)
class Notice:
    """A message's template and the channels it usually takes."""

    template: str
    channels: tuple[DeliveryChannel, ...] = BY_EMAIL


@dataclass(frozen=True)
class Rule:
    """The notice of an event: ``usual``, or the one that the value of the event's field ``by`` is listed with.

    None says that another event tells the same, so this one is quiet; ``quiet`` names the event's field that says so.
    ``until`` names the event's field with the time from which on the message is of no use. ``purpose`` is the free
    purpose of the privacy notice that the message serves: accounts that stopped it are not told.
    """

    usual: Notice | None
    by: str = ""
    cases: Mapping[str, Notice | None] = field(default_factory=dict)
    until: str = ""
    purpose: str = ""
    quiet: str = ""

    def notices(self) -> tuple[Notice, ...]:
        """Return every notice that this rule can lead to."""
        return tuple(notice for notice in (self.usual, *self.cases.values()) if notice is not None)


REMINDERS: Final = "reminders"
"""The purpose of messages that only remind: their fact is told by another message, or seen in the account."""

CHANGED: Final = Notice("application_changed")
"""For a case that this version does not know: the applicant is sent to the application, never left in silence."""

RULES: Final[Mapping[type[Event], Rule]] = {
    identity.AccountRegistered: Rule(Notice("account_registered")),
    identity.ApplicantConfirmed: Rule(Notice("applicant_confirmed")),
    identity.ApplicantRefused: Rule(Notice("applicant_refused")),
    identity.ApplicantShownBack: Rule(Notice("applicant_shown_back", BY_BOTH)),
    identity.ChildCameOfAge: Rule(Notice("child_came_of_age")),
    identity.ParticularsCorrected: Rule(Notice("particulars_corrected", BY_BOTH)),
    identity.PersonalDataBreached: Rule(Notice("personal_data_breached", BY_BOTH)),
    identity.DataExportReady: Rule(Notice("data_export_ready", BY_BOTH), until="ends_at"),
    identity.AssistanceBegun: Rule(Notice("assistance_begun", BY_BOTH), until="expires_at"),
    identity.AccountSilent: Rule(Notice("account_silent", BY_BOTH), until="closes_at"),
    identity.LeavingEnded: Rule(
        Notice("leaving_objected", BY_BOTH),
        by="end",
        cases={LeavingEnd.UNDONE: Notice("leaving_undone", BY_BOTH)},
        quiet="by_silence",
    ),
    application.SubmissionAwaitsOther: Rule(Notice("submission_awaits_other", BY_BOTH)),
    application.SubmissionReturned: Rule(Notice("submission_returned", BY_BOTH)),
    application.ApplicationSubmitted: Rule(Notice("application_submitted")),
    application.DraftEnding: Rule(Notice("draft_ending", BY_BOTH), until="ends_at", purpose=REMINDERS),
    application.DraftExpired: Rule(Notice("draft_expired")),
    application.ApplicationClosedForPerson: Rule(Notice("application_closed_for_person", BY_BOTH)),
    application.SubmissionFreed: Rule(Notice("submission_freed", BY_BOTH)),
    application.HandOverOverdue: Rule(Notice("hand_over_overdue")),
    application.InterviewRecorded: Rule(
        CHANGED,
        by="outcome",
        cases={
            InterviewOutcome.APPROVED: Notice("interview_approved"),
            InterviewOutcome.INCOMPLETE: Notice("interview_incomplete", BY_BOTH),
            InterviewOutcome.REFUSED: None,  # ApplicationRefused tells it
        },
    ),
    application.PassportQueued: Rule(Notice("passport_queued")),
    application.PrintOverdue: Rule(Notice("print_overdue")),
    application.AppealLodged: Rule(Notice("appeal_lodged")),
    application.PassportPrinted: Rule(Notice("passport_printed", BY_BOTH)),
    application.CollectionReminderDue: Rule(
        Notice("collection_reminder", BY_BOTH), until="collect_until", purpose=REMINDERS
    ),
    application.ProxyAnnounced: Rule(Notice("proxy_announced", BY_BOTH)),
    application.PassportCollected: Rule(
        Notice("passport_collected"),
        by="collected_by",
        cases={
            CollectedBy.FAMILY: Notice("passport_collected_by_family", BY_BOTH),
            CollectedBy.PROXY: Notice("passport_collected_by_proxy", BY_BOTH),
        },
    ),
    application.PassportExpiryReminderDue: Rule(Notice("passport_expiring", BY_BOTH), purpose=REMINDERS),
    application.PassportReported: Rule(
        Notice("passport_lost", BY_BOTH),
        by="report",
        cases={PassportReport.DAMAGED: Notice("passport_damaged", BY_BOTH)},
    ),
    application.PassportReportUndone: Rule(Notice("passport_report_undone", BY_BOTH)),
    application.ChildPassportPassedOn: Rule(Notice("child_passport_passed_on")),
    application.PassportPassedToHolder: Rule(Notice("passport_passed_to_holder")),
    application.ApplicationRefused: Rule(
        Notice("application_refused", BY_BOTH),
        by="reason_code",
        cases={"papers_not_completed": Notice("application_closed"), "not_collected": Notice("application_closed")},
    ),
    application.KindCorrected: Rule(Notice("kind_corrected"), quiet="by_applicant"),
    application.EarlierBookDiffers: Rule(Notice("earlier_book_differs", BY_BOTH)),
    application.DocumentRefused: Rule(Notice("document_refused", BY_BOTH), until="replace_until"),
    scheduling.AppointmentConfirmed: Rule(Notice("appointment_confirmed", BY_BOTH), until="ends_at"),
    scheduling.AppointmentRescheduled: Rule(
        Notice("appointment_rescheduled", BY_BOTH),
        by="cause",
        cases={MoveCause.MOVED_BY_OFFICE: Notice("appointment_moved_by_office", BY_BOTH)},
        until="ends_at",
    ),
    scheduling.VisitInterrupted: Rule(Notice("visit_interrupted", BY_BOTH), until="until"),
    scheduling.SpecialRescheduleOpened: Rule(Notice("special_reschedule_opened", BY_BOTH), until="until"),
    scheduling.SpecialRescheduleRefused: Rule(Notice("special_reschedule_refused")),
    scheduling.SpecialRescheduleEnded: Rule(Notice("special_reschedule_ended")),
    scheduling.AppointmentReleased: Rule(
        CHANGED,
        by="reason",
        cases={
            ReleaseReason.HOLD_LAPSED: Notice("hold_lapsed"),
            ReleaseReason.BILL_EXPIRED: None,  # BillExpired tells it
            ReleaseReason.BILL_FAILED: None,  # BillFailed tells it
            ReleaseReason.BILL_CANCELLED: Notice("appointment_cancelled"),
            ReleaseReason.CANCELLED: Notice("appointment_cancelled"),
            ReleaseReason.WITHDRAWN: Notice("appointment_cancelled"),
            ReleaseReason.SAME_DAY_UNPAID: Notice("same_day_unpaid"),
            ReleaseReason.PROOF_REFUSED: None,  # PaymentCaseClosed tells it
        },
        quiet="closed_for_person",
    ),
    scheduling.SameDaySeatLost: Rule(Notice("same_day_unpaid")),
    scheduling.SeatOffered: Rule(Notice("seat_offered", BY_BOTH), until="offer_until"),
    scheduling.WaitingSeatOffered: Rule(Notice("waiting_seat_offered", BY_BOTH), until="offer_until"),
    scheduling.OfferEnded: Rule(
        CHANGED,
        by="reason",
        cases={OfferEnd.DECLINED: Notice("offer_declined"), OfferEnd.LAPSED: Notice("offer_lapsed")},
        quiet="closed_for_person",
    ),
    scheduling.SeatUnavailable: Rule(
        CHANGED,
        by="asked_for",
        cases={
            SeatQuestion.LATE_PAYMENT: Notice("seat_unavailable_late"),
            SeatQuestion.RENEWAL: Notice("seat_unavailable_renewal"),
            SeatQuestion.SAME_DAY: Notice("same_day_place_gone"),
        },
    ),
    scheduling.OpeningAnnounced: Rule(Notice("opening_announced", BY_BOTH), until="opens_at", purpose=REMINDERS),
    scheduling.VisitorMissed: Rule(Notice("visitor_missed")),
    billing.BillIssued: Rule(Notice("bill_issued", BY_BOTH), until="expires_at"),
    billing.JointBillIssued: Rule(Notice("joint_bill_issued", BY_BOTH), until="expires_at"),
    billing.BillDelayed: Rule(Notice("bill_delayed")),
    billing.BillReminderDue: Rule(Notice("bill_reminder", BY_BOTH), until="expires_at", purpose=REMINDERS),
    billing.BillFailed: Rule(Notice("bill_failed", BY_BOTH)),
    billing.BillPaidUnsettled: Rule(Notice("bill_paid_unsettled")),
    billing.BillPaid: Rule(Notice("bill_paid")),
    billing.BillExpiryUnconfirmed: Rule(Notice("bill_expiry_unconfirmed")),
    billing.BillExpired: Rule(Notice("bill_expired")),
    billing.PaymentArrivedLate: Rule(Notice("payment_arrived_late")),
    billing.RefundOpened: Rule(Notice("refund_opened")),
    billing.RefundMoved: Rule(
        Notice("refund_moved"),
        by="state",
        cases={
            RefundStep.INCOMPLETE: Notice("refund_incomplete", BY_BOTH),
            RefundStep.REFUSED: Notice("refund_refused"),
            RefundStep.PAID: Notice("refund_paid", BY_BOTH),
        },
    ),
    billing.PaymentCaseOpened: Rule(
        None,  # the treasury's own questions are not the applicant's
        by="kind",
        cases={
            PaymentCaseKind.CLAIM_UNCONFIRMED: Notice("payment_case_opened"),
            PaymentCaseKind.ARRIVED_ON_PROOF: Notice("payment_case_opened"),
        },
    ),
    billing.PaymentCaseClosed: Rule(
        None,
        by="kind",
        cases={
            PaymentCaseKind.CLAIM_UNCONFIRMED: Notice("payment_case_closed"),
            PaymentCaseKind.ARRIVED_ON_PROOF: Notice("payment_case_closed"),
        },
    ),
    notification.WebhookDisabled: Rule(
        Notice("webhook_disabled"),
        by="cause",
        cases={WebhookEnd.OPERATOR: None},  # an operator has done it
    ),
}

TO_OFFICES: Final = frozenset(
    {
        *(application.HandOverOverdue, application.PrintOverdue, application.AppealLodged),
        notification.WebhookDisabled,
    }
)
"""Told to the office, not to the applicant; what concerns no office to the operator."""

OTP: Final = "otp"
CONSENT_CODE: Final = "assistance_code"
"""A code that is told to an officer, unlike every other one."""

NEW_DEVICE: Final = "new_device"
"""A sign-in on a new device, or one that waits, with the link that disowns it."""

LEAVING: Final = "leaving"
"""The news of what goes at the end of a grace time, with the link that undoes it."""

LETTER: Final = "letter"
REFUSAL_LETTER: Final = "refusal_letter"


def otp_template(purpose: str) -> str:
    """Return the template of a code for this purpose."""
    return CONSENT_CODE if purpose == "assistance" else OTP


def notice_for(event: Event) -> Notice | None:
    """Return the notice of this event; None if another event tells the same."""
    rule = RULES[type(event)]
    if getattr(event, rule.quiet, False):
        return None
    return rule.cases.get(getattr(event, rule.by), rule.usual) if rule.by else rule.usual


def purpose_of(event: Event) -> str:
    """Return the free purpose that the message about this event serves; empty where it serves none."""
    return RULES[type(event)].purpose


def is_stopped(event: Event, stopped_purposes: Collection[str]) -> bool:
    """Return whether the message serves a purpose that its receiver has stopped."""
    return purpose_of(event) in stopped_purposes


def useful_until(event: Event, event_at: datetime, useful_for: timedelta) -> datetime:
    """Return until when a message about the event may be sent: at most ``useful_for`` after the event."""
    latest = event_at + useful_for
    until: datetime | None = getattr(event, RULES[type(event)].until, None)
    return min(latest, until) if until is not None else latest


def templates() -> frozenset[str]:
    """Return the name of every template that can be asked for."""
    from_events = {notice.template for rule in RULES.values() for notice in rule.notices()}
    return frozenset(
        {
            *from_events,
            OTP,
            CONSENT_CODE,
            NEW_DEVICE,
            LEAVING,
            LETTER,
            REFUSAL_LETTER,
            ACCOUNTS_JOINED,
            *ADDRESS_CHANGED.values(),
        }
    )
