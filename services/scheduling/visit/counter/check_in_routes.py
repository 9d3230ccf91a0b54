"""The counter: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.appointments.errors import (
    BeingMoved,
    NotPossibleNow,
    QueueCodeNotValid,
    QueueCodeReplaced,
)
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.appointments.schemas import AppointmentView
from services.scheduling.booking.appointments.views import appointment_view
from services.scheduling.context import UseCaseContext
from services.scheduling.errors import NotYourOffice
from services.scheduling.http import actor_of, use_case
from services.scheduling.visit.counter.check_in import VisitorLookup, Visits
from services.scheduling.visit.counter.check_in_errors import (
    NotPaidYet,
    TooEarlyToCheckIn,
    VisitMissed,
    VisitOnAnotherDay,
)
from services.scheduling.visit.counter.check_in_schemas import VISITOR_KEYS, CheckIn, PublicKeysView, PublicKeyView
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
        NotYourOffice,
        QueueCodeNotValid,
        QueueCodeReplaced,
        NotPaidYet,
        VisitOnAnotherDay,
        TooEarlyToCheckIn,
        VisitMissed,
        BeingMoved,
        NotPossibleNow,
        SomeoneElseChangedIt,
    ),
)
async def check_in(call: Call[CheckIn]) -> AppointmentView:
    """The visitor is here; the same answer however often it is asked."""
    asked = call.body
    visitor = VisitorLookup(**{key: getattr(asked, key) for key in VISITOR_KEYS})
    actor, visits = actor_of(call.caller), use_case(call, Visits)
    if asked.ntpn is None:
        record = await visits.check_in(visitor, actor, call.command_id)
    else:
        record = await visits.arrive_on_proof(visitor, asked.ntpn, actor, call.command_id)
    return appointment_view(record, use_case(call, UseCaseContext), for_staff=True)


@endpoints.get(
    "/v1/queue-code-keys",
    summary="Keys that queue codes are checked with",
    access=PUBLIC,
    answers={200: PublicKeysView},
)
async def queue_code_keys(call: Call) -> PublicKeysView:
    """Public keys: with them a queue code can be checked without any network."""
    keys = use_case(call, QueueCodes).published()
    return PublicKeysView(
        keys=[PublicKeyView(key_id=key_id, algorithm="Ed25519", public_key=key) for key_id, key in keys]
    )
