"""Lists, sheets and offline days over HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import Field, model_validator

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.queue_code_payload import LONGEST_QUEUE_CODE
from services.scheduling.field_types import Id
from services.scheduling.terms import Pool
from services.scheduling.visit.offline.offline_day import LineKind, LineOutcome
from shared.fields.numbers import QueueNumber
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoDate, IsoMoment, LocalMoment, Path, Query, View
from shared.http.validation import wrong_value

MOST_LINES_OF_FILE = 500
"""Lines of one file: some 150 KB; a longer day is sent in parts, because each line counts once."""

LONGEST_EVIDENCE = 500
FILE_BYTES = 1024 * 1024


class SameDayQuery(Query):
    """Which day; today at the office if none is named."""

    date: IsoDate | None = None


class DaySheetPath(Path):
    """The office and the day."""

    office_id: Id
    date: IsoDate


class OfflineLineBody(Body):
    """One arrival as the office wrote it down."""

    line_id: Id
    kind: LineKind
    arrived_at: IsoMoment
    queue_code: str | None = Field(None, min_length=1, max_length=LONGEST_QUEUE_CODE)
    number: QueueNumber | None = None
    appointment_id: Id | None = None
    reason: str | None = Field(None, min_length=2, max_length=64, pattern=r"^[a-z][a-z0-9_]{1,63}$")
    evidence: str | None = Field(None, min_length=3, max_length=LONGEST_EVIDENCE)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Any:
        named = sum(name is not None for name in (self.queue_code, self.number, self.appointment_id))
        booked = self.kind is LineKind.BOOKED and named == 1 and self.reason is None
        counter = self.kind is LineKind.COUNTER and named == 0 and self.reason is not None
        if not (booked or counter):
            raise wrong_value(
                "line_kind",
                "A booked line names one of queue_code, number and appointment_id; a counter line has a reason.",
                "Baris terjadwal menyebut satu dari queue_code, number, appointment_id; baris loket memiliki alasan.",
            )
        return self


class OfflineFileBody(Body):
    """The arrivals of one day, each line with an id of its own."""

    date: IsoDate
    lines: list[OfflineLineBody] = Field(
        min_length=1,
        max_length=MOST_LINES_OF_FILE,
        examples=[[{"line_id": "1", "kind": "booked", "arrived_at": "2026-11-21T01:05:00Z", "number": "A-001"}]],
    )


class LineOutcomeView(View):
    """The outcome of one line."""

    line_id: str
    outcome: Annotated[str, OneOf(LineOutcome)]


class OfflineImportView(View):
    """The outcome of each line, in the order of the file."""

    office_id: str
    date: dt.date
    lines: list[LineOutcomeView]
    offline_seats: int
    offline_used: int


class SameDayVisitView(View):
    """One paid same-day visit."""

    appointment_id: str
    application_id: str
    queue_number: str
    state: Annotated[str, OneOf(Status)]
    starts_at: dt.datetime
    local_start: LocalMoment


class SameDayListView(ListView):
    """The same-day visits of an office's day, complete."""

    office_id: str
    date: dt.date
    visits: list[SameDayVisitView]


class SheetVisitView(View):
    """One expected visit."""

    appointment_id: str
    queue_number: str
    pool: Annotated[str, OneOf(Pool)]
    state: Annotated[str, OneOf(Status)]
    local_start: LocalMoment
    code_version: int


class DaySheetView(View):
    """The visits that an office expects on a day; `signed` says the same and who signed it."""

    office_id: str
    date: dt.date
    made_at: dt.datetime
    offline_seats: int
    visits: list[SheetVisitView]
    signed: str


class RevocationsView(View):
    """Void queue codes as a signed text: mark, key id, content as base64url JSON, signature, parted by dots."""

    version: int
    """Grows; never replace a list by one with a lower version."""
    issued_at: dt.datetime
    valid_until: dt.datetime
    entries: int
    signed: str
