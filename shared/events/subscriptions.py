"""Subscriptions: the table from which queues are bound, and against which handlers are tested."""

from __future__ import annotations

from typing import Final

from shared.events import application, billing, identity, notification, scheduling
from shared.events.message import Command, Event

SERVICES: Final = ("identity", "application", "scheduling", "billing", "notification")

SUBSCRIBERS: Final[dict[type[Event], tuple[str, ...]]] = {
    identity.AccountRegistered: ("application", "notification"),
    identity.AccountJoined: ("notification",),
    identity.ApplicantAdded: ("application", "notification"),
    identity.ApplicantConfirmed: ("application", "notification"),
    identity.ApplicantRefused: ("application", "notification"),
    identity.ApplicantShownBack: ("application", "notification"),
    identity.ApplicantReopened: ("application", "notification"),
    identity.ChildCameOfAge: ("application", "notification"),
    identity.ParticularsCorrected: ("notification",),
    identity.AssistanceBegun: ("application", "scheduling", "notification"),
    identity.AssistanceEnded: ("application", "scheduling"),
    identity.ConsentsChanged: ("application", "notification"),
    identity.DataExportAsked: ("application", "scheduling", "billing", "notification"),
    identity.DataExportReady: ("notification",),
    identity.SessionEnded: ("application", "scheduling", "billing", "notification"),
    identity.IdentityDataRead: ("identity",),
    identity.PersonalDataBreached: ("notification",),
    identity.ErasureOrdered: SERVICES,
    identity.LegalHoldPlaced: SERVICES,
    identity.LegalHoldLifted: SERVICES,
    identity.AccountSilent: ("notification",),
    identity.LeavingAsked: ("application", "billing"),
    identity.LeavingEnded: ("application", "notification"),
    identity.IdentityErasureDone: ("identity",),
    application.ApplicationDrafted: ("scheduling", "notification"),
    application.SubmissionAwaitsIdentity: ("scheduling", "notification"),
    application.SubmissionAwaitsOther: ("notification",),
    application.SubmissionReturned: ("scheduling", "notification"),
    application.ApplicationSubmitted: ("identity", "scheduling", "billing", "notification"),
    application.ApplicationWithdrawn: ("identity", "scheduling", "billing", "notification"),
    application.DraftEnding: ("notification",),
    application.DraftExpired: ("notification",),
    application.ApplicationClosedForPerson: ("notification",),
    application.SubmissionFreed: ("notification",),
    application.LetterReady: ("notification",),
    application.FileHandedOver: (),
    application.HandOverOverdue: ("notification",),
    application.InterviewRecorded: ("scheduling", "notification"),
    application.ApprovalHandedOver: ("notification",),
    application.PassportQueued: ("notification",),
    application.PrintOverdue: ("notification",),
    application.AppealLodged: ("notification",),
    application.PrintingRecalled: (),
    application.RecallCameTooLate: (),
    application.PassportPrinted: ("application", "billing", "notification"),
    application.CollectionReminderDue: ("notification",),
    application.ProxyAnnounced: ("notification",),
    application.PassportCollected: ("identity", "application", "notification"),
    application.PassportExpiryReminderDue: ("notification",),
    application.PassportReported: ("notification",),
    application.PassportReportUndone: ("notification",),
    application.ChildPassportPassedOn: ("notification",),
    application.PassportPassedToHolder: ("notification",),
    application.ApplicationRefused: ("identity", "application", "notification"),
    application.KindCorrected: ("scheduling", "billing", "notification"),
    application.EarlierBookDiffers: ("notification",),
    application.PenaltyFound: ("billing",),
    application.DocumentReceived: (),
    application.DocumentChecked: ("notification",),
    application.DocumentRefused: ("notification",),
    application.ApplicationDataRead: ("identity",),
    application.ApplicationLeavingAnswered: ("identity",),
    application.ApplicationErasureDone: ("identity",),
    scheduling.SeatHeld: ("application", "billing", "notification"),
    scheduling.AppointmentConfirmed: ("application", "billing", "notification"),
    scheduling.AppointmentRescheduled: ("application", "billing", "notification"),
    scheduling.AppointmentReleased: ("application", "billing", "notification"),
    scheduling.SeatOffered: ("application", "billing", "notification"),
    scheduling.OfferEnded: ("application", "billing", "notification"),
    scheduling.SeatUnavailable: ("application", "billing", "notification"),
    scheduling.SeatAnswerRepeated: ("billing",),
    scheduling.VisitorCheckedIn: ("application", "notification"),
    scheduling.VisitorMissed: ("application", "notification"),
    scheduling.ReleaseRefused: ("billing",),
    scheduling.SpecialRescheduleOpened: ("application", "billing", "notification"),
    scheduling.SpecialRescheduleRefused: ("application", "notification"),
    scheduling.SpecialRescheduleEnded: ("application", "billing", "notification"),
    scheduling.VisitInterrupted: ("application", "billing", "notification"),
    scheduling.ArrivedOnProof: ("billing",),
    scheduling.VisitVoided: ("application", "notification"),
    scheduling.SameDaySeatReserved: ("billing",),
    scheduling.SameDaySeatLost: ("notification",),
    scheduling.WaitingSeatOffered: ("notification",),
    scheduling.WaitingOfferEnded: ("notification",),
    scheduling.OpeningAnnounced: ("notification",),
    scheduling.PatternFlagged: (),
    scheduling.LetterShown: ("identity",),
    scheduling.OfficeOpened: ("identity", "notification"),
    scheduling.SchedulingEvidenceNamed: ("application",),
    scheduling.SchedulingDataRead: ("identity",),
    scheduling.SchedulingErasureDone: ("identity",),
    billing.BillRequested: ("application", "scheduling", "notification"),
    billing.BillIssued: ("application", "notification"),
    billing.BillJoined: ("application",),
    billing.JointBillIssued: ("notification",),
    billing.BillDelayed: ("application", "notification"),
    billing.BillReminderDue: ("notification",),
    billing.BillFailed: ("application", "scheduling", "notification"),
    billing.BillWaived: ("application", "scheduling", "notification"),
    billing.BillPaidUnsettled: ("application", "notification"),
    billing.BillPaid: ("application", "scheduling", "notification"),
    billing.BillExpiryUnconfirmed: ("application", "notification"),
    billing.BillExpired: ("application", "scheduling", "notification"),
    billing.BillSuperseded: ("application", "notification"),
    billing.BillCancelled: ("application", "scheduling", "notification"),
    billing.BillRenewalRequested: ("scheduling",),
    billing.PaymentArrivedLate: ("application", "scheduling", "notification"),
    billing.CorrectionPriced: ("application",),
    billing.RefundOpened: ("application", "notification"),
    billing.RefundMoved: ("application", "notification"),
    billing.SeatReleaseRequested: ("scheduling",),
    billing.PaymentCaseOpened: ("application", "notification"),
    billing.PaymentCaseClosed: ("application", "scheduling", "notification"),
    billing.BillingEvidenceNamed: ("application",),
    billing.BillingDataRead: ("identity",),
    billing.BillingLeavingAnswered: ("identity",),
    billing.BillingErasureDone: ("identity",),
    notification.NotificationErasureDone: ("identity",),
    notification.DeliverySent: ("identity", "application"),
    notification.DeliveryFailed: ("identity", "application"),
    notification.WebhookTested: ("notification",),
    notification.WebhookDisabled: ("notification",),
}

ROOM_SUBSCRIBERS: Final[dict[tuple[str, str], tuple[type[Event], ...]]] = {
    ("application", "paper_reading"): (application.DocumentReceived,),
}
"""Events that a process beside a service's own takes from a queue of its own, by service and room: slow work waits
there and holds up nothing else."""

COMMAND_SENDERS: Final[dict[type[Command], tuple[str, ...]]] = {
    application.KeepIdentityCard: ("identity",),
    notification.SendOtp: ("identity",),
    notification.TellOfSignIn: ("identity",),
    notification.TellOfLeaving: ("identity",),
    notification.KeepContactCard: ("identity",),
    notification.SendLetter: ("application",),
    identity.KeepExportPart: ("application", "scheduling", "billing", "notification"),
}
"""Senders of each command: the broker accepts it from no other service."""

COMMANDS: Final[tuple[type[Command], ...]] = tuple(COMMAND_SENDERS)


def events_for(service: str) -> tuple[type[Event], ...]:
    """Return the event classes that a service's queue is bound to."""
    return tuple(event for event, listeners in SUBSCRIBERS.items() if service in listeners)


def commands_for(service: str) -> tuple[type[Command], ...]:
    """Return the command classes that a service takes."""
    return tuple(command for command in COMMANDS if service == command.RECIPIENT)


def rooms_of(service: str) -> tuple[str, ...]:
    """Return the rooms of a service whose process has a queue of its own."""
    return tuple(room for owner, room in ROOM_SUBSCRIBERS if owner == service)


def listeners_of(event: type[Event]) -> tuple[str, ...]:
    """Return the services that hear an event, and the rooms that take it from a queue of their own."""
    rooms = (f"{service}.{room}" for (service, room), events in ROOM_SUBSCRIBERS.items() if event in events)
    return (*SUBSCRIBERS[event], *rooms)


def owner_of(message: type[Event] | type[Command]) -> str:
    """Return the service that publishes an event or takes a command."""
    return message.__module__.rsplit(".", 1)[1]


MESSAGE_TYPES: Final[dict[str, type[Event] | type[Command]]] = {
    **{event.TYPE: event for event in SUBSCRIBERS},
    **{command.TYPE: command for command in COMMANDS},
}
