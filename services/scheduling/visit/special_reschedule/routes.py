"""Special reschedules, interruptions and bulk jobs: HTTP to use case and back."""

from __future__ import annotations

import asyncio
from typing import Final

from services.scheduling.booking.appointments.errors import BeingMoved, NotPossibleNow, PersonHasAppointment
from services.scheduling.booking.appointments.evidence_files import evidence_of_visit
from services.scheduling.booking.appointments.schemas import AppointmentView
from services.scheduling.booking.appointments.views import appointment_view, special_view
from services.scheduling.context import UseCaseContext
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.http import actor_of, use_case
from services.scheduling.offices.errors import (
    PoolNotOpen,
    ProductNotOffered,
    SessionClosed,
    SessionNotFound,
    SessionSoldOut,
)
from services.scheduling.openings.errors import NotOpenYet
from services.scheduling.visit.bulk_jobs.job import BulkJob, Outcome
from services.scheduling.visit.bulk_jobs.schemas import BulkJobsView, BulkJobView
from services.scheduling.visit.bulk_jobs.service import BulkMoves, DayInterruption
from services.scheduling.visit.special_reschedule.errors import (
    NoSpecialAsked,
    NoSpecialLeft,
    SpecialAlreadyAsked,
    SpecialCauseNotPermitted,
    SpecialOver,
    TooLateForSpecial,
)
from services.scheduling.visit.special_reschedule.schemas import (
    AskSpecial,
    DecideSpecial,
    InterruptDay,
    InterruptVisit,
    SpecialRequestsView,
    SpecialRequestView,
    UseSpecial,
)
from services.scheduling.visit.special_reschedule.service import NewDate, SpecialDecision, Specials, SpecialWish
from shared.audit import OverrideNeedsReason
from shared.audit.reads import ReasonQuery
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.evidence_files import view_evidence_files
from shared.http.call import Call
from shared.http.endpoint import ROLES, STAFF, Endpoints, PersonalData
from shared.http.reading import Reading, ReadSubject
from shared.store.kinds import Record
from shared.tokens import Role

endpoints: Final = Endpoints("special reschedule")

_DECIDERS: Final = STAFF(Role.OFFICE_ADMIN, Role.FRONT_OFFICER, Role.DOCUMENTS_SECTION_HEAD)
_AT_THE_VISIT: Final = STAFF(Role.OFFICE_ADMIN, Role.FRONT_OFFICER, Role.INTERVIEWER)


@endpoints.post(
    "/v1/appointments/{appointment_id}/special-requests",
    summary="Ask for a new date without paying again",
    access=ROLES(Role.APPLICANT),
    body=AskSpecial,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        NotFound,
        SpecialCauseNotPermitted,
        SpecialAlreadyAsked,
        NoSpecialLeft,
        TooLateForSpecial,
        NotPossibleNow,
        SomeoneElseChangedIt,
    ),
)
async def ask_special(call: Call[AskSpecial]) -> AppointmentView:
    """The appointment with its request; the office decides."""
    asked = call.body
    actor, named = actor_of(call.caller), tuple(asked.evidence_ids)
    wish = SpecialWish(call.path["appointment_id"], asked.cause, asked.evidence, actor, call.command_id, named)
    return appointment_view(await use_case(call, Specials).ask(wish), use_case(call, UseCaseContext))


@endpoints.post(
    "/v1/appointments/{appointment_id}/special-decision",
    summary="Grant or refuse a special reschedule",
    access=_DECIDERS,
    body=DecideSpecial,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        NotFound,
        NotYourOffice,
        NoSpecialAsked,
        PersonHasAppointment,
        BeingMoved,
        NotPossibleNow,
        SomeoneElseChangedIt,
    ),
)
async def decide_special(call: Call[DecideSpecial]) -> AppointmentView:
    """The appointment after the office's word; the applicant is told."""
    decided = SpecialDecision(call.path["appointment_id"], call.body.reason, actor_of(call.caller), call.command_id)
    return appointment_view(
        await use_case(call, Specials).decide(decided), use_case(call, UseCaseContext), for_staff=True
    )


@endpoints.post(
    "/v1/appointments/{appointment_id}/special-reschedule",
    summary="Choose the new date",
    access=ROLES(Role.APPLICANT),
    body=UseSpecial,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        NotFound,
        SessionNotFound,
        NotOpenYet,
        SessionSoldOut,
        SessionClosed,
        PoolNotOpen,
        ProductNotOffered,
        SpecialOver,
        BeingMoved,
        NotPossibleNow,
        SomeoneElseChangedIt,
    ),
)
async def use_special(call: Call[UseSpecial]) -> AppointmentView:
    """The visit at its new time. If the session is full, the right to a new date stays as it was."""
    wish = NewDate(call.path["appointment_id"], call.body.session_id, actor_of(call.caller), call.command_id)
    return appointment_view(await use_case(call, Specials).use(wish), use_case(call, UseCaseContext))


@endpoints.post(
    "/v1/appointments/{appointment_id}/interruption",
    summary="Mark a visit as interrupted by the system",
    access=_AT_THE_VISIT,
    body=InterruptVisit,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        NotFound,
        NotYourOffice,
        PersonHasAppointment,
        BeingMoved,
        NotPossibleNow,
        OverrideNeedsReason,
        SomeoneElseChangedIt,
    ),
)
async def interrupt_visit(call: Call[InterruptVisit]) -> AppointmentView:
    """The appointment with its special reschedule, open at once."""
    record = await use_case(call, Specials).interrupt(
        call.path["appointment_id"], call.body.reason, actor_of(call.caller), call.command_id
    )
    return appointment_view(record, use_case(call, UseCaseContext), for_staff=True)


@endpoints.get(
    "/v1/offices/{office_id}/special-requests",
    summary="List the special reschedules that wait for the office",
    access=_DECIDERS,
    query=ReasonQuery,
    answers={200: SpecialRequestsView},
    pages_by="appointment_id",
    reads=PersonalData.EVIDENCE,
    refusals=(OfficeNotFound, NotYourOffice),
)
async def special_requests(call: Call[None, ReasonQuery]) -> SpecialRequestsView:
    """The requests with their evidence, the oldest first."""
    office_id, specials = call.path["office_id"], use_case(call, Specials)
    found = await specials.list_requests(office_id, actor_of(call.caller))
    subjects = (ReadSubject(record.state.account_id, office_id) for record in found)
    call.reading = Reading(tuple(dict.fromkeys(subjects)), "step_special_decision")
    evidence = await asyncio.gather(*(specials.evidence(record) for record in found))
    shown = []
    for record, text in zip(found, evidence, strict=True):
        special = special_view(record.state)
        if special is not None:
            slot = record.state.seat
            shown.append(
                SpecialRequestView(
                    appointment_id=record.id,
                    application_id=record.state.application_id,
                    state=record.state.status.value,
                    session_id=slot.session_id,
                    starts_at=slot.starts_at,
                    special=special,
                    evidence=text,
                    evidence_files=view_evidence_files(evidence_of_visit(record.state)),
                )
            )
    return SpecialRequestsView(requests=shown)


@endpoints.post(
    "/v1/offices/{office_id}/interruptions",
    summary="Mark a whole office day as interrupted by the system",
    access=STAFF(Role.OFFICE_ADMIN),
    body=InterruptDay,
    idempotent=True,
    answers={202: BulkJobView},
    refusals=(OfficeNotFound, NotYourOffice, OverrideNeedsReason, SomeoneElseChangedIt),
)
async def interrupt_day(call: Call[InterruptDay]) -> BulkJobView:
    """The job that opens a special reschedule for each visit of the day; follow it at its own address."""
    asked = DayInterruption(
        call.path["office_id"], call.body.date, call.body.reason, actor_of(call.caller), call.command_id
    )
    return job_view(await use_case(call, BulkMoves).interrupt_day(asked))


@endpoints.get(
    "/v1/offices/{office_id}/bulk-jobs",
    summary="List the newest jobs over many visits",
    access=STAFF(Role.OFFICE_ADMIN, Role.FRONT_OFFICER, Role.HQ_IT),
    answers={200: BulkJobsView},
    pages_by="job_id",
    refusals=(OfficeNotFound, NotYourOffice),
)
async def bulk_jobs(call: Call) -> BulkJobsView:
    """The jobs of the caller's office, the newest first."""
    found = await use_case(call, BulkMoves).list_jobs(call.path["office_id"], actor_of(call.caller))
    return BulkJobsView(jobs=[job_view(record) for record in found])


@endpoints.get(
    "/v1/offices/{office_id}/bulk-jobs/{job_id}",
    summary="Read how far a job over many visits is",
    access=STAFF(Role.OFFICE_ADMIN, Role.FRONT_OFFICER, Role.HQ_IT),
    answers={200: BulkJobView},
    refusals=(NotFound, NotYourOffice),
)
async def bulk_job(call: Call) -> BulkJobView:
    """The job."""
    office_id, job_id = call.path["office_id"], call.path["job_id"]
    return job_view(await use_case(call, BulkMoves).find_job(office_id, job_id, actor_of(call.caller)))


def job_view(record: Record[BulkJob]) -> BulkJobView:
    """A job as it is shown."""
    job = record.state
    return BulkJobView(
        job_id=record.id,
        kind=job.kind.value,
        office_id=job.office_id,
        date=job.day,
        session_id=job.session_id,
        reason=job.reason,
        state=job.state.value,
        begun_at=job.begun_at,
        found=job.found,
        finished=len(job.outcomes),
        moved=job.count(Outcome.MOVED),
        special_opened=job.count(Outcome.SPECIAL_OPENED),
        interrupted=job.count(Outcome.INTERRUPTED),
        left_alone=job.count(Outcome.LEFT_ALONE),
    )
