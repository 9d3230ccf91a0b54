"""The endpoints of applications up to the submission, and of looking at them."""

from __future__ import annotations

from services.application import field_types as schemas
from services.application.applications.access import LATE, SEEING
from services.application.applications.errors import ApplicationEnded, PersonAppliesElsewhere, StepComesFirst
from services.application.applications.reading import note_reading
from services.application.applications.schemas import ApplicationsView, ApplicationView, view_application
from services.application.drafts.errors import (
    AccountNotNamed,
    ApplicantCameOfAge,
    ApplicationAlreadyOpen,
    ConfirmationMissing,
    IdentityNotConfirmed,
    ItemsMissing,
    PagesMissing,
    TooLateToWithdraw,
)
from services.application.drafts.schemas import BeginApplication, Submission
from services.application.http import APPLICATION, OWNER_OR_COUNTER, OWNER_OR_OFFICE, who
from services.application.leavings.errors import ApplicantLeaving
from services.application.requirements.errors import AnswersContradict
from services.application.requirements.schemas import Questionnaire
from shared.assistance import ASSISTANCE_REFUSALS
from shared.errors import NotFound
from shared.http.call import Call
from shared.http.endpoint import Endpoints, PersonalData

api = Endpoints("applications")


@api.post(
    "/v1/applications",
    summary="Open a draft for an applicant, confirmed or with the identity pending",
    access=OWNER_OR_COUNTER,
    body=BeginApplication,
    query=schemas.Assisting,
    answers={201: ApplicationView},
    location="/v1/applications/{application_id}",
    refusals=(
        NotFound,
        ApplicationAlreadyOpen,
        AccountNotNamed,
        IdentityNotConfirmed,
        ApplicantCameOfAge,
        ApplicantLeaving,
        *ASSISTANCE_REFUSALS,
    ),
    idempotent=True,
)
async def begin(call: Call[BeginApplication, schemas.Assisting]) -> ApplicationView:
    """Open a draft."""
    drafting = call.app[APPLICATION].drafting
    return view_application(call, await drafting.begin(call.body.applicant_id, await who(call), call.command_id))


@api.get(
    "/v1/applications",
    summary="The applications of the caller's account",
    access=OWNER_OR_COUNTER,
    query=schemas.Looking,
    answers={200: ApplicationsView},
    pages_by="application_id",
    refusals=ASSISTANCE_REFUSALS,
    reads=PersonalData.APPLICATION,
)
async def list_own(call: Call[None, schemas.Looking]) -> ApplicationsView:
    """Own applications, the newest first."""
    service, reader = call.app[APPLICATION], await who(call)
    found = await service.drafting.list_own(reader)
    note_reading(call, reader, (seen.application for seen in found))
    return ApplicationsView.from_all(found, service.applications.rules)


@api.get(
    "/v1/applications/{application_id}",
    summary="Where an application stands: step, what remains, next action, deadline, timeline",
    access=OWNER_OR_OFFICE,
    query=schemas.Looking,
    answers={200: ApplicationView},
    refusals=SEEING,
    reads=PersonalData.APPLICATION,
    watches="application",
)
async def get_application(call: Call[None, schemas.Looking]) -> ApplicationView:
    """One application."""
    reader = await who(call)
    seen = await call.app[APPLICATION].drafting.get_application(call.path["application_id"], reader)
    note_reading(call, reader, [seen.application])
    return view_application(call, seen)


@api.put(
    "/v1/applications/{application_id}/questionnaire",
    summary="Answer the questionnaire: it picks kind, reason and requirements",
    access=OWNER_OR_COUNTER,
    body=Questionnaire,
    query=schemas.Assisting,
    answers={200: ApplicationView},
    refusals=(*SEEING, *LATE, AnswersContradict),
)
async def answer(call: Call[Questionnaire, schemas.Assisting]) -> ApplicationView:
    """Keep the answers."""
    drafting = call.app[APPLICATION].drafting
    return view_application(
        call, await drafting.answer(call.path["application_id"], call.body.answers(), await who(call))
    )


@api.post(
    "/v1/applications/{application_id}/submission",
    summary="Submit, knowing what is not paid back",
    access=OWNER_OR_COUNTER,
    body=Submission,
    query=schemas.Assisting,
    answers={200: ApplicationView},
    refusals=(
        *SEEING,
        *LATE,
        ConfirmationMissing,
        StepComesFirst,
        IdentityNotConfirmed,
        ItemsMissing,
        PagesMissing,
        AnswersContradict,
        PersonAppliesElsewhere,
    ),
    idempotent=True,
)
async def submit(call: Call[Submission, schemas.Assisting]) -> ApplicationView:
    """Submit."""
    application_id, confirmed = call.path["application_id"], call.body.confirmed_not_refundable
    seen = await call.app[APPLICATION].drafting.submit(application_id, confirmed, await who(call), call.command_id)
    return view_application(call, seen)


@api.post(
    "/v1/applications/{application_id}/withdrawal",
    summary="Give the application up before the visit",
    access=OWNER_OR_COUNTER,
    query=schemas.Assisting,
    answers={200: ApplicationView},
    refusals=(*SEEING, TooLateToWithdraw, ApplicationEnded),
    idempotent=True,
)
async def withdraw(call: Call[None, schemas.Assisting]) -> ApplicationView:
    """Withdraw."""
    drafting = call.app[APPLICATION].drafting
    return view_application(
        call, await drafting.withdraw(call.path["application_id"], await who(call), call.command_id)
    )
