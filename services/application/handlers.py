"""Events, commands and due deadlines of application, each bound to its use case."""

from __future__ import annotations

from collections.abc import Mapping

from services.application.applications.repository import APPLICATION
from services.application.applications.visit import BILL_FACTS, SEAT_FACTS
from services.application.crossings.repository import CROSSING_COPY
from services.application.evidence.repository import EVIDENCE
from services.application.facts.service import PROGRESS
from services.application.passports.repository import PASSPORT
from services.application.use_cases import UseCases
from shared.events.application import ApplicationRefused, KeepIdentityCard, PassportCollected, PassportPrinted
from shared.events.billing import (
    BillingEvidenceNamed,
    CorrectionPriced,
    PaymentCaseClosed,
    PaymentCaseOpened,
    RefundMoved,
    RefundOpened,
)
from shared.events.envelope import Envelope
from shared.events.identity import (
    AccountRegistered,
    ApplicantConfirmed,
    ApplicantRefused,
    ChildCameOfAge,
    ConsentsChanged,
    DataExportAsked,
    LeavingAsked,
    LeavingEnded,
)
from shared.events.message import Command, Event
from shared.events.notification import DeliveryFailed, DeliverySent
from shared.events.scheduling import SchedulingEvidenceNamed, SeatUnavailable, SpecialRescheduleRefused
from shared.service import DeadlineHandler, MessageHandler


class Handlers:
    """Events, commands and due deadlines of application, each bound to its use case."""

    def __init__(self, service: UseCases) -> None:
        self._service = service

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """The events that application hears."""
        facts, erasing = self._service.facts, self._service.retention.erasing
        return {
            **erasing.guard(
                {
                    **dict.fromkeys(PROGRESS, facts.applicant_progress),
                    ApplicantConfirmed: self._applicant_confirmed,
                    ApplicantRefused: self._applicant_refused,
                    ChildCameOfAge: self._child_came_of_age,
                    AccountRegistered: self._service.crossings.hear_registration,
                    ConsentsChanged: self._service.crossings.hear_consents,
                }
            ),
            **dict.fromkeys(SEAT_FACTS, facts.seat),
            **dict.fromkeys(BILL_FACTS, facts.bill),
            SeatUnavailable: facts.seat_unavailable,
            CorrectionPriced: self._service.corrections.priced,
            SpecialRescheduleRefused: facts.special_refused,
            RefundOpened: facts.refund,
            RefundMoved: facts.refund_moved,
            PaymentCaseOpened: facts.payment_case,
            PaymentCaseClosed: facts.payment_case,
            BillingEvidenceNamed: self._service.evidence.note_named,
            SchedulingEvidenceNamed: self._service.evidence.note_named,
            DeliverySent: facts.delivery,
            DeliveryFailed: facts.delivery,
            **dict.fromkeys((PassportPrinted, PassportCollected, ApplicationRefused), self._service.passports.follow),
            LeavingAsked: self._service.leavings.answer,
            LeavingEnded: self._service.leavings.end,
            DataExportAsked: self._service.export_answers.answer,
            **self._service.assistances.events(),
        }

    def commands(self) -> Mapping[type[Command], MessageHandler]:
        """The commands that application takes."""
        return self._service.retention.erasing.guard({KeepIdentityCard: self._identity_card})

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the use case of each deadline."""
        kind = APPLICATION.name
        return {
            (kind, "identity"): self._service.identities.look_due,
            (kind, "earlier_books"): self._service.earlier_books.ask_due,
            (kind, "draft_warning"): self._service.draft_expiry.warn,
            (kind, "draft_end"): self._service.draft_expiry.end,
            (kind, "letter"): self._service.letters.write_due,
            (kind, "hand_over"): self._service.issuance.hand_over_due,
            (kind, "hand_over_alert"): self._service.issuance.alert_due,
            (kind, "approval"): self._service.issuance.approve_due,
            (kind, "recall"): self._service.recalls.recall_due,
            (kind, "printing"): self._service.issuance.look_for_book,
            (kind, "print_alert"): self._service.printing.alert_due,
            (kind, "refusal_letter"): self._service.refusal_letters.write_due,
            (kind, "uploads"): self._service.uploads.abandon_overdue,
            (kind, "checks"): self._service.paper_readings.flag_overdue,
            (kind, "papers"): self._service.counter.papers_overdue,
            (EVIDENCE.name, "upload"): self._service.evidence.abandon_upload,
            (EVIDENCE.name, "naming"): self._service.evidence.remove_unnamed,
            (kind, "collection"): self._service.counter.collection_overdue,
            (CROSSING_COPY.name, "forget"): self._service.crossings.forget_due,
            (PASSPORT.name, "expiry_reminder"): self._service.expiry_reminders.remind_due,
            (kind, "collection_reminder"): self._service.collection_reminders.remind_due,
            **self._service.assistances.deadlines(),
        }

    async def _applicant_confirmed(self, fact: ApplicantConfirmed, envelope: Envelope) -> None:
        """Keep the confirmation, then tell the application that waits for it; the card may come before or after."""
        await self._service.facts.applicant_confirmed(fact, envelope)
        await self._service.identities.confirm(fact.applicant_id)
        await self._service.passports.meet_holder(fact.applicant_id)

    async def _child_came_of_age(self, fact: ChildCameOfAge, envelope: Envelope) -> None:
        """Note that they act for themselves, then pass their passports on."""
        await self._service.facts.came_of_age(fact, envelope)
        await self._service.passports.pass_on(fact.applicant_id)

    async def _applicant_refused(self, fact: ApplicantRefused, envelope: Envelope) -> None:
        """Keep the refusal, then tell the submission that waits for the civil registry."""
        await self._service.facts.applicant_progress(fact, envelope)
        await self._service.identities.return_refused(fact.applicant_id)

    async def _identity_card(self, command: KeepIdentityCard, envelope: Envelope) -> None:
        await self._service.facts.identity_card(command, envelope)
        await self._service.identities.confirm(command.applicant_id)
