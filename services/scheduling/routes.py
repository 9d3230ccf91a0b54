"""HTTP to use case and back."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from services.scheduling import errors
from services.scheduling.domain.sessions import SessionPlan
from services.scheduling.schemas import (
    AppointmentsQuery,
    AppointmentsView,
    AppointmentView,
    CancelQuery,
    CheckIn,
    HoldSeat,
    MoveVisit,
    OfficeSearch,
    OfficesView,
    OfficeView,
    OpenSession,
    PublicKeysView,
    PublicKeyView,
    SessionSearch,
    SessionsView,
    SessionView,
)
from services.scheduling.service import Scheduling
from services.scheduling.service.calendar import OpenWish
from services.scheduling.service.desk import Who
from services.scheduling.service.holds import HoldWish
from services.scheduling.service.moves import MoveWish
from services.scheduling.service.visits import Visitor
from services.scheduling.views import appointment_view, office_view, session_view
from shared.errors import NotFound, NotKnownYet, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import ANY_CALLER, PUBLIC, ROLES, STAFF, Endpoints, RateLimit
from shared.tokens import Caller, Role

SCHEDULING: Final = web.AppKey("scheduling", Scheduling)

offices = Endpoints("offices")
seats = Endpoints("appointments")
counter = Endpoints("counter")

HOLDS_A_MINUTE: Final = RateLimit(count=30, per_seconds=60.0)
"""Holds one caller may ask for: a family of five with some second thoughts stays below it, a robot does not."""

_HOLDERS: Final = ROLES(Role.APPLICANT, Role.FRONT_OFFICER, Role.OFFICE_ADMIN)


def _who(caller: Caller) -> Who:
    return Who(caller.account_id, caller.office_id, is_staff=caller.role is not Role.APPLICANT)


def _service(call: Call[Any, Any, Any]) -> Scheduling:
    return call.app[SCHEDULING]


@offices.get(
    "/v1/offices",
    summary="List offices",
    access=PUBLIC,
    query=OfficeSearch,
    answers={200: OfficesView},
)
async def list_offices(call: Call[None, OfficeSearch]) -> OfficesView:
    """Offices that fit, by name, one page at a time."""
    asked = call.query
    found = _service(call).calendar.search(province=asked.province, timezone=asked.timezone, text=asked.q)
    rest = [office for office in found if asked.after is None or office.name > asked.after]
    page = rest[: asked.limit]
    return OfficesView(
        offices=[office_view(office) for office in page], next=page[-1].name if len(rest) > len(page) else None
    )


@offices.get(
    "/v1/offices/{office_id}",
    summary="Read one office",
    access=PUBLIC,
    answers={200: OfficeView},
    refusals=(errors.OfficeNotFound,),
)
async def read_office(call: Call) -> OfficeView:
    """The office."""
    return office_view(_service(call).desk.offices[call.path["office_id"]])


@offices.get(
    "/v1/offices/{office_id}/sessions",
    summary="List an office's sessions with free seats",
    access=PUBLIC,
    query=SessionSearch,
    answers={200: SessionsView},
    refusals=(errors.OfficeNotFound,),
)
async def list_sessions(call: Call[None, SessionSearch]) -> SessionsView:
    """Sessions that can still be booked, with free seats by pool."""
    found = await _service(call).calendar.listing(call.path["office_id"], call.query.first, call.query.last)
    return SessionsView(sessions=[session_view(each) for each in found])


@offices.post(
    "/v1/offices/{office_id}/sessions",
    summary="Open a session",
    access=STAFF(Role.OFFICE_ADMIN),
    body=OpenSession,
    idempotent=True,
    answers={201: SessionView},
    refusals=(
        errors.OfficeNotFound,
        errors.NotYourOffice,
        errors.QuotaAboveCapacity,
        errors.SessionPlanWrong,
        errors.SessionExists,
    ),
)
async def open_session(call: Call[OpenSession]) -> SessionView:
    """The opened session, all of its seats free."""
    asked = call.body
    plan = SessionPlan(
        start=asked.start_time,
        end=asked.end_time,
        booths=asked.booths,
        service_minutes=asked.service_minutes,
        staff=asked.staff,
        pools=asked.pools.by_pool(),
    )
    wish = OpenWish(call.path["office_id"], asked.date, plan, _who(call.caller), call.command_id)
    return session_view(await _service(call).calendar.open(wish))


@seats.post(
    "/v1/appointments",
    summary="Hold a seat",
    access=_HOLDERS,
    body=HoldSeat,
    idempotent=True,
    rate=HOLDS_A_MINUTE,
    answers={201: AppointmentView},
    refusals=(
        NotKnownYet,
        NotFound,
        errors.ApplicationIsWithdrawn,
        errors.PersonHasAppointment,
        errors.PoolNotOpen,
        errors.SessionSoldOut,
        errors.SessionClosed,
        errors.SessionNotFound,
        errors.NotYourOffice,
        SomeoneElseChangedIt,
    ),
)
async def hold_seat(call: Call[HoldSeat]) -> AppointmentView:
    """The held seat; it lapses at `hold_until` unless its bill is requested before."""
    asked, service = call.body, _service(call)
    wish = HoldWish(asked.application_id, asked.session_id, asked.pool, _who(call.caller), call.command_id)
    return appointment_view(await service.holds.hold(wish), service.desk)


@seats.get(
    "/v1/appointments",
    summary="List the appointments of an application",
    access=ANY_CALLER,
    query=AppointmentsQuery,
    answers={200: AppointmentsView},
)
async def list_appointments(call: Call[None, AppointmentsQuery]) -> AppointmentsView:
    """Those that the caller may see, the newest first."""
    service = _service(call)
    found = await service.holds.of_application(call.query.application_id, _who(call.caller))
    return AppointmentsView(appointments=[appointment_view(record, service.desk) for record in found])


@seats.get(
    "/v1/appointments/{appointment_id}",
    summary="Read an appointment",
    access=ANY_CALLER,
    answers={200: AppointmentView},
    refusals=(NotFound, errors.NotYourOffice),
)
async def read_appointment(call: Call) -> AppointmentView:
    """Where the appointment stands and what comes next."""
    service = _service(call)
    return appointment_view(await service.holds.get(call.path["appointment_id"], _who(call.caller)), service.desk)


@seats.post(
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
        errors.SessionSoldOut,
        errors.SessionClosed,
        errors.PoolNotOpen,
        errors.TooLateToMove,
        errors.NoMovesLeft,
        errors.SameSession,
        errors.TooFarToMove,
        errors.BeingMoved,
        errors.NotPossibleNow,
        SomeoneElseChangedIt,
    ),
)
async def reschedule(call: Call[MoveVisit]) -> AppointmentView:
    """The visit at its new time; the old queue code is void from now on."""
    service = _service(call)
    wish = MoveWish(call.path["appointment_id"], call.body.session_id, _who(call.caller), call.command_id)
    return appointment_view(await service.moves.reschedule(wish), service.desk)


@seats.post(
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
    service = _service(call)
    record = await service.holds.cancel(
        call.path["appointment_id"],
        _who(call.caller),
        call.command_id,
        fee_is_lost=call.query.confirmed_not_refundable,
    )
    return appointment_view(record, service.desk)


@seats.post(
    "/v1/appointments/{appointment_id}/offer-acceptance",
    summary="Take an offered seat",
    access=ROLES(Role.APPLICANT),
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(NotFound, errors.OfferOver, errors.NotPossibleNow, errors.BeingMoved, SomeoneElseChangedIt),
)
async def accept_offer(call: Call) -> AppointmentView:
    """The confirmed visit."""
    service = _service(call)
    record = await service.payments.accept_offer(call.path["appointment_id"], _who(call.caller), call.command_id)
    return appointment_view(record, service.desk)


@seats.post(
    "/v1/appointments/{appointment_id}/offer-refusal",
    summary="Decline an offered seat",
    access=ROLES(Role.APPLICANT),
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(NotFound, errors.NotPossibleNow, errors.BeingMoved, SomeoneElseChangedIt),
)
async def decline_offer(call: Call) -> AppointmentView:
    """The ended offer; the money goes back."""
    service = _service(call)
    record = await service.payments.decline_offer(call.path["appointment_id"], _who(call.caller), call.command_id)
    return appointment_view(record, service.desk)


@counter.post(
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
    asked, service = call.body, _service(call)
    visitor = Visitor(asked.queue_code, asked.appointment_id, asked.application_id, asked.person_id)
    return appointment_view(await service.visits.check_in(visitor, _who(call.caller), call.command_id), service.desk)


@counter.get(
    "/v1/queue-code-keys",
    summary="Keys that queue codes are checked with",
    access=PUBLIC,
    answers={200: PublicKeysView},
)
async def queue_code_keys(call: Call) -> PublicKeysView:
    """Public keys: with them a queue code can be checked without any network."""
    keys = _service(call).desk.codes.published()
    return PublicKeysView(
        keys=[PublicKeyView(key_id=key_id, algorithm="Ed25519", public_key=key) for key_id, key in keys]
    )


ENDPOINTS: Final = (*offices.all, *seats.all, *counter.all)
