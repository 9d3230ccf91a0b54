"""Special reschedules, interruptions and bulk jobs: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling import errors
from services.scheduling.booking.appointments.schemas import AppointmentView
from services.scheduling.booking.appointments.views import appointment_view, special_view
from services.scheduling.http import scheduling_of, who_of
from services.scheduling.visit.bulk_jobs.job import BulkJob, Outcome
from services.scheduling.visit.bulk_jobs.service import DayInterruption
from services.scheduling.visit.special_reschedule.schemas import (
    AskSpecial,
    BulkJobsView,
    BulkJobView,
    DecideSpecial,
    InterruptDay,
    InterruptVisit,
    SpecialRequestsView,
    SpecialRequestView,
    UseSpecial,
)
from services.scheduling.visit.special_reschedule.service import NewDate, SpecialDecision, SpecialWish
from shared.audit import OverrideNeedsReason
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import ROLES, STAFF, Endpoints, PersonalData
from shared.store.kinds import Record
from shared.tokens import Role

endpoints: Final = Endpoints("special reschedule")

_DECIDERS: Final = STAFF(Role.OFFICE_ADMIN, Role.FRONT_OFFICER)
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
        errors.SpecialCauseNotPermitted,
        errors.SpecialAlreadyAsked,
        errors.NoSpecialLeft,
        errors.TooLateForSpecial,
        errors.NotPossibleNow,
        SomeoneElseChangedIt,
    ),
)
async def ask_special(call: Call[AskSpecial]) -> AppointmentView:
    """The appointment with its request; the office decides."""
    service, asked = scheduling_of(call), call.body
    wish = SpecialWish(call.path["appointment_id"], asked.cause, asked.evidence, who_of(call.caller), call.command_id)
    return appointment_view(await service.specials.ask(wish), service.desk)


@endpoints.post(
    "/v1/appointments/{appointment_id}/special-decision",
    summary="Grant or refuse a special reschedule",
    access=_DECIDERS,
    body=DecideSpecial,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        NotFound,
        errors.NotYourOffice,
        errors.NoSpecialAsked,
        errors.PersonHasAppointment,
        errors.BeingMoved,
        errors.NotPossibleNow,
        SomeoneElseChangedIt,
    ),
)
async def decide_special(call: Call[DecideSpecial]) -> AppointmentView:
    """The appointment after the office's word; the applicant is told."""
    service = scheduling_of(call)
    decided = SpecialDecision(call.path["appointment_id"], call.body.reason, who_of(call.caller), call.command_id)
    return appointment_view(await service.specials.decide(decided), service.desk, for_staff=True)


@endpoints.post(
    "/v1/appointments/{appointment_id}/special-reschedule",
    summary="Choose the new date",
    access=ROLES(Role.APPLICANT),
    body=UseSpecial,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        NotFound,
        errors.SessionNotFound,
        errors.NotOpenYet,
        errors.SessionSoldOut,
        errors.SessionClosed,
        errors.PoolNotOpen,
        errors.ProductNotOffered,
        errors.SpecialOver,
        errors.BeingMoved,
        errors.NotPossibleNow,
        SomeoneElseChangedIt,
    ),
)
async def use_special(call: Call[UseSpecial]) -> AppointmentView:
    """The visit at its new time. If the session is full, the right to a new date stays as it was."""
    service = scheduling_of(call)
    wish = NewDate(call.path["appointment_id"], call.body.session_id, who_of(call.caller), call.command_id)
    return appointment_view(await service.specials.use(wish), service.desk)


@endpoints.post(
    "/v1/appointments/{appointment_id}/interruption",
    summary="Mark a visit as interrupted by the system",
    access=_AT_THE_VISIT,
    body=InterruptVisit,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        NotFound,
        errors.NotYourOffice,
        errors.PersonHasAppointment,
        errors.BeingMoved,
        errors.NotPossibleNow,
        OverrideNeedsReason,
        SomeoneElseChangedIt,
    ),
)
async def interrupt_visit(call: Call[InterruptVisit]) -> AppointmentView:
    """The appointment with its special reschedule, open at once."""
    service = scheduling_of(call)
    record = await service.specials.interrupt(
        call.path["appointment_id"], call.body.reason, who_of(call.caller), call.command_id
    )
    return appointment_view(record, service.desk, for_staff=True)


@endpoints.get(
    "/v1/offices/{office_id}/special-requests",
    summary="List the special reschedules that wait for the office",
    access=_DECIDERS,
    answers={200: SpecialRequestsView},
    reads=PersonalData.EVIDENCE,
    refusals=(errors.OfficeNotFound, errors.NotYourOffice),
)
async def special_requests(call: Call) -> SpecialRequestsView:
    """The requests with their evidence, the oldest first."""
    service = scheduling_of(call)
    call.read_for = "step_special_decision"
    found = await service.specials.asked(call.path["office_id"], who_of(call.caller))
    shown = []
    for record in found:
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
                    evidence=service.specials.evidence(record),
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
    refusals=(errors.OfficeNotFound, errors.NotYourOffice, OverrideNeedsReason, SomeoneElseChangedIt),
)
async def interrupt_day(call: Call[InterruptDay]) -> BulkJobView:
    """The job that opens a special reschedule for each visit of the day; follow it at its own address."""
    asked = DayInterruption(
        call.path["office_id"], call.body.date, call.body.reason, who_of(call.caller), call.command_id
    )
    return job_view(await scheduling_of(call).bulk_moves.interrupt_day(asked))


@endpoints.get(
    "/v1/offices/{office_id}/bulk-jobs",
    summary="List the newest jobs over many visits",
    access=STAFF(Role.OFFICE_ADMIN, Role.FRONT_OFFICER),
    answers={200: BulkJobsView},
    refusals=(errors.OfficeNotFound, errors.NotYourOffice),
)
async def bulk_jobs(call: Call) -> BulkJobsView:
    """The jobs of the caller's office, the newest first."""
    found = await scheduling_of(call).bulk_moves.jobs(call.path["office_id"], who_of(call.caller))
    return BulkJobsView(jobs=[job_view(record) for record in found])


@endpoints.get(
    "/v1/offices/{office_id}/bulk-jobs/{job_id}",
    summary="Read how far a job over many visits is",
    access=STAFF(Role.OFFICE_ADMIN, Role.FRONT_OFFICER),
    answers={200: BulkJobView},
    refusals=(NotFound, errors.NotYourOffice),
)
async def bulk_job(call: Call) -> BulkJobView:
    """The job."""
    office_id, job_id = call.path["office_id"], call.path["job_id"]
    return job_view(await scheduling_of(call).bulk_moves.job(office_id, job_id, who_of(call.caller)))


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
