"""Priority seats at the counter: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.appointments.priority_errors import NoPriorityToDeny
from services.scheduling.booking.appointments.schemas import AppointmentView, DenyPriority
from services.scheduling.booking.appointments.views import appointment_view
from services.scheduling.context import UseCaseContext
from services.scheduling.errors import NotYourOffice
from services.scheduling.http import actor_of, use_case
from services.scheduling.visit.counter.priority_denial import PriorityDenials
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints
from shared.tokens import Role

endpoints: Final = Endpoints("priority")


@endpoints.post(
    "/v1/appointments/{appointment_id}/priority-denial",
    summary="Move a visit whose declared need is not so to the regular ones",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    body=DenyPriority,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(NotFound, NotYourOffice, NoPriorityToDeny, SomeoneElseChangedIt),
)
async def deny_priority(call: Call[DenyPriority]) -> AppointmentView:
    """The visit: on a regular seat of its session if one is free, else on its own, in the queue of bookings."""
    path, asked = call.path["appointment_id"], call.body
    record = await use_case(call, PriorityDenials).deny(path, asked.reason, actor_of(call.caller), call.command_id)
    return appointment_view(record, use_case(call, UseCaseContext), for_staff=True)
