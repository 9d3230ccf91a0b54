"""Flags over HTTP: what an office sees of bookings that look like a broker's."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from services.scheduling.booking.abuse.flag import FlagStatus
from shared.http.schema import Body, Query, View


class FlagsQuery(Query):
    """Which flags."""

    state: FlagStatus = FlagStatus.OPEN


class ReviewFlag(Body):
    """What the office says of a flag."""

    decision: Literal["confirmed", "harmless"]


class EvidenceView(View):
    """What one account did; whose it is, is not said here."""

    account_id: str
    holds: int
    releases: int
    moves: int
    first_at: datetime | None
    last_at: datetime | None


class FlagView(View):
    """Bookings that look like a broker's, with the evidence."""

    flag_id: str
    office_id: str
    state: str
    pattern: str
    subject: str
    subject_id: str
    day: date
    holds: int
    releases: int
    moves: int
    persons: int
    evidence: list[EvidenceView]
    made_at: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None


class FlagsView(View):
    """An office's flags, the newest first."""

    flags: list[FlagView]
