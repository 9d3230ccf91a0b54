"""The counter: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling import errors
from services.scheduling.booking.appointments.schemas import AppointmentView
from services.scheduling.booking.appointments.views import appointment_view
from services.scheduling.http import scheduling_of, who_of
from services.scheduling.visit.counter.check_in import Visitor
from services.scheduling.visit.counter.check_in_schemas import CheckIn, PublicKeysView, PublicKeyView
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, STAFF, Endpoints
from shared.tokens import Role

endpoints: Final = Endpoints("counter")


@endpoints.post(
    "/v1/check-ins",
    summary="Check a visitor in",
    access=STAFF(Role.FRONT_OFFICER),
    body=CheckIn,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        NotFound,
        errors.NotYourOffice,
        errors.QueueCodeNotValid,
        errors.QueueCodeReplaced,
        errors.NotPaidYet,
        errors.VisitOnAnotherDay,
        errors.TooEarlyToCheckIn,
        errors.VisitMissed,
        errors.BeingMoved,
        errors.NotPossibleNow,
        SomeoneElseChangedIt,
    ),
)
async def check_in(call: Call[CheckIn]) -> AppointmentView:
    """The visitor is here; the same answer however often it is asked."""
    asked, service = call.body, scheduling_of(call)
    visitor = Visitor(asked.queue_code, asked.appointment_id, asked.application_id, asked.person_id, asked.number)
    who, visits = who_of(call.caller), service.visits
    if asked.ntpn is None:
        record = await visits.check_in(visitor, who, call.command_id)
    else:
        record = await visits.arrive_on_proof(visitor, asked.ntpn, who, call.command_id)
    return appointment_view(record, service.desk, for_staff=True)


@endpoints.get(
    "/v1/queue-code-keys",
    summary="Keys that queue codes are checked with",
    access=PUBLIC,
    answers={200: PublicKeysView},
)
async def queue_code_keys(call: Call) -> PublicKeysView:
    """Public keys: with them a queue code can be checked without any network."""
    keys = scheduling_of(call).desk.codes.published()
    return PublicKeysView(
        keys=[PublicKeyView(key_id=key_id, algorithm="Ed25519", public_key=key) for key_id, key in keys]
    )
