"""Families that book together: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling import errors
from services.scheduling.booking.parties.schemas import BookParty, PartyView
from services.scheduling.booking.parties.service import PartyWish
from services.scheduling.booking.waiting_list.views import party_view
from services.scheduling.http import origin_of, scheduling_of, who_of
from shared.errors import NotFound, NotKnownYet, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit

endpoints: Final = Endpoints("parties")

PARTIES_A_MINUTE: Final = RateLimit(count=10, per_seconds=60.0)


@endpoints.post(
    "/v1/parties",
    summary="Hold seats for a family, all or none",
    access=APPLICANT,
    body=BookParty,
    idempotent=True,
    rate=PARTIES_A_MINUTE,
    answers={201: PartyView},
    refusals=(
        NotKnownYet,
        NotFound,
        errors.ApplicationIsWithdrawn,
        errors.PersonHasAppointment,
        errors.SamePersonTwice,
        errors.PoolNotOpen,
        errors.ProductNotOffered,
        errors.NotOpenYet,
        errors.TicketNeeded,
        errors.NotYourTurn,
        errors.TurnMissed,
        errors.SessionSoldOut,
        errors.SessionClosed,
        errors.SessionNotFound,
        errors.PartyBroken,
        errors.TooManyHolds,
        errors.TooManySeatsGivenUp,
        errors.TooManyPeopleOnDevice,
        SomeoneElseChangedIt,
    ),
)
async def book_party(call: Call[BookParty]) -> PartyView:
    """Everybody's held seat. Where one of them cannot have a seat, nobody gets one."""
    asked, service = call.body, scheduling_of(call)
    wish = PartyWish(
        tuple(asked.application_ids),
        asked.session_id,
        asked.pool,
        who_of(call.caller),
        call.command_id,
        origin_of(call),
    )
    return party_view(await service.parties.book(wish), service.desk)


@endpoints.get(
    "/v1/parties/{party_id}",
    summary="Read a family booking",
    access=APPLICANT,
    answers={200: PartyView},
    refusals=(NotFound,),
)
async def read_party(call: Call) -> PartyView:
    """The family's appointments as they stand now."""
    service = scheduling_of(call)
    return party_view(await service.parties.get(call.path["party_id"], who_of(call.caller)), service.desk)
