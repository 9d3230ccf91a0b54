"""Incoming events and due deadlines of refund cases."""

from __future__ import annotations

from collections.abc import Mapping

from services.billing.deadlines import due
from services.billing.refunds.processing import RefundCases
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.events.scheduling import AppointmentReleased, ReleaseRefused
from shared.service import DeadlineHandler, MessageHandler


class RefundHandlers:
    """Events as (message, envelope), and deadlines by kind and name, each to its use case."""

    def __init__(self, processing: RefundCases) -> None:
        self._processing = processing

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return this room's event handlers, by event."""
        return {
            AppointmentReleased: self._appointment_released,
            ReleaseRefused: self._release_refused,
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return this room's deadline handlers, by kind and name."""
        return {
            ("refund", "step"): due(self._processing.step_due),
            ("refund", "confirm"): due(self._processing.confirm_due),
            ("refund", "book"): due(self._processing.book_due),
            ("refund", "seat"): due(self._processing.seat_due),
            ("refund", "verify"): due(self._processing.verify_due),
            ("refund", "order"): due(self._processing.order_due),
            ("refund", "track"): due(self._processing.track_due),
        }

    async def _appointment_released(self, event: AppointmentReleased, envelope: Envelope) -> None:
        await self._processing.appointment_released(event, envelope.id)

    async def _release_refused(self, event: ReleaseRefused, envelope: Envelope) -> None:
        await self._processing.release_refused(event, envelope.id)
