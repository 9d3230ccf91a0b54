"""Lines of an application's timeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.application.applications.application import Application, Author, Entry, noted
from services.application.context import Actor
from shared.store.decision import Decision


def told(
    application: Application, entry_id: str, at: datetime, what: str, actor: Author, detail: str | None = None
) -> Application:
    """The application with a line in its timeline."""
    return noted(application, Entry(entry_id, at, what, actor.who, actor.by, detail))


def with_line(
    decision: Decision[Application], entry_id: str, at: datetime, what: str, actor: Author, detail: str | None = None
) -> Decision[Application]:
    """The decision with a line in its timeline."""
    return replace(decision, state=told(decision.state, entry_id, at, what, actor, detail))


def author_of(actor: Actor) -> Author:
    """Who acts, as the timeline names them."""
    return Author(actor.role.value, actor.account_id)
