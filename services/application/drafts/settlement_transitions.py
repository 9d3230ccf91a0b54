"""Transitions of an application that an officer closes because its person applies with another account."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.application.applications.application import Application, Command, moved, without_work
from shared.events.application import ApplicationClosedForPerson, ApplicationWithdrawn
from shared.store.decision import Decision


def closed_for_person(
    application_id: str, application: Application, office_id: str, reason_code: str, now: datetime
) -> Decision[Application]:
    """Close it before the visit, and tell its account why.

    Seat and money follow the rule of withdrawals: the seat is free again, the fee of a confirmed visit is kept and goes
    back only if a refund is requested and approved (docs/refunds.md).
    """
    withdrawn = ApplicationWithdrawn(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        withdrawn_at=now,
        closed_for_person=True,
    )
    told = ApplicationClosedForPerson(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        office_id=office_id,
        reason_code=reason_code,
    )
    closed = replace(without_work(moved(application, Command.WITHDRAW)), closed_for_person=True)
    return Decision(closed, (withdrawn, told))
