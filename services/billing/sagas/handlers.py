"""Due deadlines of overrides."""

from __future__ import annotations

from collections.abc import Mapping

from services.billing.deadlines import due
from services.billing.sagas.service import Sagas
from shared.events.message import Event
from shared.service import DeadlineHandler, MessageHandler


class SagaHandlers:
    """Events as (message, envelope), and deadlines by kind and name, each to its use case."""

    def __init__(self, sagas: Sagas) -> None:
        self._sagas = sagas

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return this room's event handlers, by event."""
        return {}

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return this room's deadline handlers, by kind and name."""
        return {
            ("saga_override", "apply"): due(self._sagas.apply),
        }
