"""Events of ended sessions, by which other services stop accepting their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from services.identity.rules import SessionRules
from services.identity.sessions.session import Session
from shared.events.identity import SessionEnded
from shared.tokens import LEEWAY_SECONDS

CLOCK_MARGIN_SECONDS: Final = 60
"""Added to the life of a token when its session ends, so that no service forgets of it too early by its own clock."""


def tokens_live(rules: SessionRules) -> timedelta:
    """How long an access token may be believed at most, on any service's clock."""
    longest_seconds = max(rules.access_seconds, rules.staff_access_seconds)
    return timedelta(seconds=longest_seconds + LEEWAY_SECONDS + CLOCK_MARGIN_SECONDS)


def ended_events(holder_id: str, gone: Sequence[Session], until: datetime) -> list[SessionEnded]:
    """Return an event for each session that has gone; its tokens may live ``until`` then."""
    return [SessionEnded(account_id=holder_id, session_id=session.id, tokens_until=until) for session in gone]
