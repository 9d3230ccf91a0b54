"""The queue at the counter over HTTP."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.walk_in import WalkInReason
from services.scheduling.terms import Pool
from services.scheduling.visit.counter.queue import Lane, VisitorState
from shared.evidence_files import EvidenceFileView, EvidenceIds
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, View

LONGEST_BOOTH = 8
LONGEST_EVIDENCE = 1000


class NoQueuePlace(StrEnum):
    """The state of a visit that has no place in the queue of today."""

    NOT_HERE = "not_here"


class CallNext(Body):
    """The booth to which the next number is called."""

    booth: str = Field(min_length=1, max_length=LONGEST_BOOTH, pattern=r"^[A-Za-z0-9-]+$")


class RegisterWalkIn(Body):
    """The reason to receive a visitor without a booking, and the evidence."""

    reason: WalkInReason
    evidence: str | None = Field(None, min_length=3, max_length=LONGEST_EVIDENCE)
    evidence_ids: EvidenceIds


class NumberView(View):
    """A number in the queue, for officers."""

    visit_id: str
    number: str
    lane: Annotated[str, OneOf(Lane)]
    state: Annotated[str, OneOf(VisitorState)]
    booth: str | None
    arrived_at: dt.datetime
    called_at: dt.datetime | None
    calls: int
    ahead: int | None
    """How many are called before, while it waits."""
    expected_minutes: int | None


class QueueView(ListView):
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
    state: Annotated[str, OneOf(VisitorState, NoQueuePlace)]
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
    state: Annotated[str, OneOf(Status)]
    pool: Annotated[str, OneOf(Pool)]
    reason: Annotated[str, OneOf(WalkInReason)]
    registered_by: str
    registered_at: dt.datetime
    evidence: str | None
    evidence_files: list[EvidenceFileView]
