"""The place in the same-day quota that a visit takes when its holder buys the surcharge at the counter (F74)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.scheduling.domain.seats import Slot


class HurryState(StrEnum):
    """Where the place stands."""

    REACHING = "reaching"
    """A same-day seat is reached for under a fresh token; nobody was told yet."""
    RESERVED = "reserved"
    """It is this visit's until its surcharge is paid or its bill ends."""
    PAID = "paid"


@dataclass(frozen=True)
class Hurry:
    """A second seat of a visit, out of the same-day pool: the visit itself stays where it was booked."""

    state: HurryState
    reservation_id: str
    session_id: str
    token: str
    pay_until: datetime
    asked_by: str
    """The officer's account."""
    until: datetime | None
    """When it is looked at if nothing was heard: after a crash while reaching, else at the end of its session."""
    slot: Slot | None = None
