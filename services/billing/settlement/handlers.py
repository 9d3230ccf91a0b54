"""Due deadlines of settlement files and of the days that owe one."""

from __future__ import annotations

from collections.abc import Mapping

from services.billing.deadlines import due
from services.billing.settlement.reconciliation import Reconciliation
from shared.events.message import Event
from shared.service import DeadlineHandler, MessageHandler


class SettlementHandlers:
    """Events as (message, envelope), and deadlines by kind and name, each to its use case."""

    def __init__(self, reconciliation: Reconciliation) -> None:
        self._reconciliation = reconciliation

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return this room's event handlers, by event."""
        return {}

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return this room's deadline handlers, by kind and name."""
        return {
            ("settlement", "compare"): due(self._reconciliation.compare_due),
            ("settlement_day", "fetch"): due(self._reconciliation.fetch_due),
            ("settlement_day", "missing"): due(self._reconciliation.missing_due),
        }
