"""The endpoints by which a whole office leaves."""

from __future__ import annotations

from services.identity.http import IDENTITY
from services.identity.office_departures.errors import DepartureUnknown, OfficeHasNoStaff, OfficeStaffChanged
from services.identity.office_departures.schemas import DeparturePath, DepartureView, OfficePath, PlanDeparture
from services.identity.offices.errors import OfficeUnknown
from services.identity.staff.admin_routes import ACTS_PER_CALLER, OPERATORS
from services.identity.staff.errors import StaffNotInService
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import Endpoints

api = Endpoints("staff administration")


@api.post(
    "/v1/staff/offices/{office_id}/departures",
    summary="Plan that all staff of an office leave: the answer names them, no one leaves yet",
    access=OPERATORS,
    path_model=OfficePath,
    body=PlanDeparture,
    answers={201: DepartureView},
    location="/v1/staff/members",
    refusals=(StaffNotInService, OfficeUnknown, OfficeHasNoStaff),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def plan_office_departure(call: Call[PlanDeparture, None, OfficePath]) -> DepartureView:
    """The plan."""
    departures = call.app[IDENTITY].office_departures
    seen = await departures.plan(call.caller, call.path.office_id, call.body.reason, call.command_id)
    return DepartureView.from_seen(seen)


@api.post(
    "/v1/staff/offices/{office_id}/departures/{departure_id}/execution",
    summary="Let everybody leave who is named in the plan; their sessions end",
    description="Refused if other people work there by now. What was cut off goes on when it is sent again.",
    access=OPERATORS,
    path_model=DeparturePath,
    answers={200: DepartureView},
    refusals=(StaffNotInService, DepartureUnknown, OfficeStaffChanged, SomeoneElseChangedIt),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def execute_office_departure(call: Call[None, None, DeparturePath]) -> DepartureView:
    """Gone, all of them."""
    departures = call.app[IDENTITY].office_departures
    return DepartureView.from_seen(await departures.execute(call.caller, call.path.office_id, call.path.departure_id))
