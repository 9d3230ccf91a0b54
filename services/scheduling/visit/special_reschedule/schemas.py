"""Special reschedules and interruptions over HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import Field, model_validator

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.schemas import SpecialView
from services.scheduling.booking.appointments.special_reschedule_causes import SpecialRefusal
from services.scheduling.field_types import Id
from shared.events.codes import SpecialCause
from shared.evidence_files import EvidenceFileView, EvidenceIds
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoDate, View
from shared.http.validation import wrong_value

LONGEST_EVIDENCE = 1000
"""Characters that name the evidence: number, author and content of a paper."""

ReasonCode = Field(min_length=2, max_length=64, pattern=r"^[a-z][a-z0-9_]{1,63}$")
"""A stable code such as ``system_fault``; free texts may name people."""


class AskSpecial(Body):
    """Why a new date is asked for, and the evidence."""

    cause: SpecialCause
    evidence: str = Field(min_length=3, max_length=LONGEST_EVIDENCE)
    evidence_ids: EvidenceIds


class DecideSpecial(Body):
    """A grant, or a refusal with its coded reason."""

    granted: bool
    reason: SpecialRefusal | None = None

    @model_validator(mode="after")
    def _a_no_has_a_reason(self) -> Any:
        if self.granted == (self.reason is not None):
            raise wrong_value(
                "reason_for_a_no",
                "A refusal needs a reason, and a grant has none.",
                "Penolakan harus disertai alasan, dan persetujuan tidak.",
            )
        return self


class InterruptVisit(Body):
    """Why the visit was stopped."""

    reason: str = ReasonCode


class InterruptDay(Body):
    """Which office day broke down, and why."""

    date: IsoDate
    reason: str = ReasonCode


class UseSpecial(Body):
    """The session of the new date."""

    session_id: Id


class SpecialRequestView(View):
    """A special reschedule that waits for the office's decision."""

    appointment_id: str
    application_id: str
    state: Annotated[str, OneOf(Status)]
    session_id: str
    starts_at: dt.datetime
    special: SpecialView
    evidence: str | None
    evidence_files: list[EvidenceFileView]


class SpecialRequestsView(ListView):
    """The requests that wait, the oldest first."""

    requests: list[SpecialRequestView]
