"""Incoming events and due deadlines of receipts, and of bills whose money is looked for."""

from __future__ import annotations

from collections.abc import Mapping

from services.billing.deadlines import due
from services.billing.receipts.late_payments import LatePayments
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.receipts.seat_events import SeatEvents
from services.billing.receipts.simponi_polling import SimponiPolling
from shared.events.application import ApplicationWithdrawn
from shared.events.codes import SeatQuestion
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.events.scheduling import (
    AppointmentConfirmed,
    AppointmentReleased,
    OfferEnded,
    SeatAnswerRepeated,
    SeatOffered,
    SeatUnavailable,
)
from shared.service import DeadlineHandler, MessageHandler


class ReceiptHandlers:
    """Events as (message, envelope), and deadlines by kind and name, each to its use case."""

    def __init__(
        self,
        processing: ReceiptProcessing,
        late_payments: LatePayments,
        polling: SimponiPolling,
        seat_events: SeatEvents,
    ) -> None:
        self._processing = processing
        self._late_payments = late_payments
        self._polling = polling
        self._seat_events = seat_events

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return this room's event handlers, by event."""
        return {
            ApplicationWithdrawn: self._application_withdrawn,
            AppointmentConfirmed: self._appointment_confirmed,
            AppointmentReleased: self._appointment_released,
            SeatOffered: self._seat_offered,
            OfferEnded: self._offer_ended,
            SeatUnavailable: self._seat_unavailable,
            SeatAnswerRepeated: self._seat_answer_repeated,
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return this room's deadline handlers, by kind and name."""
        return {
            ("bill", "poll"): due(self._polling.poll_due),
            ("bill", "expire"): due(self._polling.expire_due),
            ("receipt", "drive"): due(self._processing.drive_due),
            ("receipt", "outcome"): due(self._late_payments.outcome_due),
        }

    async def _application_withdrawn(self, event: ApplicationWithdrawn, envelope: Envelope) -> None:
        version, told_at = envelope.aggregate_version, envelope.time
        await self._seat_events.application_withdrawn(event, version, envelope.id, told_at)

    async def _appointment_confirmed(self, event: AppointmentConfirmed, envelope: Envelope) -> None:
        await self._seat_events.appointment_confirmed(event, envelope.aggregate_version, envelope.id)

    async def _appointment_released(self, event: AppointmentReleased, envelope: Envelope) -> None:
        await self._seat_events.appointment_released(event, envelope.aggregate_version, envelope.id)

    async def _seat_offered(self, event: SeatOffered, _envelope: Envelope) -> None:
        await self._late_payments.seat_offered(event.bill_id, event.offer_until)

    async def _offer_ended(self, event: OfferEnded, _envelope: Envelope) -> None:
        await self._late_payments.no_seat(event.bill_id)

    async def _seat_unavailable(self, event: SeatUnavailable, _envelope: Envelope) -> None:
        if event.asked_for not in (SeatQuestion.RENEWAL, SeatQuestion.SAME_DAY):
            await self._late_payments.no_seat(event.bill_id)

    async def _seat_answer_repeated(self, event: SeatAnswerRepeated, envelope: Envelope) -> None:
        await self._seat_events.seat_answer_repeated(event, envelope.aggregate_version, envelope.id)
