"""The endpoints of corrections."""

from __future__ import annotations

from services.application.applications.access import LATE, SEEING
from services.application.applications.correction import Corrected
from services.application.applications.errors import StepComesFirst
from services.application.applications.schemas import ApplicationView, view_application
from services.application.context import Actor
from services.application.corrections.errors import NothingCorrected, ProofNotSeen
from services.application.corrections.schemas import KindCorrection, PenaltyFinding
from services.application.corrections.service import Why
from services.application.http import APPLICATION
from services.application.requirements.errors import AnswersContradict
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints
from shared.tokens import Role

api = Endpoints("office")


@api.post(
    "/v1/applications/{application_id}/kind-correction",
    summary="Correct what was applied for; the seat and what was paid stay",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER),
    body=KindCorrection,
    answers={200: ApplicationView},
    refusals=(*SEEING, *LATE, StepComesFirst, AnswersContradict, NothingCorrected),
    idempotent=True,
)
async def correct_kind(call: Call[KindCorrection]) -> ApplicationView:
    """The corrected application: a difference is asked for, goes back, or is nothing."""
    body = call.body
    wanted = Corrected(body.passport_kind.value, body.validity_years, body.reason, body.zero_tariff)
    why = Why(Actor.from_caller(call.caller), body.reason_code, body.note, call.command_id)
    return view_application(
        call, await call.app[APPLICATION].corrections.correct_kind(call.path["application_id"], wanted, why)
    )


@api.post(
    "/v1/applications/{application_id}/penalty",
    summary="Record a lost or damaged book that the interview found",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER),
    body=PenaltyFinding,
    answers={200: ApplicationView},
    refusals=(*SEEING, *LATE, StepComesFirst, ProofNotSeen),
    idempotent=True,
)
async def find_penalty(call: Call[PenaltyFinding]) -> ApplicationView:
    """The application: the penalty is asked for, or none under force majeure."""
    body = call.body
    seen = await call.app[APPLICATION].corrections.find_penalty(
        call.path["application_id"],
        body.ground,
        Why(Actor.from_caller(call.caller), body.reason_code, body.note, call.command_id),
        force_majeure=body.force_majeure,
        proof_seen=body.proof_seen,
    )
    return view_application(call, seen)
