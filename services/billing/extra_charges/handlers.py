"""Incoming events of corrections and of the same-day surcharge."""

from __future__ import annotations

from collections.abc import Mapping

from services.billing.extra_charges.corrections import Corrections
from services.billing.extra_charges.same_day import SameDayCharges
from shared.events.application import KindCorrected, PenaltyFound
from shared.events.codes import SeatQuestion
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.events.scheduling import SameDaySeatReserved, SeatUnavailable
from shared.service import DeadlineHandler, MessageHandler


class ExtraChargeHandlers:
    """Events as (message, envelope), and deadlines by kind and name, each to its use case."""

    def __init__(self, corrections: Corrections, same_day: SameDayCharges) -> None:
        self._corrections = corrections
        self._same_day = same_day

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return this room's event handlers, by event."""
        return {
            KindCorrected: self._kind_corrected,
            PenaltyFound: self._penalty_found,
            SameDaySeatReserved: self._same_day_reserved,
            SeatUnavailable: self._seat_unavailable,
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return this room's deadline handlers, by kind and name."""
        return {}

    async def _kind_corrected(self, event: KindCorrected, envelope: Envelope) -> None:
        await self._corrections.kind_corrected(event, envelope.aggregate_version, envelope.id)

    async def _penalty_found(self, event: PenaltyFound, envelope: Envelope) -> None:
        await self._corrections.penalty_found(event, envelope.aggregate_version, envelope.id)

    async def _same_day_reserved(self, event: SameDaySeatReserved, envelope: Envelope) -> None:
        await self._same_day.place_reserved(event, envelope.id)

    async def _seat_unavailable(self, event: SeatUnavailable, envelope: Envelope) -> None:
        if event.asked_for == SeatQuestion.SAME_DAY:
            await self._same_day.place_gone(event.bill_id, event.reason, envelope.id)
