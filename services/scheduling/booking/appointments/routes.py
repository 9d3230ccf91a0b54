"""Appointments: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling import errors
from services.scheduling.booking.appointments.holds import HoldWish
from services.scheduling.booking.appointments.reschedule import MoveWish
from services.scheduling.booking.appointments.schemas import (
    AppointmentsQuery,
    AppointmentsView,
    AppointmentView,
    AssistedQuery,
    CancelQuery,
    HoldSeat,
    MoveVisit,
)
from services.scheduling.booking.appointments.views import appointment_view
from services.scheduling.http import origin_of, scheduling_of, who_of
from services.scheduling.offices.session import Pool
from shared.assistance import ASSISTANCE_REFUSALS
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import ANY_CALLER, ROLES, Endpoints, RateLimit
from shared.tokens import Role

endpoints: Final = Endpoints("appointments")

HOLDS_A_MINUTE: Final = RateLimit(count=30, per_seconds=60.0)
"""Holds one caller may ask for: a family of five with some second thoughts stays below it, a robot does not."""

_HOLDERS: Final = ROLES(Role.APPLICANT, Role.FRONT_OFFICER)


@endpoints.post(
    "/v1/appointments",
    summary="Hold a seat",
    access=_HOLDERS,
    body=HoldSeat,
    query=AssistedQuery,
    idempotent=True,
    rate=HOLDS_A_MINUTE,
    answers={201: AppointmentView},
    refusals=(
        *ASSISTANCE_REFUSALS,
        NotFound,
        errors.ApplicationIsWithdrawn,
        errors.PersonHasAppointment,
        errors.PoolNotOpen,
        errors.ProductNotOffered,
        errors.PriorityNeedMissing,
        errors.NotInPriorityGroup,
        errors.NotOpenYet,
        errors.TicketNeeded,
        errors.NotYourTurn,
        errors.TurnMissed,
        errors.SessionSoldOut,
        errors.SessionClosed,
        errors.SessionNotFound,
        errors.NotYourOffice,
        errors.SameDayChoiceMissing,
        errors.SameDayIsToday,
        errors.SameDayTooLate,
        errors.TooManyHolds,
        errors.TooManySeatsGivenUp,
        errors.TooManyPeopleOnDevice,
        SomeoneElseChangedIt,
    ),
)
async def hold_seat(call: Call[HoldSeat, AssistedQuery]) -> AppointmentView:
    """The held seat; it lapses at `hold_until` unless its bill is requested before. An officer holds with consent."""
    asked, service = call.body, scheduling_of(call)
    wish = HoldWish(
        asked.application_id,
        asked.session_id,
        asked.pool,
        who_of(call.caller),
        call.command_id,
        origin_of(call),
        need=asked.priority_need,
    )
    if wish.pool is Pool.SAME_DAY:
        return appointment_view(await service.same_day.hold(wish, asked.if_unpaid), service.desk)
    if not wish.who.is_staff:
        return appointment_view(await service.holds.hold(wish), service.desk)
    await service.assisting.refuse_unassisted(call.caller, asked.application_id, call.query.assistance)
    return appointment_view(await service.counter_holds.hold(wish), service.desk, for_staff=True)


@endpoints.get(
    "/v1/appointments",
    summary="List the appointments of an application",
    access=ANY_CALLER,
    query=AppointmentsQuery,
    answers={200: AppointmentsView},
)
async def list_appointments(call: Call[None, AppointmentsQuery]) -> AppointmentsView:
    """Those that the caller may see, the newest first."""
    service = scheduling_of(call)
    who = who_of(call.caller)
    found = await service.holds.of_application(call.query.application_id, who)
    return AppointmentsView(
        appointments=[appointment_view(record, service.desk, for_staff=who.is_staff) for record in found]
    )


@endpoints.get(
    "/v1/appointments/{appointment_id}",
    summary="Read an appointment",
    access=ANY_CALLER,
    answers={200: AppointmentView},
    refusals=(NotFound, errors.NotYourOffice),
)
async def read_appointment(call: Call) -> AppointmentView:
    """Where the appointment stands and what comes next."""
    service, who = scheduling_of(call), who_of(call.caller)
    record = await service.holds.get(call.path["appointment_id"], who)
    return appointment_view(record, service.desk, for_staff=who.is_staff)


@endpoints.post(
    "/v1/appointments/{appointment_id}/reschedule",
    summary="Move a visit to another session",
    access=ROLES(Role.APPLICANT),
    body=MoveVisit,
    idempotent=True,
    rate=HOLDS_A_MINUTE,
    answers={200: AppointmentView},
    refusals=(
        NotFound,
        errors.SessionNotFound,
        errors.NotOpenYet,
        errors.TicketNeeded,
        errors.NotYourTurn,
        errors.TurnMissed,
        errors.SessionSoldOut,
        errors.SessionClosed,
        errors.PoolNotOpen,
        errors.ProductNotOffered,
        errors.TooLateToMove,
        errors.NoMovesLeft,
        errors.SameSession,
        errors.TooFarToMove,
        errors.BeingMoved,
        errors.NotPossibleNow,
        errors.TooManyMoves,
        SomeoneElseChangedIt,
    ),
)
async def reschedule(call: Call[MoveVisit]) -> AppointmentView:
    """The visit at its new time; the old queue code is void from now on."""
    service = scheduling_of(call)
    wish = MoveWish(
        call.path["appointment_id"], call.body.session_id, who_of(call.caller), call.command_id, origin_of(call)
    )
    return appointment_view(await service.moves.reschedule(wish), service.desk)


@endpoints.post(
    "/v1/appointments/{appointment_id}/cancellation",
    summary="Give a seat up",
    access=ROLES(Role.APPLICANT),
    query=CancelQuery,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(NotFound, errors.FeeWouldBeLost, errors.BeingMoved, errors.NotPossibleNow, SomeoneElseChangedIt),
)
async def cancel(call: Call[None, CancelQuery]) -> AppointmentView:
    """The appointment, released. An offered seat is declined by it."""
    service = scheduling_of(call)
    record = await service.holds.cancel(
        call.path["appointment_id"],
        who_of(call.caller),
        call.command_id,
        fee_is_lost=call.query.confirmed_not_refundable,
        origin=origin_of(call),
    )
    return appointment_view(record, service.desk)


@endpoints.post(
    "/v1/appointments/{appointment_id}/offer-acceptance",
    summary="Take an offered seat",
    access=ROLES(Role.APPLICANT),
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(NotFound, errors.OfferOver, errors.NotPossibleNow, errors.BeingMoved, SomeoneElseChangedIt),
)
async def accept_offer(call: Call) -> AppointmentView:
    """The confirmed visit."""
    service = scheduling_of(call)
    record = await service.payments.accept_offer(call.path["appointment_id"], who_of(call.caller), call.command_id)
    return appointment_view(record, service.desk)


@endpoints.post(
    "/v1/appointments/{appointment_id}/offer-refusal",
    summary="Decline an offered seat",
    access=ROLES(Role.APPLICANT),
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(NotFound, errors.NotPossibleNow, errors.BeingMoved, SomeoneElseChangedIt),
)
async def decline_offer(call: Call) -> AppointmentView:
    """The ended offer; the money goes back."""
    service = scheduling_of(call)
    record = await service.payments.decline_offer(call.path["appointment_id"], who_of(call.caller), call.command_id)
    return appointment_view(record, service.desk)
