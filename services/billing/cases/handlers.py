"""Incoming events and due deadlines of cases, and of claims that become one."""

from __future__ import annotations

from collections.abc import Mapping

from services.billing.cases.follow_up import CaseFollowUp
from services.billing.deadlines import due
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.events.scheduling import ArrivedOnProof
from shared.service import DeadlineHandler, MessageHandler


class CaseHandlers:
    """Events as (message, envelope), and deadlines by kind and name, each to its use case."""

    def __init__(self, cases: CaseFollowUp) -> None:
        self._cases = cases

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return this room's event handlers, by event."""
        return {
            ArrivedOnProof: self._arrived_on_proof,
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return this room's deadline handlers, by kind and name."""
        return {
            ("bill", "claim"): due(self._cases.claim_due),
            ("bill", "case"): due(self._cases.unsettled_due),
            ("case", "look"): due(self._cases.check_due),
            ("case", "escalate"): due(self._cases.escalate_due),
        }

    async def _arrived_on_proof(self, event: ArrivedOnProof, envelope: Envelope) -> None:
        await self._cases.arrived_on_proof(event, envelope.id)
