"""Reminders to collect a printed passport, each naming the date on which it is cancelled."""

from __future__ import annotations

from typing import Final

from services.application.applications.application import Application, Author
from services.application.applications.service import Applications
from services.application.applications.timeline import with_line
from services.application.collection.transitions import reminded
from services.application.context import UseCaseContext
from shared.store.decision import Decision
from shared.store.kinds import Record

SYSTEM: Final = Author("application")


class CollectionReminders:
    """The use case of the deadline ``collection_reminder``."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def remind_due(self, record: Record[Application], _name: str) -> None:
        """Remind the holder of the newest day that is due, once."""
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            decision = reminded(record.id, application, now)
            if decision is None:
                return None
            day = decision.state.collection_reminded_day
            return with_line(decision, f"collection_reminder:{day}", now, "collection_reminder", SYSTEM)

        await self._applications.change(record.id, decide)
