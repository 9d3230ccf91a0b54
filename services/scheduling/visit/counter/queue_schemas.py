"""The queue at the counter over HTTP."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from services.scheduling.booking.appointments.walk_in import WalkInReason
from shared.http.schema import Body, View

LONGEST_BOOTH = 8
LONGEST_EVIDENCE = 1000


class CallNext(Body):
    """The booth to which the next number is called."""

    booth: str = Field(min_length=1, max_length=LONGEST_BOOTH, pattern=r"^[A-Za-z0-9-]+$")


class RegisterWalkIn(Body):
    """The reason to receive a visitor without a booking, and the evidence."""

    reason: WalkInReason
    evidence: str | None = Field(None, min_length=3, max_length=LONGEST_EVIDENCE)


class NumberView(View):
    """A number in the queue, for officers."""

    visit_id: str
    number: str
    lane: str
    state: str
    booth: str | None
    arrived_at: dt.datetime
    called_at: dt.datetime | None
    calls: int
    ahead: int | None
    """How many are called before, while it waits."""
    expected_minutes: int | None


class QueueView(View):
    """The queue of an office's today."""

    office_id: str
    date: dt.date
    waiting: int
    expected_minutes: int
    """Estimated wait of a visitor who arrives now."""
    numbers: list[NumberView]


class CalledNumber(View):
    """A number on the public display."""

    number: str
    booth: str | None
    calls: int


class DisplayView(View):
    """The public display: numbers and booths, no names."""

    office_id: str
    date: dt.date
    called: list[CalledNumber]
    """The newest call first."""
    waiting: int
    expected_minutes: int


class QueuePlaceView(View):
    """How long a visitor must expect to wait."""

    appointment_id: str
    state: str
    """``not_here``, ``waiting``, ``called``, ``parked``, ``missed`` or ``served``."""
    queue_number: str | None
    booth: str | None
    ahead: int | None
    expected_minutes: int | None
    office_waiting: int
    office_expected_minutes: int


class WalkInView(View):
    """A visitor who was received without a booking."""

    appointment_id: str
    queue_number: str
    queue_code: str | None
    state: str
    pool: str
    reason: str
    registered_by: str
    registered_at: dt.datetime
    evidence: str | None
