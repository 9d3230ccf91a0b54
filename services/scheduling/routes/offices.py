"""Offices and their sessions: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling import errors
from services.scheduling.domain.sessions import SessionPlan
from services.scheduling.routes.common import scheduling_of, who_of
from services.scheduling.schemas.offices import (
    OfficeSearch,
    OfficesView,
    OfficeView,
    OpenSession,
    SessionSearch,
    SessionsView,
    SessionView,
)
from services.scheduling.service.calendar import OpenWish
from services.scheduling.views import office_view, session_view
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, STAFF, Endpoints
from shared.tokens import Role

endpoints: Final = Endpoints("offices")


@endpoints.get(
    "/v1/offices",
    summary="List offices",
    access=PUBLIC,
    query=OfficeSearch,
    answers={200: OfficesView},
)
async def list_offices(call: Call[None, OfficeSearch]) -> OfficesView:
    """Offices that fit, by name, one page at a time."""
    asked = call.query
    found = scheduling_of(call).calendar.search(province=asked.province, timezone=asked.timezone, text=asked.q)
    rest = [office for office in found if asked.after is None or office.name > asked.after]
    page = rest[: asked.limit]
    return OfficesView(
        offices=[office_view(office) for office in page], next=page[-1].name if len(rest) > len(page) else None
    )


@endpoints.get(
    "/v1/offices/{office_id}",
    summary="Read one office",
    access=PUBLIC,
    answers={200: OfficeView},
    refusals=(errors.OfficeNotFound,),
)
async def read_office(call: Call) -> OfficeView:
    """The office."""
    return office_view(scheduling_of(call).desk.offices[call.path["office_id"]])


@endpoints.get(
    "/v1/offices/{office_id}/sessions",
    summary="List an office's sessions with free seats",
    access=PUBLIC,
    query=SessionSearch,
    answers={200: SessionsView},
    refusals=(errors.OfficeNotFound,),
)
async def list_sessions(call: Call[None, SessionSearch]) -> SessionsView:
    """Sessions that can still be booked, with free seats by pool."""
    found = await scheduling_of(call).calendar.listing(call.path["office_id"], call.query.first, call.query.last)
    return SessionsView(sessions=[session_view(each) for each in found])


@endpoints.post(
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
    wish = OpenWish(call.path["office_id"], asked.date, plan, who_of(call.caller), call.command_id)
    return session_view(await scheduling_of(call).calendar.open(wish))
