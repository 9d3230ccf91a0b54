"""Openings and the waiting room in front of them: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.errors import NOT_SUBMITTED, ApplicationIsWithdrawn, NotYourOffice, OfficeNotFound
from services.scheduling.http import actor_of, use_case
from services.scheduling.offices.errors import SessionNotFound
from services.scheduling.openings.announcing import Openings, OpeningWish
from services.scheduling.openings.errors import (
    DoorsNotOpen,
    OpeningHasBegun,
    OpeningIsOver,
    OpeningNotFound,
    OpeningPlanWrong,
    PersonHasTicket,
    SessionHasOpening,
)
from services.scheduling.openings.opening import OpeningPlan
from services.scheduling.openings.schemas import (
    AnnounceOpening,
    OpeningRecordView,
    OpeningSearch,
    OpeningsView,
    OpeningView,
    TakeTicket,
    TicketEventView,
    TicketView,
)
from services.scheduling.openings.views import opening_view, ticket_event_view, ticket_view
from services.scheduling.openings.waiting_room import PlaceInLine, WaitingRoom
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import EVENT_STREAM, Answer, Call
from shared.http.endpoint import APPLICANT, PUBLIC, STAFF, Endpoints, RateLimit
from shared.http.events_stream import event_stream
from shared.tokens import Role

endpoints: Final = Endpoints("openings")

TICKETS_A_MINUTE: Final = RateLimit(count=10, per_seconds=60.0)
"""Tickets one account may ask for: one for each of a family of five, and each once more."""

LOOKS_A_MINUTE: Final = RateLimit(count=40, per_seconds=60.0)
"""Reads of tickets by one account; `next_look_at` asks for far fewer."""

RECORDS_A_MINUTE: Final = RateLimit(count=12, per_seconds=60.0, per="address")
"""A record may weigh megabytes."""


@endpoints.post(
    "/v1/openings",
    summary="Announce an opening",
    access=STAFF(Role.OFFICE_ADMIN),
    body=AnnounceOpening,
    idempotent=True,
    answers={201: OpeningView},
    location="/v1/openings/{opening_id}",
    refusals=(
        NotYourOffice,
        OpeningPlanWrong,
        SessionNotFound,
        SessionHasOpening,
    ),
)
async def announce_opening(call: Call[AnnounceOpening]) -> OpeningView:
    """The announced opening; its seed is chosen, and committed to by its hash."""
    asked, actor = call.body, actor_of(call.caller)
    plan = OpeningPlan(
        office_id=actor.office_id or "",
        session_ids=tuple(dict.fromkeys(asked.session_ids)),
        doors_at=asked.doors_at,
        tickets_close_at=asked.tickets_close_at,
        opens_at=asked.opens_at,
    )
    return opening_view(await use_case(call, Openings).announce(OpeningWish(plan, actor, call.command_id)))


@endpoints.get(
    "/v1/openings",
    summary="List an office's openings",
    access=PUBLIC,
    query=OpeningSearch,
    answers={200: OpeningsView},
    pages_by="opening_id",
    refusals=(OfficeNotFound,),
)
async def list_openings(call: Call[None, OpeningSearch]) -> OpeningsView:
    """Past, running and announced openings, the newest first."""
    found = await use_case(call, Openings).find_by_office(call.query.office_id)
    return OpeningsView(openings=[opening_view(record) for record in found])


@endpoints.get(
    "/v1/openings/{opening_id}",
    summary="Read an opening",
    access=PUBLIC,
    answers={200: OpeningView},
    refusals=(OpeningNotFound,),
)
async def read_opening(call: Call) -> OpeningView:
    """The opening and how far its line has come."""
    return opening_view(await use_case(call, Openings).get(call.path["opening_id"]))


@endpoints.post(
    "/v1/openings/{opening_id}/calling-off",
    summary="Call an opening off",
    access=STAFF(Role.OFFICE_ADMIN),
    idempotent=True,
    answers={200: OpeningView},
    refusals=(OpeningNotFound, NotYourOffice, OpeningHasBegun, SomeoneElseChangedIt),
)
async def call_opening_off(call: Call) -> OpeningView:
    """The opening that will not be; possible until its doors open."""
    return opening_view(await use_case(call, Openings).call_off(call.path["opening_id"], actor_of(call.caller)))


@endpoints.get(
    "/v1/openings/{opening_id}/record",
    summary="Export an opening for checking the draw",
    access=PUBLIC,
    rate=RECORDS_A_MINUTE,
    answers={200: OpeningRecordView},
    refusals=(OpeningNotFound,),
)
async def opening_record(call: Call) -> OpeningRecordView:
    """Announcement, commitment, root, list, seed and order, as far as they are public by now."""
    made = await use_case(call, Openings).record(call.path["opening_id"])
    return OpeningRecordView.model_construct(**made)


@endpoints.post(
    "/v1/openings/{opening_id}/tickets",
    summary="Take a ticket of an opening",
    access=APPLICANT,
    body=TakeTicket,
    idempotent=True,
    cache_answer=False,
    rate=TICKETS_A_MINUTE,
    answers={201: TicketView},
    location="/v1/openings/{opening_id}/tickets/{ticket_id}",
    refusals=(
        OpeningNotFound,
        *NOT_SUBMITTED,
        NotFound,
        ApplicationIsWithdrawn,
        DoorsNotOpen,
        OpeningIsOver,
        PersonHasTicket,
        SomeoneElseChangedIt,
    ),
)
async def take_ticket(call: Call[TakeTicket]) -> Answer:
    """A place in the draw, or behind it for those who come later. Asking again gives the same place."""
    room = use_case(call, WaitingRoom)
    place = await room.take_ticket(call.path["opening_id"], call.body.application_id, actor_of(call.caller))
    return _told(place, 201)


@endpoints.get(
    "/v1/openings/{opening_id}/tickets/{ticket_id}",
    summary="Look at a ticket",
    access=APPLICANT,
    rate=LOOKS_A_MINUTE,
    answers={200: TicketView},
    refusals=(OpeningNotFound, NotFound),
)
async def read_ticket(call: Call) -> Answer:
    """The place in line, when it will be reached, and when to look again (`Retry-After` says the same)."""
    return _told(await _find_place(call), 200)


@endpoints.get(
    "/v1/openings/{opening_id}/tickets/{ticket_id}/events",
    summary="Follow a ticket",
    access=APPLICANT,
    rate=LOOKS_A_MINUTE,
    long_lived=True,
    answers={200: EVENT_STREAM},
    event=TicketEventView,
    refusals=(OpeningNotFound, NotFound),
)
async def follow_ticket(call: Call) -> Answer:
    """The place in line, sent whenever it changes. The stream keeps nothing: a reconnect finds the same place."""

    async def read_event() -> TicketEventView:
        return ticket_event_view(await _find_place(call))

    key = ("opening_ticket", call.path["ticket_id"], call.caller.account_id)
    return await event_stream(call, use_case(call, WaitingRoom).watching, key, read_event, event="ticket")


async def _find_place(call: Call) -> PlaceInLine:
    room = use_case(call, WaitingRoom)
    return await room.find_place(call.path["opening_id"], call.path["ticket_id"], actor_of(call.caller))


def _told(place: PlaceInLine, status: int) -> Answer:
    return Answer(status, ticket_view(place), headers={"Retry-After": str(place.retry_after_seconds)})
