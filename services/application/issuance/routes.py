"""The endpoints of the hand-over to the issuance system."""

from __future__ import annotations

from services.application.applications.access import LATE, SEEING
from services.application.applications.errors import StepComesFirst
from services.application.applications.schemas import ApplicationView, view_application
from services.application.context import Actor
from services.application.http import APPLICATION
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints
from shared.tokens import Role

api = Endpoints("office")


@api.post(
    "/v1/applications/{application_id}/hand-over",
    summary="Have the file handed over to the issuance system now",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    answers={202: ApplicationView},
    refusals=(*SEEING, *LATE, StepComesFirst),
    idempotent=True,
)
async def resend_file(call: Call) -> ApplicationView:
    """Hand over again."""
    return view_application(
        call,
        await call.app[APPLICATION].issuance.resend(
            call.path["application_id"], Actor.from_caller(call.caller), call.command_id
        ),
    )
