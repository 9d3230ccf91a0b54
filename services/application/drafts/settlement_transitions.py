"""Transitions of an application that an officer closes because its person applies with another account."""

from __future__ import annotations

from datetime import datetime

from services.application.applications.application import Application, Command, moved, without_work
from shared.events.application import ApplicationClosedForPerson, ApplicationWithdrawn
from shared.store.decision import Decision


def closed_for_person(
    application_id: str, application: Application, office_id: str, reason_code: str, now: datetime
) -> Decision[Application]:
    """Close it before the visit: seat and money go back as after a withdrawal, and its account is told why."""
    withdrawn = ApplicationWithdrawn(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        withdrawn_at=now,
    )
    told = ApplicationClosedForPerson(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        office_id=office_id,
        reason_code=reason_code,
    )
    return Decision(without_work(moved(application, Command.WITHDRAW)), (withdrawn, told))
