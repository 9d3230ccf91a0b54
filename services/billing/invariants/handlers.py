"""Incoming events that only the running rules need."""

from __future__ import annotations

from collections.abc import Mapping

from services.billing.invariants.agreement_checks import AgreementChecks
from shared.events.application import PassportPrinted
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.service import DeadlineHandler, MessageHandler


class InvariantHandlers:
    """Events as (message, envelope), and deadlines by kind and name, each to its use case."""

    def __init__(self, agreement: AgreementChecks) -> None:
        self._agreement = agreement

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return this room's event handlers, by event."""
        return {
            PassportPrinted: self._passport_printed,
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return this room's deadline handlers, by kind and name."""
        return {}

    async def _passport_printed(self, event: PassportPrinted, _envelope: Envelope) -> None:
        await self._agreement.passport_printed(event)
