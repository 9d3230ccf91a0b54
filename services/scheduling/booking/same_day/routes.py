"""The same-day service at the counter: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.appointments.errors import BeingMoved
from services.scheduling.booking.appointments.schemas import AppointmentView
from services.scheduling.booking.appointments.views import appointment_view
from services.scheduling.booking.same_day.errors import CannotUpgradeToSameDay, SameDayFull
from services.scheduling.booking.same_day.upgrade import SameDayUpgrades
from services.scheduling.context import UseCaseContext
from services.scheduling.errors import NotYourOffice
from services.scheduling.http import actor_of, use_case
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints
from shared.tokens import Role

endpoints: Final = Endpoints("same day")


@endpoints.post(
    "/v1/appointments/{appointment_id}/same-day",
    summary="Take a place in today's same-day quota for a paid visit",
    access=STAFF(Role.FRONT_OFFICER, Role.OFFICE_ADMIN),
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        NotFound,
        NotYourOffice,
        CannotUpgradeToSameDay,
        SameDayFull,
        BeingMoved,
        SomeoneElseChangedIt,
    ),
)
async def take_same_day_place(call: Call) -> AppointmentView:
    """The visit with its place; the bill of the surcharge follows by itself and is paid before noon WIB."""
    path = call.path["appointment_id"]
    record = await use_case(call, SameDayUpgrades).reserve(path, actor_of(call.caller), call.command_id)
    return appointment_view(record, use_case(call, UseCaseContext), for_staff=True)
