"""Transitions of a printed book that waits for its holder: reminders, and the proxy who may collect it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.application.applications.application import Application, Status
from services.application.applications.collection import Proxy, newest_due_day
from shared.events.application import CollectionReminderDue, ProxyAnnounced
from shared.store.decision import Decision


def reminded(application_id: str, application: Application, now: datetime) -> Decision[Application] | None:
    """Remind the holder of the newest day that is due; of those before it, that a stop delayed, nothing is told.

    None where nothing is due: it was collected or cancelled, or was told already.
    """
    approval, collect_until = application.approval, application.collect_until
    if application.status is not Status.PRINTED or approval is None or approval.printed_at is None:
        return None
    if collect_until is None or collect_until <= now or application.visits.unpaid:
        return None
    reminded_day = application.collection_reminded_day
    day = newest_due_day(approval.printed_at, reminded_day, application.office_timezone, now)
    if day is None:
        return None
    seat = application.visits.last_seat
    event = CollectionReminderDue(
        application_id=application_id,
        account_id=application.account_id,
        office_id=application.office_id or "",
        office_name=seat.office_name if seat is not None else None,
        office_timezone=application.office_timezone,
        day=day,
        collect_until=collect_until,
    )
    return Decision(replace(application, collection_reminded_day=day), (event,))


def proxy_announced(application_id: str, application: Application, sealed: str, now: datetime) -> Decision[Application]:
    """Let this person collect the book; they take the place of an earlier one."""
    event = ProxyAnnounced(application_id=application_id, account_id=application.account_id)
    return Decision(replace(application, proxy=Proxy(sealed, now)), (event,))


def proxy_taken_back(application: Application, proxy: Proxy, now: datetime) -> Decision[Application]:
    """Let this person collect the book no more."""
    return Decision(replace(application, proxy=replace(proxy, taken_back_at=now)))
