"""The endpoint of replacements."""

from __future__ import annotations

from services.application import field_types as schemas
from services.application.applications.access import SEEING
from services.application.applications.errors import ApplicationEnded, StepIsOver
from services.application.applications.schemas import ApplicationView, view_application
from services.application.drafts.errors import ApplicantCameOfAge, IdentityNotConfirmed
from services.application.http import APPLICATION, OWNER_OR_COUNTER, who
from services.application.leavings.errors import ApplicantLeaving
from services.application.passports.errors import PassportNotInHand, PassportOfGrownChild, ReplacementUnderWay
from services.application.replacements.errors import ReplacementNotDue
from services.application.replacements.schemas import BeginReplacement
from services.application.requirements.errors import AnswersContradict
from shared.http.call import Call
from shared.http.endpoint import Endpoints

api = Endpoints("passports")


@api.post(
    "/v1/passports/{passport_id}/replacement",
    summary="Begin a replacement of a passport: a draft whose questionnaire is filled in",
    description="A lost, damaged or expiring book is its own reason; of another one send `pages_full` or "
    "`data_change`. The answers can be changed until the draft is submitted.",
    access=OWNER_OR_COUNTER,
    body=BeginReplacement,
    query=schemas.Assisting,
    answers={201: ApplicationView},
    location="/v1/applications/{application_id}",
    refusals=(
        *SEEING,
        PassportOfGrownChild,
        PassportNotInHand,
        ReplacementNotDue,
        ReplacementUnderWay,
        IdentityNotConfirmed,
        ApplicantCameOfAge,
        ApplicantLeaving,
        AnswersContradict,
        ApplicationEnded,
        StepIsOver,
    ),
    idempotent=True,
)
async def begin_replacement(call: Call[BeginReplacement, schemas.Assisting]) -> ApplicationView:
    """Begin a replacement."""
    seen = await call.app[APPLICATION].replacements.begin(
        call.path["passport_id"], call.body.reason, await who(call), call.command_id
    )
    return view_application(call, seen)
