"""The durations and limits that offices and the directorate may set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.scheduling.terms import Pool


@dataclass(frozen=True)
class Rules:
    """Durations and limits; the values are settings of the process."""

    hold_seconds: int = 300
    """How long a hold lasts unless a bill is requested for it."""
    claim_seconds: int = 15
    """How long a claim on a seat counts without its appointment; far above any write, far below a hold."""
    long_stop_seconds: int = 26 * 3600
    """After this long without an event of billing operators are alerted; the seat stays."""
    offer_seconds: int = 24 * 3600
    late_offer_days: int = 30
    """How far ahead a seat is sought for late money."""
    booking_closes_seconds: int = 3 * 3600
    """Before the session: above the two hours of a billing code and its grace (section 7 of the field reference)."""
    cooling_min_seconds: int = 60
    cooling_max_seconds: int = 300
    no_show_grace_seconds: int = 1800
    """From the end of the session until a visitor who did not come counts as missed."""
    moves_max: int = 1
    """Not published; one is assumed."""
    move_within_days: int = 30
    """Not published; thirty days from the date that was booked are assumed."""
    move_seconds: int = 15
    """How long a move may take before it is rolled forward or back."""
    leave_seconds: int = 5
    """How long giving a seat back may take before a deadline does it."""
    waiting_offer_seconds: int = 1800
    """How long a freed seat is kept for the next of the waiting list."""
    waiting_offer_min_seconds: int = 600
    """Below this an offer could hardly be answered: the seat is for all at once."""
    party_seconds: int = 15
    """How long a family may take to gather its seats before it is all or none by a deadline."""
    special_seconds: int = 30 * 86_400
    """How long a new date may be chosen without paying again. Not published; thirty days are assumed."""
    special_ask_seconds: int = 14 * 86_400
    """After the visit, until when a special reschedule may be asked for. Not published; two weeks are assumed."""
    special_max: int = 1
    """New dates that one visit gets by request; what the state's own systems broke does not count."""
    same_day_request_until: str = "10:00"
    """In Jakarta: same-day service is asked for in the morning (published: before 10:00; elsewhere 11:30)."""
    same_day_pay_until: str = "12:00"
    """In Jakarta, in every zone: a same-day seat is paid before this."""
    check_in_early_minutes: int = 60
    check_in_any_day: bool = False


class Channel(StrEnum):
    """The channel through which a seat is asked for."""

    APPLICANT = "applicant"
    OFFICE = "office"


POOLS_OF_CHANNEL = {
    Channel.APPLICANT: frozenset({Pool.REGULAR}),
    Channel.OFFICE: frozenset({Pool.REGULAR, Pool.PRIORITY, Pool.WALK_IN}),
}
"""Pools that each channel may take seats of: priority and walk-in are given out at the office."""


def bookable_from(now: datetime, rules: Rules) -> datetime:
    """Return the earliest start of a session that can still be booked."""
    return now + timedelta(seconds=rules.booking_closes_seconds)
