"""Which message and which deadline goes to which use case."""

from __future__ import annotations

from collections.abc import Mapping

from services.application.applications.repository import APPLICATION
from services.application.applications.visit import BILL_FACTS, SEAT_FACTS
from services.application.use_cases import Application
from shared.events.application import KeepIdentityCard
from shared.events.billing import CorrectionPriced, PaymentCaseClosed, PaymentCaseOpened, RefundMoved, RefundOpened
from shared.events.identity import ApplicantConfirmed
from shared.events.message import Command, Event
from shared.events.notification import DeliveryFailed, DeliverySent
from shared.events.scheduling import SeatUnavailable, SpecialRescheduleRefused
from shared.service import DeadlineHandler, MessageHandler


def events(service: Application) -> Mapping[type[Event], MessageHandler]:
    """The events that application hears."""
    facts = service.facts
    return {
        ApplicantConfirmed: facts.applicant_confirmed,
        **dict.fromkeys(SEAT_FACTS, facts.seat),
        **dict.fromkeys(BILL_FACTS, facts.bill),
        SeatUnavailable: facts.seat_unavailable,
        CorrectionPriced: service.corrections.priced,
        SpecialRescheduleRefused: facts.special_refused,
        RefundOpened: facts.refund,
        RefundMoved: facts.refund_moved,
        PaymentCaseOpened: facts.payment_case,
        PaymentCaseClosed: facts.payment_case,
        DeliverySent: facts.delivery,
        DeliveryFailed: facts.delivery,
        **service.desk.assistances.events(),
    }


def commands(service: Application) -> Mapping[type[Command], MessageHandler]:
    """The commands that application takes."""
    return {KeepIdentityCard: service.facts.identity_card}


def deadlines(service: Application) -> Mapping[tuple[str, str], DeadlineHandler]:
    """What is due when its time has come."""
    kind = APPLICATION.name
    return {
        (kind, "letter"): service.letters.write_due,
        (kind, "hand_over"): service.issuance.hand_over_due,
        (kind, "hand_over_alert"): service.issuance.alert_due,
        (kind, "approval"): service.issuance.approve_due,
        (kind, "printing"): service.issuance.look_for_book,
        (kind, "uploads"): service.uploads.abandon_overdue,
        (kind, "papers"): service.counter.papers_overdue,
        (kind, "collection"): service.counter.collection_overdue,
        **service.desk.assistances.deadlines(),
    }
