"""Transitions of a draft that is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from services.application.applications.application import Application, Author, Command, Entry, moved, with_entry
from services.application.rules import DRAFT_WARNING
from shared.events.application import DraftEnding, DraftExpired
from shared.store.decision import Decision

SYSTEM: Final = Author("application")


def draft_warned(application_id: str, application: Application, now: datetime) -> Decision[Application]:
    """Note that the applicant is warned: the draft ends a week later, also where the warning itself came late."""
    event = DraftEnding(application_id=application_id, account_id=application.account_id, ends_at=now + DRAFT_WARNING)
    state = replace(application, draft_warned_at=now)
    return Decision(
        with_entry(state, Entry(f"draft_ending:{now.isoformat()}", now, "draft_ending", SYSTEM.who)), (event,)
    )


def draft_expired(application_id: str, application: Application, now: datetime) -> Decision[Application]:
    """End the draft."""
    event = DraftExpired(
        application_id=application_id, account_id=application.account_id, person_id=application.person_id
    )
    state = moved(application, Command.CLOSE)
    return Decision(with_entry(state, Entry("draft_expired", now, "draft_expired", SYSTEM.who)), (event,))
