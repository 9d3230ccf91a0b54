"""Families that book together: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.abuse.errors import TooManyHolds, TooManyPeopleOnDevice, TooManySeatsGivenUp
from services.scheduling.booking.abuse.http import origin_of
from services.scheduling.booking.appointments.errors import PersonHasAppointment
from services.scheduling.booking.parties.errors import PartyBroken, SamePersonTwice
from services.scheduling.booking.parties.schemas import BookParty, PartyView
from services.scheduling.booking.parties.service import Parties, PartyWish
from services.scheduling.booking.parties.views import party_view
from services.scheduling.context import UseCaseContext
from services.scheduling.errors import NOT_SUBMITTED, ApplicationIsWithdrawn
from services.scheduling.http import actor_of, use_case
from services.scheduling.offices.errors import (
    PoolNotOpen,
    ProductNotOffered,
    SessionClosed,
    SessionNotFound,
    SessionSoldOut,
)
from services.scheduling.openings.errors import NotOpenYet, NotYourTurn, TicketNeeded, TurnMissed
from shared.errors import NotFound, SomeoneElseChangedIt
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
    location="/v1/parties/{party_id}",
    refusals=(
        *NOT_SUBMITTED,
        NotFound,
        ApplicationIsWithdrawn,
        PersonHasAppointment,
        SamePersonTwice,
        PoolNotOpen,
        ProductNotOffered,
        NotOpenYet,
        TicketNeeded,
        NotYourTurn,
        TurnMissed,
        SessionSoldOut,
        SessionClosed,
        SessionNotFound,
        PartyBroken,
        TooManyHolds,
        TooManySeatsGivenUp,
        TooManyPeopleOnDevice,
        SomeoneElseChangedIt,
    ),
)
async def book_party(call: Call[BookParty]) -> PartyView:
    """The held seat of every member. Where one of them cannot have a seat, none gets one."""
    asked = call.body
    wish = PartyWish(
        tuple(asked.application_ids),
        asked.session_id,
        asked.pool,
        actor_of(call.caller),
        call.command_id,
        origin_of(call),
    )
    return party_view(await use_case(call, Parties).book(wish), use_case(call, UseCaseContext))


@endpoints.get(
    "/v1/parties/{party_id}",
    summary="Read a family booking",
    access=APPLICANT,
    answers={200: PartyView},
    refusals=(NotFound,),
)
async def read_party(call: Call) -> PartyView:
    """The family's appointments as they stand now."""
    return party_view(
        await use_case(call, Parties).get(call.path["party_id"], actor_of(call.caller)), use_case(call, UseCaseContext)
    )
