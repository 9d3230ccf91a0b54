"""Which event leads to which message: one table, read by the handlers, the templates' test and the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.notification.channel import Channel
from services.notification.contacts.contact import ADDRESS_CHANGED
from shared.events import application, billing, identity, scheduling
from shared.events.message import Event

BY_EMAIL: Final = (Channel.EMAIL,)
BY_BOTH: Final = (Channel.EMAIL, Channel.SMS)


@dataclass(frozen=True)
class Notice:
    """A message's template and the channels it usually takes."""

    template: str
    channels: tuple[Channel, ...] = BY_EMAIL


@dataclass(frozen=True)
class Rule:
    """The notice of an event: ``usual``, or the one that the value of the event's field ``by`` is listed with.

    None says that another event tells the same, so this one is quiet. ``until`` names the event's field with the time
    from which on the message is of no use.
    """

    usual: Notice | None
    by: str = ""
    cases: Mapping[str, Notice | None] = field(default_factory=dict)
    until: str = ""

    def notices(self) -> tuple[Notice, ...]:
        """Every notice that this rule can lead to."""
        return tuple(notice for notice in (self.usual, *self.cases.values()) if notice is not None)


CHANGED: Final = Notice("application_changed")
"""For a case that this version does not know: the applicant is sent to the application, never left in silence."""

RULES: Final[Mapping[type[Event], Rule]] = {
    identity.AccountRegistered: Rule(Notice("account_registered")),
    identity.ApplicantConfirmed: Rule(Notice("applicant_confirmed")),
    identity.ApplicantRefused: Rule(Notice("applicant_refused")),
    identity.AssistanceBegun: Rule(Notice("assistance_begun", BY_BOTH), until="expires_at"),
    application.ApplicationSubmitted: Rule(Notice("application_submitted")),
    application.HandOverOverdue: Rule(Notice("hand_over_overdue")),
    application.InterviewRecorded: Rule(
        CHANGED,
        by="outcome",
        cases={
            "approved": Notice("interview_approved"),
            "incomplete": Notice("interview_incomplete", BY_BOTH),
            "refused": None,  # ApplicationRefused tells it
        },
    ),
    application.PassportPrinted: Rule(Notice("passport_printed", BY_BOTH)),
    application.PassportCollected: Rule(Notice("passport_collected")),
    application.ApplicationRefused: Rule(
        Notice("application_refused"),
        by="reason_code",
        cases={"papers_not_completed": Notice("application_closed"), "not_collected": Notice("application_closed")},
    ),
    application.KindCorrected: Rule(Notice("kind_corrected")),
    application.DocumentRefused: Rule(Notice("document_refused", BY_BOTH), until="replace_until"),
    scheduling.AppointmentConfirmed: Rule(Notice("appointment_confirmed", BY_BOTH), until="ends_at"),
    scheduling.AppointmentRescheduled: Rule(
        Notice("appointment_rescheduled", BY_BOTH),
        by="cause",
        cases={"moved_by_office": Notice("appointment_moved_by_office", BY_BOTH)},
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
            "hold_lapsed": Notice("hold_lapsed"),
            "bill_expired": None,  # BillExpired tells it
            "bill_failed": None,  # BillFailed tells it
            "bill_cancelled": Notice("appointment_cancelled"),
            "cancelled": Notice("appointment_cancelled"),
            "withdrawn": Notice("appointment_cancelled"),
            "same_day_unpaid": Notice("same_day_unpaid"),
            "proof_refused": None,  # PaymentCaseClosed tells it
        },
    ),
    scheduling.SameDaySeatLost: Rule(Notice("same_day_unpaid")),
    scheduling.SeatOffered: Rule(Notice("seat_offered", BY_BOTH), until="offer_until"),
    scheduling.WaitingSeatOffered: Rule(Notice("waiting_seat_offered", BY_BOTH), until="offer_until"),
    scheduling.OfferEnded: Rule(
        CHANGED, by="reason", cases={"declined": Notice("offer_declined"), "lapsed": Notice("offer_lapsed")}
    ),
    scheduling.SeatUnavailable: Rule(
        CHANGED,
        by="asked_for",
        cases={
            "late_payment": Notice("seat_unavailable_late"),
            "renewal": Notice("seat_unavailable_renewal"),
            "same_day": Notice("same_day_place_gone"),
        },
    ),
    scheduling.OpeningAnnounced: Rule(Notice("opening_announced", BY_BOTH), until="opens_at"),
    scheduling.VisitorMissed: Rule(Notice("visitor_missed")),
    billing.BillIssued: Rule(Notice("bill_issued", BY_BOTH), until="expires_at"),
    billing.BillDelayed: Rule(Notice("bill_delayed")),
    billing.BillReminderDue: Rule(Notice("bill_reminder", BY_BOTH), until="expires_at"),
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
            "incomplete": Notice("refund_incomplete", BY_BOTH),
            "refused": Notice("refund_refused"),
            "paid": Notice("refund_paid", BY_BOTH),
        },
    ),
    billing.PaymentCaseOpened: Rule(
        None,  # the treasury's own questions are not the applicant's
        by="kind",
        cases={
            "claim_unconfirmed": Notice("payment_case_opened"),
            "arrived_on_proof": Notice("payment_case_opened"),
        },
    ),
    billing.PaymentCaseClosed: Rule(
        None,
        by="kind",
        cases={
            "claim_unconfirmed": Notice("payment_case_closed"),
            "arrived_on_proof": Notice("payment_case_closed"),
        },
    ),
}

TO_OFFICES: Final = frozenset({application.HandOverOverdue})
"""Told to the office, not to the applicant."""

OTP: Final = "otp"
CONSENT_CODE: Final = "assistance_code"
"""A code that is told to an officer, unlike every other one."""

NEW_DEVICE: Final = "new_device"
"""A sign-in on a new device, or one that waits, with the link that disowns it."""

LETTER: Final = "letter"


def otp_template(purpose: str) -> str:
    """The template of a code for this purpose."""
    return CONSENT_CODE if purpose == "assistance" else OTP


def notice_for(event: Event) -> Notice | None:
    """Return the notice of this event; None if another event tells the same."""
    rule = RULES[type(event)]
    return rule.cases.get(getattr(event, rule.by), rule.usual) if rule.by else rule.usual


def useful_until(event: Event, said_at: datetime, useful_for: timedelta) -> datetime:
    """Until when a message about the event may be sent: never longer than ``useful_for`` after it was said."""
    latest = said_at + useful_for
    until: datetime | None = getattr(event, RULES[type(event)].until, None)
    return min(latest, until) if until is not None else latest


def templates() -> frozenset[str]:
    """The name of every template that can be asked for."""
    from_events = {notice.template for rule in RULES.values() for notice in rule.notices()}
    return frozenset({*from_events, OTP, CONSENT_CODE, NEW_DEVICE, LETTER, *ADDRESS_CHANGED.values()})
