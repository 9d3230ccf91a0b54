"""The place in the same-day quota that a visit takes when its holder buys the surcharge at the counter.

The surcharge buys the afternoon of one day at one office. A visit that moves within that day keeps its place. One that
leaves the day, or is given up, gives the place up with it, and billing hears so: an unpaid bill of it ends, paid money
goes back, unless its holder gave the visit up. On the new day the surcharge is bought again, in that day's quota.
No visit moves on its own day by wish, so only the office's moves and new dates can part a place from its visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.scheduling.booking.seats.seat import Slot
from shared.events.codes import SeatQuestion
from shared.events.scheduling import SeatUnavailable


class SameDayPlaceState(StrEnum):
    """Where the place stands."""

    REACHING = "reaching"
    """A same-day seat is reached for under a fresh token; no event has told of it."""
    RESERVED = "reserved"
    """It is this visit's until its surcharge is paid or its bill ends."""
    PAID = "paid"


@dataclass(frozen=True)
class SameDayPlace:
    """A second seat of a visit, out of the same-day pool: the visit itself stays where it was booked."""

    state: SameDayPlaceState
    reservation_id: str
    session_id: str
    token: str
    pay_until: datetime
    asked_by: str
    """The officer's account."""
    until: datetime | None
    """When it is looked at if nothing was heard: after a crash while reaching, else at the end of its session."""
    slot: Slot | None = None
    bill_id: str | None = None
    """The bill of the surcharge, once it is heard of."""


def stays(old: Slot, new: Slot) -> bool:
    """Return whether a visit that goes from one seat to the other keeps its place: the same day at the same office."""
    return (old.office_id, old.date) == (new.office_id, new.date)


def no_place(bill_id: str, reason: str, *, application_id: str, account_id: str) -> SeatUnavailable:
    """Return the event that tells billing that the place of a surcharge is gone, with the coded reason."""
    return SeatUnavailable(
        application_id=application_id,
        account_id=account_id,
        bill_id=bill_id,
        asked_for=SeatQuestion.SAME_DAY,
        reason=reason,
    )
