"""The waiting list: HTTP to use case and back."""

from __future__ import annotations

from typing import Any, Final

from services.scheduling.booking.abuse.http import origin_of
from services.scheduling.booking.appointments.errors import BeingMoved, PersonHasAppointment
from services.scheduling.booking.appointments.schemas import AppointmentView
from services.scheduling.booking.appointments.views import appointment_view
from services.scheduling.booking.waiting_list.entry import Waiting
from services.scheduling.booking.waiting_list.errors import (
    AlreadyWaiting,
    NoSeatOffered,
    WaitingOfferOver,
    WaitingWishWrong,
)
from services.scheduling.booking.waiting_list.schemas import EnterWaitingList, WaitingEntriesView, WaitingView
from services.scheduling.booking.waiting_list.service import WaitingList, WaitingWish
from services.scheduling.booking.waiting_list.views import waiting_view
from services.scheduling.context import UseCaseContext
from services.scheduling.errors import NOT_SUBMITTED, ApplicationIsWithdrawn, OfficeNotFound
from services.scheduling.http import actor_of, use_case
from services.scheduling.offices.errors import PoolNotOpen, ProductNotOffered
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit
from shared.store.kinds import Record

endpoints: Final = Endpoints("waiting list")

ENTRIES_A_MINUTE: Final = RateLimit(count=30, per_seconds=60.0)


@endpoints.post(
    "/v1/waiting-list",
    summary="Enter the waiting list",
    access=APPLICANT,
    body=EnterWaitingList,
    idempotent=True,
    rate=ENTRIES_A_MINUTE,
    answers={201: WaitingView},
    location="/v1/waiting-list/{waiting_id}",
    refusals=(
        *NOT_SUBMITTED,
        NotFound,
        ApplicationIsWithdrawn,
        PersonHasAppointment,
        AlreadyWaiting,
        PoolNotOpen,
        ProductNotOffered,
        OfficeNotFound,
        WaitingWishWrong,
        SomeoneElseChangedIt,
    ),
)
async def enter_waiting_list(call: Call[EnterWaitingList]) -> WaitingView:
    """The entry, at the end of the line of each office. A person waits once."""
    asked = call.body
    wish = WaitingWish(
        asked.application_id,
        tuple(asked.office_ids),
        asked.first,
        asked.last,
        asked.pool,
        actor_of(call.caller),
        call.command_id,
    )
    return await _shown(call, await use_case(call, WaitingList).enter(wish))


@endpoints.get(
    "/v1/waiting-list",
    summary="List one's own entries of the waiting list",
    access=APPLICANT,
    answers={200: WaitingEntriesView},
    pages_by="waiting_id",
)
async def list_waiting(call: Call) -> WaitingEntriesView:
    """The caller's entries, the newest first."""
    found = await use_case(call, WaitingList).find_by_account(actor_of(call.caller))
    return WaitingEntriesView(entries=[await _shown(call, record) for record in found])


@endpoints.get(
    "/v1/waiting-list/{waiting_id}",
    summary="Read an entry of the waiting list",
    access=APPLICANT,
    answers={200: WaitingView},
    refusals=(NotFound,),
)
async def read_waiting(call: Call) -> WaitingView:
    """Where the entry stands in line, or what is offered to it."""
    return await _shown(call, await use_case(call, WaitingList).get(call.path["waiting_id"], actor_of(call.caller)))


@endpoints.delete(
    "/v1/waiting-list/{waiting_id}",
    summary="Leave the waiting list",
    access=APPLICANT,
    answers={200: WaitingView},
    refusals=(NotFound, BeingMoved, SomeoneElseChangedIt),
)
async def leave_waiting_list(call: Call) -> WaitingView:
    """The entry, left; a seat that was kept for it goes to the next."""
    return await _shown(call, await use_case(call, WaitingList).leave(call.path["waiting_id"], actor_of(call.caller)))


@endpoints.post(
    "/v1/waiting-list/{waiting_id}/acceptance",
    summary="Take the seat that the waiting list offers",
    access=APPLICANT,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        *NOT_SUBMITTED,
        NotFound,
        NoSeatOffered,
        ProductNotOffered,
        WaitingOfferOver,
        ApplicationIsWithdrawn,
        PersonHasAppointment,
        SomeoneElseChangedIt,
    ),
)
async def accept_waiting_offer(call: Call) -> AppointmentView:
    """The held seat; from here on it is an appointment like any other."""
    held = await use_case(call, WaitingList).accept(
        call.path["waiting_id"], actor_of(call.caller), call.command_id, origin_of(call)
    )
    return appointment_view(held, use_case(call, UseCaseContext))


@endpoints.post(
    "/v1/waiting-list/{waiting_id}/refusal",
    summary="Decline the seat that the waiting list offers",
    access=APPLICANT,
    idempotent=True,
    answers={200: WaitingView},
    refusals=(NotFound, NoSeatOffered, SomeoneElseChangedIt),
)
async def decline_waiting_offer(call: Call) -> WaitingView:
    """The entry, at the end of the line; after its last unused offer it is over."""
    waiting_list = use_case(call, WaitingList)
    return await _shown(
        call, await waiting_list.decline(call.path["waiting_id"], actor_of(call.caller), call.command_id)
    )


async def _shown(call: Call[Any, Any, Any], record: Record[Waiting]) -> WaitingView:
    return waiting_view(record, await use_case(call, WaitingList).ahead(record), use_case(call, UseCaseContext))
