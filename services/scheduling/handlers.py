"""Incoming events, due deadlines and chores, each to its use case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.same_day.upgrade import SAME_DAY
from services.scheduling.booking.waiting_list.handlers import seat_chores, seat_deadlines
from services.scheduling.offices.session import Session
from services.scheduling.openings.handlers import opening_chores, opening_deadlines
from services.scheduling.quota.handlers import quota_chores, quota_deadlines
from services.scheduling.repository import APPOINTMENT, SESSION
from services.scheduling.use_cases import Scheduling
from services.scheduling.visit.counter.handlers import visit_deadlines, visit_events
from services.scheduling.visit.day_sheets.handlers import paper_chores, paper_deadlines
from shared.events import application, billing
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.service import Chore, DeadlineHandler, MessageHandler
from shared.store.kinds import Record

log = structlog.get_logger()

HORIZON_EVERY_SECONDS: Final = 3600.0


class Handlers:
    """What the service hears and what falls due."""

    def __init__(self, service: Scheduling) -> None:
        self._service = service

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Every event that this service is bound to."""
        return {
            application.ApplicationSubmitted: self.application_submitted,
            application.ApplicationWithdrawn: self.application_withdrawn,
            application.KindCorrected: self.kind_corrected,
            application.InterviewRecorded: self.interview_recorded,
            billing.BillRequested: self.bill_requested,
            billing.BillPaid: self.bill_paid,
            billing.BillWaived: self.bill_paid,
            billing.BillExpired: self.bill_ended,
            billing.BillFailed: self.bill_ended,
            billing.BillCancelled: self.bill_ended,
            billing.BillRenewalRequested: self.renewal_requested,
            billing.PaymentArrivedLate: self.payment_arrived_late,
            **visit_events(self._service),
            **self._service.assistances.events(),
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Every deadline that a seat or an appointment can have."""
        return {
            (APPOINTMENT.name, "lapse"): self.hold_lapsed,
            (APPOINTMENT.name, "long_stop"): self.long_stop_reached,
            (APPOINTMENT.name, "offer"): self.offer_lapsed,
            (APPOINTMENT.name, "move"): self.move_overdue,
            (APPOINTMENT.name, "leave"): self.seat_left,
            (APPOINTMENT.name, "miss"): self.session_over,
            (SESSION.name, "open"): self.opening_overdue,
            **quota_deadlines(self._service),
            **seat_deadlines(self._service),
            **visit_deadlines(self._service),
            **opening_deadlines(self._service),
            **paper_deadlines(self._service),
            **self._service.assistances.deadlines(),
        }

    def chores(self) -> list[Chore]:
        """What is to be done again and again."""
        return [
            Chore("roll_horizon", HORIZON_EVERY_SECONDS, self.roll_horizon),
            *quota_chores(self._service),
            *opening_chores(self._service),
            *seat_chores(self._service),
            *paper_chores(self._service),
        ]

    async def application_submitted(self, said: application.ApplicationSubmitted, _envelope: Envelope) -> None:
        """It may hold a seat."""
        await self._service.holds.application_submitted(said)

    async def application_withdrawn(self, said: application.ApplicationWithdrawn, envelope: Envelope) -> None:
        """Its seat goes back."""
        await self._service.holds.application_withdrawn(said, envelope.id)
        await self._service.waiting_list.application_withdrawn(said)

    async def kind_corrected(self, said: application.KindCorrected, _envelope: Envelope) -> None:
        """What is applied for changed; so do the offices that can make it."""
        await self._service.holds.kind_corrected(said)

    async def interview_recorded(self, said: application.InterviewRecorded, envelope: Envelope) -> None:
        """The visit took place."""
        await self._service.visits.interview_recorded(said, envelope.id)

    async def bill_requested(self, said: billing.BillRequested, envelope: Envelope) -> None:
        """The bill owns the seat's time now, or is the surcharge's."""
        if said.purpose == SAME_DAY:
            await self._service.hurry.surcharge_billed(said, envelope.id)
            return
        await self._service.payments.bill_requested(said, envelope.id)

    async def bill_paid(self, said: billing.BillPaid | billing.BillWaived, envelope: Envelope) -> None:
        """The visit is certain, or its surcharge paid."""
        if said.purpose == SAME_DAY:
            await self._service.hurry.surcharge_paid(said, envelope.id)
            return
        await self._service.payments.bill_paid(said, envelope.id)

    async def bill_ended(
        self, said: billing.BillExpired | billing.BillFailed | billing.BillCancelled, envelope: Envelope
    ) -> None:
        """The seat goes back, or the place in the same-day quota."""
        if said.purpose == SAME_DAY:
            await self._service.hurry.surcharge_ended(said, envelope.id)
            return
        await self._service.payments.bill_ended(said, envelope.id)

    async def renewal_requested(self, said: billing.BillRenewalRequested, envelope: Envelope) -> None:
        """The same seat is wanted again."""
        await self._service.payments.renewal_requested(said, envelope.id)

    async def payment_arrived_late(self, said: billing.PaymentArrivedLate, envelope: Envelope) -> None:
        """Money looks for a seat."""
        await self._service.payments.payment_arrived_late(said, envelope.id)

    async def hold_lapsed(self, record: Record[Appointment], _name: str) -> None:
        """No bill came in time."""
        await self._service.holds.lapse(record)

    async def long_stop_reached(self, record: Record[Appointment], _name: str) -> None:
        """Billing has been silent for far too long."""
        await self._service.holds.alert_long_stop(record)

    async def offer_lapsed(self, record: Record[Appointment], _name: str) -> None:
        """Nobody answered the offer."""
        await self._service.payments.lapse_offer(record)

    async def move_overdue(self, record: Record[Appointment], _name: str) -> None:
        """A move was left unfinished."""
        await self._service.moves.roll(record)
        await self._service.fallback.roll(record)

    async def seat_left(self, record: Record[Appointment], _name: str) -> None:
        """A seat that was given up does not know it yet."""
        await self._service.seating.tell_left(record)

    async def session_over(self, record: Record[Appointment], _name: str) -> None:
        """The applicant did not come."""
        await self._service.visits.miss(record)

    async def opening_overdue(self, record: Record[Session], _name: str) -> None:
        """A session's seats were not all written."""
        await self._service.calendar.finish_opening(record)

    async def roll_horizon(self) -> None:
        """New days come into sight."""
        opened = await self._service.calendar.roll_horizon()
        if opened:
            log.info("sessions_opened", count=opened)
        await self._service.opening_notices.plan()
