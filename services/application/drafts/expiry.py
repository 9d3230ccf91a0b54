"""Drafts end by themselves: the applicant is warned, and any step keeps the draft."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.application.applications.application import Application, draft_deadlines
from services.application.applications.service import Applications
from services.application.context import UseCaseContext
from services.application.drafts.expiry_transitions import draft_expired, draft_warned
from shared.store.decision import Decision
from shared.store.kinds import Record

Outcome = Callable[[str, Application, datetime], Decision[Application]]


class DraftExpiry:
    """The use cases of a draft's deadlines. A draft that has moved on meanwhile is left alone."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def warn(self, record: Record[Application], name: str) -> None:
        """Tell the applicant that the draft ends unless somebody works on it."""
        await self._decide_due(record.id, name, draft_warned)

    async def end(self, record: Record[Application], name: str) -> None:
        """End a draft that was warned of and left alone."""
        await self._decide_due(record.id, name, draft_expired)

    async def _decide_due(self, application_id: str, name: str, outcome: Outcome) -> None:
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            due_at = draft_deadlines(application).get(name)
            return outcome(application_id, application, now) if due_at is not None and due_at <= now else None

        await self._applications.change(application_id, decide)
