"""Incoming events and due deadlines, those of every room joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from services.billing.bills.handlers import BillHandlers
from services.billing.cases.handlers import CaseHandlers
from services.billing.extra_charges.handlers import ExtraChargeHandlers
from services.billing.invariants.handlers import InvariantHandlers
from services.billing.rebooking.handlers import RebookingHandlers
from services.billing.receipts.handlers import ReceiptHandlers
from services.billing.refunds.handlers import RefundHandlers
from services.billing.sagas.handlers import SagaHandlers
from services.billing.settlement.handlers import SettlementHandlers
from services.billing.use_cases import Billing
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.service import DeadlineHandler, MessageHandler


class RoomHandlers(Protocol):
    """The event and deadline handlers of one room."""

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Handlers of (message, envelope); the envelope's version tells old news from new."""
        ...

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Handlers by kind and name."""
        ...


class Handlers:
    """The handlers of all rooms. Where two rooms receive the same event, bills and receipts come first."""

    def __init__(self, billing: Billing) -> None:
        self._rooms: Sequence[RoomHandlers] = (
            BillHandlers(billing.bill_lifecycle, billing.code_requests),
            ReceiptHandlers(billing.receipts, billing.late_payments, billing.polling, billing.seat_events),
            ExtraChargeHandlers(billing.corrections, billing.same_day),
            RebookingHandlers(billing.rebooking),
            CaseHandlers(billing.case_follow_up),
            RefundHandlers(billing.refund_processing),
            SettlementHandlers(billing.reconciliation),
            InvariantHandlers(billing.agreement),
            SagaHandlers(billing.sagas),
        )

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return the handlers of every event that billing receives."""
        handlers_of: dict[type[Event], list[MessageHandler]] = defaultdict(list)
        for room in self._rooms:
            for event, handler in room.events().items():
                handlers_of[event].append(handler)
        return {
            event: handlers[0] if len(handlers) == 1 else _call_each(handlers)
            for event, handlers in handlers_of.items()
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the deadline handlers of every room, by kind and name; each belongs to one room."""
        return {name: handler for room in self._rooms for name, handler in room.deadlines().items()}


def _call_each(handlers: Sequence[MessageHandler]) -> MessageHandler:
    """Return a handler that calls each of these, the next once the one before is done."""

    async def handle(message: Any, envelope: Envelope) -> None:
        for handler in handlers:
            await handler(message, envelope)

    return handle
