"""Appointments: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.abuse.errors import (
    TooManyHolds,
    TooManyMoves,
    TooManyPeopleOnDevice,
    TooManySeatsGivenUp,
)
from services.scheduling.booking.abuse.http import origin_of
from services.scheduling.booking.appointments.booking_path import BookingPath, HoldWish
from services.scheduling.booking.appointments.errors import (
    BeingMoved,
    FeeWouldBeLost,
    NoMovesLeft,
    NotPossibleNow,
    OfferOver,
    PersonHasAppointment,
    SameSession,
    TooFarToMove,
    TooLateToMove,
)
from services.scheduling.booking.appointments.holds import Holds
from services.scheduling.booking.appointments.payments import Payments
from services.scheduling.booking.appointments.priority_errors import NotInPriorityGroup, PriorityNeedMissing
from services.scheduling.booking.appointments.reschedule import Moves, MoveWish
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
from services.scheduling.booking.assistance.service import Assisting
from services.scheduling.booking.same_day.booking import SameDay
from services.scheduling.booking.same_day.errors import SameDayChoiceMissing, SameDayIsToday, SameDayTooLate
from services.scheduling.context import UseCaseContext
from services.scheduling.errors import NOT_SUBMITTED, ApplicationIsWithdrawn, NotYourOffice
from services.scheduling.http import VISITOR_OR_STAFF, actor_of, use_case
from services.scheduling.offices.errors import (
    PoolNotOpen,
    ProductNotOffered,
    SessionClosed,
    SessionNotFound,
    SessionSoldOut,
)
from services.scheduling.openings.errors import NotOpenYet, NotYourTurn, TicketNeeded, TurnMissed
from services.scheduling.terms import Pool
from shared.assistance import ASSISTANCE_REFUSALS
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import ROLES, Endpoints, RateLimit
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
    location="/v1/appointments/{appointment_id}",
    refusals=(
        *ASSISTANCE_REFUSALS,
        *NOT_SUBMITTED,
        NotFound,
        ApplicationIsWithdrawn,
        PersonHasAppointment,
        PoolNotOpen,
        ProductNotOffered,
        PriorityNeedMissing,
        NotInPriorityGroup,
        NotOpenYet,
        TicketNeeded,
        NotYourTurn,
        TurnMissed,
        SessionSoldOut,
        SessionClosed,
        SessionNotFound,
        NotYourOffice,
        SameDayChoiceMissing,
        SameDayIsToday,
        SameDayTooLate,
        TooManyHolds,
        TooManySeatsGivenUp,
        TooManyPeopleOnDevice,
        SomeoneElseChangedIt,
    ),
)
async def hold_seat(call: Call[HoldSeat, AssistedQuery]) -> AppointmentView:
    """The held seat; it lapses at `hold_until` unless its bill is requested before. An officer holds with consent."""
    asked = call.body
    wish = HoldWish(
        asked.application_id,
        asked.session_id,
        asked.pool,
        actor_of(call.caller),
        call.command_id,
        origin_of(call),
        need=asked.priority_need,
    )
    if wish.pool is Pool.SAME_DAY:
        return appointment_view(
            await use_case(call, SameDay).hold(wish, asked.if_unpaid), use_case(call, UseCaseContext)
        )
    if not wish.actor.is_staff:
        return appointment_view(await use_case(call, BookingPath).hold(wish), use_case(call, UseCaseContext))
    await use_case(call, Assisting).refuse_unassisted(call.caller, asked.application_id, call.query.assistance)
    held = await use_case(call, BookingPath).hold_at_counter(wish)
    return appointment_view(held, use_case(call, UseCaseContext), for_staff=True)


@endpoints.get(
    "/v1/appointments",
    summary="List the appointments of an application",
    access=VISITOR_OR_STAFF,
    query=AppointmentsQuery,
    answers={200: AppointmentsView},
    pages_by="appointment_id",
)
async def list_appointments(call: Call[None, AppointmentsQuery]) -> AppointmentsView:
    """Those that the caller may see, the newest first."""
    actor = actor_of(call.caller)
    found = await use_case(call, Holds).find_by_application(call.query.application_id, actor)
    return AppointmentsView(
        appointments=[
            appointment_view(record, use_case(call, UseCaseContext), for_staff=actor.is_staff) for record in found
        ]
    )


@endpoints.get(
    "/v1/appointments/{appointment_id}",
    summary="Read an appointment",
    access=VISITOR_OR_STAFF,
    answers={200: AppointmentView},
    refusals=(NotFound, NotYourOffice),
    watches="appointment",
)
async def read_appointment(call: Call) -> AppointmentView:
    """Where the appointment stands and what comes next."""
    actor = actor_of(call.caller)
    record = await use_case(call, Holds).get(call.path["appointment_id"], actor)
    return appointment_view(record, use_case(call, UseCaseContext), for_staff=actor.is_staff)


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
        SessionNotFound,
        NotOpenYet,
        TicketNeeded,
        NotYourTurn,
        TurnMissed,
        SessionSoldOut,
        SessionClosed,
        PoolNotOpen,
        ProductNotOffered,
        TooLateToMove,
        NoMovesLeft,
        SameSession,
        TooFarToMove,
        BeingMoved,
        NotPossibleNow,
        TooManyMoves,
        SomeoneElseChangedIt,
    ),
)
async def reschedule(call: Call[MoveVisit]) -> AppointmentView:
    """The visit at its new time; the old queue code is void from now on."""
    wish = MoveWish(
        call.path["appointment_id"], call.body.session_id, actor_of(call.caller), call.command_id, origin_of(call)
    )
    return appointment_view(await use_case(call, Moves).reschedule(wish), use_case(call, UseCaseContext))


@endpoints.post(
    "/v1/appointments/{appointment_id}/cancellation",
    summary="Give a seat up",
    access=ROLES(Role.APPLICANT),
    query=CancelQuery,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(NotFound, FeeWouldBeLost, BeingMoved, NotPossibleNow, SomeoneElseChangedIt),
)
async def cancel(call: Call[None, CancelQuery]) -> AppointmentView:
    """The appointment, released. An offered seat is declined by it."""
    record = await use_case(call, Holds).cancel(
        call.path["appointment_id"],
        actor_of(call.caller),
        call.command_id,
        fee_is_lost=call.query.confirmed_not_refundable,
        origin=origin_of(call),
    )
    return appointment_view(record, use_case(call, UseCaseContext))


@endpoints.post(
    "/v1/appointments/{appointment_id}/offer-acceptance",
    summary="Take an offered seat",
    access=ROLES(Role.APPLICANT),
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(NotFound, OfferOver, NotPossibleNow, BeingMoved, SomeoneElseChangedIt),
)
async def accept_offer(call: Call) -> AppointmentView:
    """The confirmed visit."""
    record = await use_case(call, Payments).accept_offer(
        call.path["appointment_id"], actor_of(call.caller), call.command_id
    )
    return appointment_view(record, use_case(call, UseCaseContext))


@endpoints.post(
    "/v1/appointments/{appointment_id}/offer-refusal",
    summary="Decline an offered seat",
    access=ROLES(Role.APPLICANT),
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(NotFound, NotPossibleNow, BeingMoved, SomeoneElseChangedIt),
)
async def decline_offer(call: Call) -> AppointmentView:
    """The ended offer; the money goes back."""
    record = await use_case(call, Payments).decline_offer(
        call.path["appointment_id"], actor_of(call.caller), call.command_id
    )
    return appointment_view(record, use_case(call, UseCaseContext))
