"""Visitors without a booking: received at the counter, in the quota of the walk-in or priority pool."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.scheduling.offices.session import Session
from services.scheduling.terms import Pool, local_date


class WalkInReason(StrEnum):
    """Why somebody is received without a booking."""

    VERIFICATION_UNAVAILABLE = "verification_unavailable"
    """They cannot be verified from outside, so the office makes the passport."""
    ELDERLY = "elderly"
    DISABILITY = "disability"
    PREGNANT = "pregnant"
    INFANT = "infant"
    URGENT = "urgent"
    """Illness abroad, a funeral: the office decides on the evidence."""
    WALK_IN = "walk_in"


OVERRIDES: Final = frozenset({WalkInReason.VERIFICATION_UNAVAILABLE, WalkInReason.URGENT})
"""Reasons that pass over a rule: they need evidence and stand in the office head's list."""

POOL_OF_REASON: Final = {
    WalkInReason.VERIFICATION_UNAVAILABLE: Pool.WALK_IN,
    WalkInReason.URGENT: Pool.WALK_IN,
    WalkInReason.WALK_IN: Pool.WALK_IN,
    WalkInReason.ELDERLY: Pool.PRIORITY,
    WalkInReason.DISABILITY: Pool.PRIORITY,
    WalkInReason.PREGNANT: Pool.PRIORITY,
    WalkInReason.INFANT: Pool.PRIORITY,
}


@dataclass(frozen=True)
class WalkIn:
    """The record of a registration at the counter."""

    reason: WalkInReason
    registered_by: str
    """The officer's account."""
    registered_at: datetime
    evidence: str | None = None
    """The evidence that was shown, sealed."""
    evidence_ids: tuple[str, ...] = ()
    """Pictures of what was shown; application keeps them."""


AT_COUNTER: Final = frozenset({Pool.WALK_IN, Pool.PRIORITY})
"""Pools that officers give out at the counter, also after the close of online booking."""


def is_at_counter(pool: Pool, session: Session, *, timezone: str, now: datetime) -> bool:
    """Return whether the seat is for a person who is here today; the day is the office's."""
    return pool in AT_COUNTER and local_date(now, timezone) == session.date
