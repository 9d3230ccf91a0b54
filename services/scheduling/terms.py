"""Terms that every room uses: pools of seats, days in a zone, and the applicant for whom a seat is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class Pool(StrEnum):
    """Pools of seats of one session; they never borrow from each other."""

    REGULAR = "regular"
    PRIORITY = "priority"
    WALK_IN = "walk_in"
    SAME_DAY = "same_day"


def local_date(moment: datetime, timezone: str) -> date:
    """Return the day that a moment falls on in that zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()


@dataclass(frozen=True)
class Applying:
    """The application, account and person that a seat is for."""

    application_id: str
    account_id: str
    person_id: str


class VisitStep(StrEnum):
    """Steps of an applicant on the way to a visit, in their order; and the ways in which it ends."""

    WAIT_FOR_DRAW = "wait_for_draw"
    WAIT_FOR_TURN = "wait_for_turn"
    WAIT = "wait"
    """For a message of the waiting list."""
    HOLD_SEAT = "hold_seat"
    ANSWER_OFFER = "answer_offer"
    CHOOSE_NEW_DATE = "choose_new_date"
    PAY = "pay"
    VISIT = "visit"
    PAYMENT_CHECK = "payment_check"
    DONE = "done"
    REFUND = "refund"
    CLOSED = "closed"
