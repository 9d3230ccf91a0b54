"""Incoming events and due deadlines of bills."""

from __future__ import annotations

from collections.abc import Mapping

from services.billing.bills.code_requests import CodeRequests
from services.billing.bills.lifecycle import BillLifecycle
from services.billing.deadlines import due
from shared.events.application import ApplicationSubmitted
from shared.events.codes import SeatQuestion
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.events.scheduling import AppointmentRescheduled, SeatHeld, SeatUnavailable
from shared.service import DeadlineHandler, MessageHandler


class BillHandlers:
    """Events as (message, envelope), and deadlines by kind and name, each to its use case."""

    def __init__(self, lifecycle: BillLifecycle, code_requests: CodeRequests) -> None:
        self._lifecycle = lifecycle
        self._code_requests = code_requests

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return this room's event handlers, by event."""
        return {
            ApplicationSubmitted: self._application_submitted,
            SeatHeld: self._seat_held,
            AppointmentRescheduled: self._appointment_rescheduled,
            SeatUnavailable: self._seat_unavailable,
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return this room's deadline handlers, by kind and name."""
        return {
            ("bill", "ask"): due(self._code_requests.ask_due),
            ("bill", "delay"): due(self._lifecycle.delay_due),
            ("bill", "alert"): due(self._lifecycle.alert_due),
            ("bill", "remind"): due(self._lifecycle.remind_due),
        }

    async def _application_submitted(self, event: ApplicationSubmitted, envelope: Envelope) -> None:
        await self._lifecycle.application_submitted(event, envelope.aggregate_version)

    async def _seat_held(self, event: SeatHeld, envelope: Envelope) -> None:
        await self._lifecycle.seat_held(event, envelope.aggregate_version, envelope.id)

    async def _appointment_rescheduled(self, event: AppointmentRescheduled, envelope: Envelope) -> None:
        await self._lifecycle.appointment_rescheduled(event, envelope.aggregate_version, envelope.id)

    async def _seat_unavailable(self, event: SeatUnavailable, envelope: Envelope) -> None:
        if event.asked_for == SeatQuestion.RENEWAL:
            await self._lifecycle.renewal_refused(event.bill_id, event.reason, envelope.id)
