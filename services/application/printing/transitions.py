"""Transitions of an approved application while its book waits to be printed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.application.applications.application import Application
from services.application.applications.hand_over import issue_due
from shared.events.application import PassportQueued, PrintOverdue
from shared.store.decision import Decision


def queued(application_id: str, application: Application, now: datetime) -> Decision[Application]:
    """Note that the issuance system has the book in its queue; told again, it changes nothing."""
    approval = application.approval
    if approval is None or approval.queued_at is not None:
        return Decision(application)
    event = PassportQueued(
        application_id=application_id,
        account_id=application.account_id,
        office_id=application.office_id or "",
        issue_due=issue_due(approval.approved_at),
    )
    return Decision(replace(application, approval=replace(approval, queued_at=now)), (event,))


def print_overdue(application_id: str, application: Application, now: datetime) -> Decision[Application]:
    """Note that the office is told of a book that is not printed in time."""
    approval = application.approval
    if approval is None or approval.overdue_since is not None:
        return Decision(application)
    event = PrintOverdue(
        application_id=application_id,
        office_id=application.office_id or "",
        issue_due=issue_due(approval.approved_at),
    )
    return Decision(replace(application, approval=replace(approval, overdue_since=now)), (event,))
