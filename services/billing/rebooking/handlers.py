"""Incoming events about rights to a new date."""

from __future__ import annotations

from collections.abc import Mapping

from services.billing.rebooking.service import RebookingService
from shared.events.codes import MoveCause
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.events.scheduling import (
    AppointmentRescheduled,
    SpecialRescheduleEnded,
    SpecialRescheduleOpened,
    VisitInterrupted,
)
from shared.service import DeadlineHandler, MessageHandler


class RebookingHandlers:
    """Events as (message, envelope), and deadlines by kind and name, each to its use case."""

    def __init__(self, rebooking: RebookingService) -> None:
        self._rebooking = rebooking

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return this room's event handlers, by event."""
        return {
            SpecialRescheduleOpened: self._opened,
            SpecialRescheduleEnded: self._ended,
            VisitInterrupted: self._interrupted,
            AppointmentRescheduled: self._rescheduled,
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return this room's deadline handlers, by kind and name."""
        return {}

    async def _opened(self, event: SpecialRescheduleOpened, envelope: Envelope) -> None:
        await self._rebooking.opened(event, envelope.aggregate_version, envelope.id)

    async def _ended(self, event: SpecialRescheduleEnded, envelope: Envelope) -> None:
        await self._rebooking.ended(event, envelope.aggregate_version, envelope.id)

    async def _interrupted(self, event: VisitInterrupted, envelope: Envelope) -> None:
        await self._rebooking.interrupted(event, envelope.aggregate_version, envelope.id)

    async def _rescheduled(self, event: AppointmentRescheduled, envelope: Envelope) -> None:
        if event.cause == MoveCause.SPECIAL:
            await self._rebooking.used(event, envelope.aggregate_version, envelope.id)
