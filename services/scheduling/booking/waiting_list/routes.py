"""The waiting list: HTTP to use case and back."""

from __future__ import annotations

from typing import Any, Final

from services.scheduling import errors
from services.scheduling.booking.appointments.schemas import AppointmentView
from services.scheduling.booking.appointments.views import appointment_view
from services.scheduling.booking.waiting_list.entry import Waiting
from services.scheduling.booking.waiting_list.schemas import EnterWaitingList, WaitingEntriesView, WaitingView
from services.scheduling.booking.waiting_list.service import WaitingWish
from services.scheduling.booking.waiting_list.views import waiting_view
from services.scheduling.http import origin_of, scheduling_of, who_of
from shared.errors import NotFound, NotKnownYet, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit
from shared.store.kinds import Record

endpoints: Final = Endpoints("waiting-list")

ENTRIES_A_MINUTE: Final = RateLimit(count=30, per_seconds=60.0)


@endpoints.post(
    "/v1/waiting-list",
    summary="Enter the waiting list",
    access=APPLICANT,
    body=EnterWaitingList,
    idempotent=True,
    rate=ENTRIES_A_MINUTE,
    answers={201: WaitingView},
    refusals=(
        NotKnownYet,
        NotFound,
        errors.ApplicationIsWithdrawn,
        errors.PersonHasAppointment,
        errors.AlreadyWaiting,
        errors.PoolNotOpen,
        errors.ProductNotOffered,
        errors.OfficeNotFound,
        errors.WaitingWishWrong,
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
        who_of(call.caller),
        call.command_id,
    )
    return await _shown(call, await scheduling_of(call).waiting_list.enter(wish))


@endpoints.get(
    "/v1/waiting-list",
    summary="List one's own entries of the waiting list",
    access=APPLICANT,
    answers={200: WaitingEntriesView},
)
async def list_waiting(call: Call) -> WaitingEntriesView:
    """The caller's entries, the newest first."""
    found = await scheduling_of(call).waiting_list.of_account(who_of(call.caller))
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
    return await _shown(call, await scheduling_of(call).waiting_list.get(call.path["waiting_id"], who_of(call.caller)))


@endpoints.delete(
    "/v1/waiting-list/{waiting_id}",
    summary="Leave the waiting list",
    access=APPLICANT,
    answers={200: WaitingView},
    refusals=(NotFound, errors.BeingMoved, SomeoneElseChangedIt),
)
async def leave_waiting_list(call: Call) -> WaitingView:
    """The entry, left; a seat that was kept for it goes to the next."""
    return await _shown(
        call, await scheduling_of(call).waiting_list.leave(call.path["waiting_id"], who_of(call.caller))
    )


@endpoints.post(
    "/v1/waiting-list/{waiting_id}/acceptance",
    summary="Take the seat that the waiting list offers",
    access=APPLICANT,
    idempotent=True,
    answers={200: AppointmentView},
    refusals=(
        NotKnownYet,
        NotFound,
        errors.NoSeatOffered,
        errors.ProductNotOffered,
        errors.WaitingOfferOver,
        errors.ApplicationIsWithdrawn,
        errors.PersonHasAppointment,
        SomeoneElseChangedIt,
    ),
)
async def accept_waiting_offer(call: Call) -> AppointmentView:
    """The held seat; from here on it is an appointment like any other."""
    service = scheduling_of(call)
    held = await service.waiting_list.accept(
        call.path["waiting_id"], who_of(call.caller), call.command_id, origin_of(call)
    )
    return appointment_view(held, service.desk)


@endpoints.post(
    "/v1/waiting-list/{waiting_id}/refusal",
    summary="Decline the seat that the waiting list offers",
    access=APPLICANT,
    idempotent=True,
    answers={200: WaitingView},
    refusals=(NotFound, errors.NoSeatOffered, SomeoneElseChangedIt),
)
async def decline_waiting_offer(call: Call) -> WaitingView:
    """The entry, at the end of the line; after its last unused offer it is over."""
    waiting_list = scheduling_of(call).waiting_list
    return await _shown(call, await waiting_list.decline(call.path["waiting_id"], who_of(call.caller), call.command_id))


async def _shown(call: Call[Any, Any, Any], record: Record[Waiting]) -> WaitingView:
    service = scheduling_of(call)
    return waiting_view(record, await service.waiting_list.ahead(record), service.desk)
