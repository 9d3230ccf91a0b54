"""Appointments over HTTP."""

from __future__ import annotations

import datetime as dt
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.priority import Denial, Need, Proof
from services.scheduling.booking.appointments.same_day_place import SameDayPlaceState
from services.scheduling.booking.appointments.special_reschedule_right import SpecialState
from services.scheduling.field_types import Id
from services.scheduling.offices.schemas import OfficeView
from services.scheduling.terms import Pool, VisitStep
from shared.events.codes import IfUnpaid, ReleaseReason, SpecialCause
from shared.evidence_files import EvidenceFileView
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, LocalMoment, NextCallView, Query, View


class HoldSeat(Body):
    """Which session, for which application."""

    application_id: Id
    session_id: Id
    pool: Pool = Pool.REGULAR
    if_unpaid: IfUnpaid | None = Field(
        None, description="for a same-day seat that is not paid before noon WIB: the nearest regular seat, or nothing"
    )
    priority_need: Need | None = Field(
        None, description="for a priority seat: why; may be left out where the applicant's age shows it"
    )


class AssistedQuery(Query):
    """For officers: by which consent they hold a seat for somebody."""

    assistance: Id | None = Field(None, description="the live assistance of a front officer; POST /v1/assistances")


class MoveVisit(Body):
    """The session that the visit shall move to."""

    session_id: Id


class CancelQuery(Query):
    """A cancellation, with what must be said knowingly."""

    confirmed_not_refundable: Annotated[bool, Field(strict=False)] = Field(
        False, description="true gives a paid visit up, knowing that the fee is not given back"
    )


class AppointmentsQuery(Query):
    """Whose appointments."""

    application_id: Id


class BookedSession(View):
    """The session of an appointment."""

    session_id: str
    office_id: str
    date: date
    starts_at: datetime
    ends_at: datetime
    pool: Annotated[str, OneOf(Pool)]


class PriorityNeedView(View):
    """On what ground a visit has a priority seat, and whether that was seen."""

    need: Annotated[str, OneOf(Need)]
    proof: Annotated[str, OneOf(Proof)]
    """``proven`` by age, ``to_be_shown`` at the counter, or ``denied`` there."""
    denied_for: Annotated[str, OneOf(Denial)] | None


class SameDayPlaceView(View):
    """The place in the same-day quota of a visit that buys the surcharge at the counter."""

    state: Annotated[str, OneOf(SameDayPlaceState)]
    """``reaching``, ``reserved`` until its bill is paid, or ``paid``."""
    pay_until: datetime


class DenyPriority(Body):
    """The officer's finding."""

    reason: Denial


class AppointmentView(View, in_indonesian=("next_action",)):
    """An appointment: where it stands, what comes next, until when."""

    appointment_id: str
    application_id: str
    person_id: str
    state: Annotated[str, OneOf(Status)]
    session: BookedSession
    office: OfficeView
    starts_at: datetime
    ends_at: datetime
    local_start: LocalMoment
    local_end: LocalMoment
    made_at: datetime
    hold_until: datetime | None
    offer_until: datetime | None
    queue_number: str | None
    queue_code: str | None
    special: SpecialView | None
    special_causes: list[Annotated[str, OneOf(SpecialCause)]]
    """Causes that permit a new date without paying again, where one may be asked for now."""
    special_ask_until: datetime | None
    evidence_files: list[EvidenceFileView]
    """Pictures that its special reschedule, or its registration at the counter, names."""
    checked_in_at: datetime | None
    released_for: Annotated[str, OneOf(ReleaseReason)] | None
    priority: PriorityNeedView | None
    same_day: SameDayPlaceView | None
    moves_left: int
    current_step: Annotated[str, OneOf(VisitStep)]
    remaining_steps: list[Annotated[str, OneOf(VisitStep)]]
    next_action: str
    next_action_id: str
    next_call: NextCallView | None
    deadline: datetime | None


class AppointmentsView(ListView):
    """The appointments of an application, the newest first."""

    appointments: list[AppointmentView]


class SpecialView(View):
    """A special reschedule as the applicant and the office see it."""

    state: Annotated[str, OneOf(SpecialState)]
    cause: Annotated[str, OneOf(SpecialCause)]
    asked_at: dt.datetime | None
    decided_at: dt.datetime | None
    reason: str | None
    until: dt.datetime | None
    """When the right to a new date ends."""
