"""The wait for a printed book: the stages that the issuance system tells, and the alert of one that is overdue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from services.application.applications.application import Application, Author, print_alert_at
from services.application.applications.service import Applications
from services.application.applications.timeline import with_line
from services.application.context import UseCaseContext
from services.application.printing.transitions import print_overdue, queued
from shared.store.decision import Decision
from shared.store.kinds import Record

QUEUED: Final = "queued"
"""The issuance system's word for a book that waits to be printed."""

DPRI: Final = Author("dpri")
SYSTEM: Final = Author("application")


def note_stage(
    application_id: str, decision: Decision[Application], told: str | None, now: datetime
) -> Decision[Application]:
    """Return the decision with the stage that the issuance system told; other words than `QUEUED` change nothing."""
    approval = decision.state.approval
    if told != QUEUED or approval is None or approval.queued_at is not None:
        return decision
    noted = queued(application_id, decision.state, now)
    line = with_line(noted, "passport_queued", now, "passport_queued", DPRI)
    return replace(line, events=(*decision.events, *line.events))


class Printing:
    """The use case of books that are not printed in time."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def alert_due(self, record: Record[Application], _name: str) -> None:
        """Tell the office of a book that is not printed four working days after the interview."""
        now = self._context.now()

        def decide(state: Application) -> Decision[Application] | None:
            due = print_alert_at(state)
            if due is None or now < due:
                return None
            return with_line(print_overdue(record.id, state, now), "print_overdue", now, "print_overdue", SYSTEM)

        await self._applications.change(record.id, decide)
