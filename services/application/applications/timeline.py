"""Lines of an application's timeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.application.applications.application import Application, Author, Entry, with_entry
from services.application.context import Actor
from shared.store.decision import Decision


def add_to_timeline(
    application: Application, entry_id: str, at: datetime, what: str, actor: Author, detail: str | None = None
) -> Application:
    """Return the application with a line in its timeline."""
    return with_entry(application, Entry(entry_id, at, what, actor.who, actor.by, detail))


def with_line(
    decision: Decision[Application], entry_id: str, at: datetime, what: str, actor: Author, detail: str | None = None
) -> Decision[Application]:
    """Return the decision with a line in its timeline."""
    return replace(decision, state=add_to_timeline(decision.state, entry_id, at, what, actor, detail))


def author_of(actor: Actor) -> Author:
    """Return the actor as the author of a timeline entry."""
    return Author(actor.role.value, actor.account_id)
