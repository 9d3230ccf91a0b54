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
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.PRINTER),
    answers={202: ApplicationView},
    refusals=(*SEEING, *LATE, StepComesFirst),
    idempotent=True,
)
async def resend_file(call: Call) -> ApplicationView:
    """Hand over again. A printer sees where the file stands, not what the applicant answered."""
    officer = Actor.from_caller(call.caller)
    seen = await call.app[APPLICATION].issuance.resend(call.path["application_id"], officer, call.command_id)
    view = view_application(call, seen)
    return view.model_copy(update={"answers": None, "timeline": []}) if officer.role is Role.PRINTER else view
