"""Flags over HTTP, as the office sees them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from services.scheduling.booking.abuse.flag import FlagStatus
from services.scheduling.booking.abuse.limits import CountedSubject, Pattern
from shared.audit.reads import ReasonQuery
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, View


class FlagsQuery(ReasonQuery):
    """Which flags."""

    state: FlagStatus = FlagStatus.OPEN


class ReviewFlag(Body):
    """The office's judgement of a flag."""

    decision: Literal["confirmed", "harmless"]


class EvidenceView(View):
    """The activity of one account, without a name."""

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
    state: Annotated[str, OneOf(FlagStatus)]
    pattern: Annotated[str, OneOf(Pattern)]
    subject: Annotated[str, OneOf(CountedSubject)]
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


class FlagsView(ListView):
    """An office's flags, the newest first."""

    flags: list[FlagView]
