"""The endpoints of officers at the visit and after it."""

from __future__ import annotations

from services.application import errors
from services.application.applications.access import LATE, SEEING
from services.application.applications.collection import Collector
from services.application.applications.errors import ApplicationEnded, StepComesFirst
from services.application.applications.schemas import ApplicationView, view_application
from services.application.collection.errors import (
    CollectedOtherwise,
    CollectorNotNeeded,
    CollectorsPapersNotSeen,
    ProxyIsHolder,
    ProxyNotAuthorised,
)
from services.application.context import Actor
from services.application.corrections.errors import PaymentOwed, PriceNotKnownYet
from services.application.counter.errors import (
    DocumentsUndecided,
    MissingPapersNotNamed,
    NothingIsMissing,
    OriginalsNotSeen,
    PapersNotNeeded,
)
from services.application.counter.schemas import Collection, DayQuery, InterviewResult, OfficeDayView, Originals
from services.application.http import APPLICATION
from services.application.requirements.errors import DocumentNotAsked
from services.application.voided_book.errors import FeeNotPaid
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints
from shared.tokens import Role

visits = Endpoints("office")


office_day = Endpoints("office")


@visits.post(
    "/v1/applications/{application_id}/originals",
    summary="Record which originals were seen",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER),
    body=Originals,
    answers={200: ApplicationView},
    refusals=(*SEEING, *LATE, StepComesFirst, DocumentNotAsked),
    idempotent=True,
)
async def see_originals(call: Call[Originals]) -> ApplicationView:
    """Record originals."""
    seen = await call.app[APPLICATION].counter.see_originals(
        call.path["application_id"], tuple(call.body.requirements), Actor.from_caller(call.caller), call.command_id
    )
    return view_application(call, seen)


@visits.post(
    "/v1/applications/{application_id}/interview",
    summary="Record the outcome of the interview",
    description="An adjudicator decides about an application that an interview left incomplete. The outcome incomplete "
    "names the papers that are missing, by the codes of the application's list.",
    access=STAFF(Role.INTERVIEWER, Role.ADJUDICATOR),
    body=InterviewResult,
    answers={200: ApplicationView},
    refusals=(
        *SEEING,
        *LATE,
        StepComesFirst,
        OriginalsNotSeen,
        DocumentsUndecided,
        errors.ReasonCodeMissing,
        errors.ReasonCodeUnknown,
        MissingPapersNotNamed,
        NothingIsMissing,
        DocumentNotAsked,
        PapersNotNeeded,
        PriceNotKnownYet,
        PaymentOwed,
    ),
    idempotent=True,
)
async def record_interview(call: Call[InterviewResult]) -> ApplicationView:
    """Record the outcome."""
    body = call.body
    seen = await call.app[APPLICATION].counter.record_interview(
        call.path["application_id"],
        body.outcome,
        body.reason_code,
        body.note,
        Actor.from_caller(call.caller),
        call.command_id,
        missing=tuple(body.missing),
    )
    return view_application(call, seen)


@office_day.post(
    "/v1/applications/{application_id}/collection",
    summary="Record that the passport was collected",
    access=STAFF(Role.FRONT_OFFICER),
    body=Collection,
    answers={200: ApplicationView},
    refusals=(
        *SEEING,
        ApplicationEnded,
        StepComesFirst,
        FeeNotPaid,
        CollectorNotNeeded,
        CollectorsPapersNotSeen,
        CollectedOtherwise,
        ProxyIsHolder,
        ProxyNotAuthorised,
        SomeoneElseChangedIt,
    ),
    idempotent=True,
)
async def hand_out(call: Call[Collection]) -> ApplicationView:
    """Record the collection."""
    body = call.body
    collector = Collector(body.collector.full_name, body.collector.nik) if body.collector is not None else None
    seen = await call.app[APPLICATION].counter.hand_out(
        call.path["application_id"],
        body.collected_by,
        Actor.from_caller(call.caller),
        call.command_id,
        collector=collector,
        papers_seen=body.collector.papers_seen if body.collector is not None else (),
    )
    return view_application(call, seen)


@office_day.get(
    "/v1/offices/{office_id}/applications",
    summary="The office's visits of a day, and whose file is overdue",
    access=STAFF(
        *(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
        *(Role.ADJUDICATOR, Role.PRINTER, Role.DOCUMENTS_SECTION_HEAD),
    ),
    query=DayQuery,
    answers={200: OfficeDayView},
    pages_by="application_id",
    refusals=(errors.NotYourOffice,),
)
async def list_day(call: Call[None, DayQuery]) -> OfficeDayView:
    """The office's day, or the one application of a number that a visitor without papers tells."""
    counter, office_id, officer = call.app[APPLICATION].counter, call.path["office_id"], Actor.from_caller(call.caller)
    if call.query.number is not None:
        return OfficeDayView.from_visits(await counter.by_number(office_id, call.query.number, officer))
    return OfficeDayView.from_visits(await counter.day(office_id, call.query.date, officer))
