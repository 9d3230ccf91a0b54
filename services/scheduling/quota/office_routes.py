"""Offices and their sessions: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.context import UseCaseContext
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.http import actor_of, use_case
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import QuotaAboveCapacity, SessionExists, SessionPlanWrong
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.schemas import (
    ListedOfficesView,
    OfficeDetailView,
    OfficesQuery,
    SessionSearch,
    SessionsView,
    SessionView,
    place_from,
)
from services.scheduling.offices.session import SessionPlan
from services.scheduling.offices.views import office_detail_view, session_view
from services.scheduling.quota.change import ChangeState
from services.scheduling.quota.errors import ChangeFailed, OutsideOpeningHours
from services.scheduling.quota.office_edits import Edit, NewSession, OfficeEdits
from services.scheduling.quota.public_board import ListedOffice, QuotaBoard
from services.scheduling.quota.schemas import ChangeView, OpenSessionForDay
from services.scheduling.quota.views import change_view, listed_office_view
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Answer, Call
from shared.http.endpoint import PUBLIC, STAFF, Endpoints
from shared.tokens import Role

endpoints: Final = Endpoints("offices")


@endpoints.get(
    "/v1/offices",
    summary="List offices",
    access=PUBLIC,
    query=OfficesQuery,
    answers={200: ListedOfficesView},
)
async def list_offices(call: Call[None, OfficesQuery]) -> ListedOfficesView:
    """Offices that fit, by name or the nearest first, one page at a time. None is hidden for a product it lacks."""
    asked = call.query
    found = use_case(call, BookableSessions).search(province=asked.province, timezone=asked.timezone, text=asked.q)
    near = place_from(asked.near)
    listed = [
        listing
        for listing in use_case(call, QuotaBoard).list_offices(
            found, near=near, product=asked.passport_kind, on=asked.on, around=asked.around
        )
        if asked.kind in (None, listing.facts.kind)
    ]
    rest = _after(listed, asked.after, by_name=near is None and asked.around is None)
    page = rest[: asked.limit]
    return ListedOfficesView(
        offices=[listed_office_view(listing) for listing in page],
        next=page[-1].office.name if len(rest) > len(page) else None,
    )


def _after(listed: list[ListedOffice], name: str | None, *, by_name: bool) -> list[ListedOffice]:
    """Return the offices after the one of that name in the list."""
    if name is None:
        return listed
    if by_name:
        return [listing for listing in listed if listing.office.name > name]
    names = [listing.office.name for listing in listed]
    return listed[names.index(name) + 1 :] if name in names else []


@endpoints.get(
    "/v1/offices/{office_id}",
    summary="Read one office",
    access=PUBLIC,
    answers={200: OfficeDetailView},
    refusals=(OfficeNotFound,),
)
async def read_office(call: Call) -> OfficeDetailView:
    """The office with its facts: hours, products, place, opening rule and next opening."""
    office = use_case(call, UseCaseContext).offices[call.path["office_id"]]
    return office_detail_view(
        office,
        use_case(call, OfficeFactsCache),
        use_case(call, QuotaBoard).next_opening(office),
        use_case(call, UseCaseContext).now(),
    )


@endpoints.get(
    "/v1/offices/{office_id}/sessions",
    summary="List an office's sessions with free seats",
    access=PUBLIC,
    query=SessionSearch,
    answers={200: SessionsView},
    pages_by="session_id",
    refusals=(OfficeNotFound,),
)
async def list_sessions(call: Call[None, SessionSearch]) -> SessionsView:
    """Sessions that can still be booked, with free seats by pool."""
    found = await use_case(call, BookableSessions).list_bookable(
        call.path["office_id"], call.query.first, call.query.last
    )
    return SessionsView(sessions=[session_view(session) for session in found])


@endpoints.post(
    "/v1/offices/{office_id}/sessions",
    summary="Open a session",
    access=STAFF(Role.OFFICE_ADMIN),
    body=OpenSessionForDay,
    idempotent=True,
    answers={201: SessionView, 202: ChangeView},
    location="/v1/sessions/{session_id}",
    refusals=(
        OfficeNotFound,
        NotYourOffice,
        OutsideOpeningHours,
        QuotaAboveCapacity,
        SessionPlanWrong,
        SessionExists,
        ChangeFailed,
        SomeoneElseChangedIt,
    ),
)
async def open_session(call: Call[OpenSessionForDay]) -> SessionView | Answer:
    """The opened session, all of its seats free; 202 where a second administrator must agree first."""
    asked = call.body
    plan = SessionPlan(
        start=asked.start_time,
        end=asked.end_time,
        booths=asked.booths,
        service_minutes=asked.service_minutes,
        staff=asked.staff,
        pools=asked.pools.by_pool(),
    )
    edit = Edit(
        call.path["office_id"], actor_of(call.caller), asked.reason or "", call.command_id, override=asked.override
    )
    change = await use_case(call, OfficeEdits).open_session(edit, NewSession(asked.date, plan, asked.opens_at))
    if change.state.state is not ChangeState.APPLIED:
        return Answer(202, change_view(change))
    _record, opened = await use_case(call, BookableSessions).find_with_free_seats(change.state.subject_id)
    return session_view(opened)
