"""The queue at the counter: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.appointments.holds import Holds
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.http import VISITOR_OR_STAFF, actor_of, use_case
from services.scheduling.visit.counter.queue import CounterCommand, Visitor, on_display
from services.scheduling.visit.counter.queue_errors import (
    EvidenceNeeded,
    NobodyWaits,
    NotPossibleAtCounter,
    NoWalkInSeat,
)
from services.scheduling.visit.counter.queue_schemas import (
    CalledNumber,
    CallNext,
    DisplayView,
    NumberView,
    QueuePlaceView,
    QueueView,
    RegisterWalkIn,
    WalkInView,
)
from services.scheduling.visit.counter.queue_service import CounterQueue, DayQueue, Registration
from shared.audit import OverrideNeedsReason
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.evidence_files import view_evidence_files
from shared.http.call import EVENT_STREAM, Answer, Call
from shared.http.endpoint import PUBLIC, STAFF, Endpoints
from shared.http.events_stream import event_stream
from shared.tokens import Role

endpoints: Final = Endpoints("queue")

_OFFICERS: Final = STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN)
_CALL_REFUSALS: Final = (OfficeNotFound, NotYourOffice, SomeoneElseChangedIt)
_IN_QUEUE: Final = "not_here"


@endpoints.post(
    "/v1/offices/{office_id}/calls",
    summary="Call the next number",
    access=_OFFICERS,
    body=CallNext,
    idempotent=True,
    answers={200: NumberView},
    refusals=(*_CALL_REFUSALS, NobodyWaits),
)
async def call_next(call: Call[CallNext]) -> NumberView:
    """The number that comes next by the fair rule, now on the display."""
    called = await use_case(call, CounterQueue).call_next(
        call.path["office_id"], call.body.booth, actor_of(call.caller), call.command_id
    )
    return _number_view(called, None)


async def _change(call: Call, command: CounterCommand) -> NumberView:
    path = call.path
    changed = await use_case(call, CounterQueue).change(
        path["office_id"], path["visit_id"], command, actor_of(call.caller), call.command_id
    )
    return _number_view(changed, None)


_CHANGE_REFUSALS: Final = (*_CALL_REFUSALS, NotFound, NotPossibleAtCounter)


@endpoints.post(
    "/v1/offices/{office_id}/calls/{visit_id}/recall",
    summary="Call a number again",
    access=_OFFICERS,
    idempotent=True,
    answers={200: NumberView},
    refusals=_CHANGE_REFUSALS,
)
async def recall(call: Call) -> NumberView:
    """The number, called once more."""
    return await _change(call, CounterCommand.RECALL)


@endpoints.post(
    "/v1/offices/{office_id}/calls/{visit_id}/park",
    summary="Let a number wait aside",
    access=_OFFICERS,
    idempotent=True,
    answers={200: NumberView},
    refusals=_CHANGE_REFUSALS,
)
async def park(call: Call) -> NumberView:
    """The number, parked; it keeps its place for when it is resumed."""
    return await _change(call, CounterCommand.PARK)


@endpoints.post(
    "/v1/offices/{office_id}/calls/{visit_id}/resume",
    summary="Put a parked or missed number back in its place",
    access=_OFFICERS,
    idempotent=True,
    answers={200: NumberView},
    refusals=_CHANGE_REFUSALS,
)
async def resume(call: Call) -> NumberView:
    """The number, waiting where it was."""
    return await _change(call, CounterCommand.RESUME)


@endpoints.post(
    "/v1/offices/{office_id}/calls/{visit_id}/missed",
    summary="Pass over a number that does not come",
    access=_OFFICERS,
    idempotent=True,
    answers={200: NumberView},
    refusals=_CHANGE_REFUSALS,
)
async def missed(call: Call) -> NumberView:
    """The number, passed over after it was called twice; it can be resumed."""
    return await _change(call, CounterCommand.MISS)


@endpoints.post(
    "/v1/offices/{office_id}/calls/{visit_id}/served",
    summary="Note that a number was served",
    access=_OFFICERS,
    idempotent=True,
    answers={200: NumberView},
    refusals=_CHANGE_REFUSALS,
)
async def served(call: Call) -> NumberView:
    """The number, done."""
    return await _change(call, CounterCommand.SERVE)


@endpoints.get(
    "/v1/offices/{office_id}/queue",
    summary="Read the queue of today",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.REGIONAL_OFFICER),
    answers={200: QueueView},
    pages_by="visit_id",
    refusals=(OfficeNotFound, NotYourOffice),
)
async def read_queue(call: Call) -> QueueView:
    """Every number of today: waiting ones in the order of their calls, then the others."""
    queue = await use_case(call, CounterQueue).find_own_queue(call.path["office_id"], actor_of(call.caller))
    waits = queue.waits
    last = len(waits)
    visitors = sorted(
        queue.day.visitors.values(),
        key=lambda visitor: (waits[visitor.visit_id].ahead if visitor.visit_id in waits else last, visitor.arrived_at),
    )
    return QueueView(
        office_id=queue.office.office_id,
        date=queue.day.day,
        waiting=queue.wait_now.ahead,
        expected_minutes=queue.wait_now.minutes,
        numbers=[_number_view(visitor, queue) for visitor in visitors],
    )


@endpoints.get(
    "/v1/appointments/{appointment_id}/waiting",
    summary="How long a visitor must expect to wait",
    access=VISITOR_OR_STAFF,
    answers={200: QueuePlaceView},
    refusals=(NotFound, NotYourOffice),
)
async def waiting(call: Call) -> QueuePlaceView:
    """The visitor's place in the queue and the office's present wait."""
    record = await use_case(call, Holds).get(call.path["appointment_id"], actor_of(call.caller))
    queue = await use_case(call, CounterQueue).find_queue(record.state.seat.office_id)
    visitor, wait = queue.day.visitors.get(record.id), queue.waits.get(record.id)
    return QueuePlaceView(
        appointment_id=record.id,
        state=visitor.place.value if visitor else _IN_QUEUE,
        queue_number=visitor.number if visitor else None,
        booth=visitor.booth if visitor else None,
        ahead=wait.ahead if wait else None,
        expected_minutes=wait.minutes if wait else None,
        office_waiting=queue.wait_now.ahead,
        office_expected_minutes=queue.wait_now.minutes,
    )


@endpoints.get(
    "/v1/offices/{office_id}/display",
    summary="Read the call display",
    access=PUBLIC,
    answers={200: DisplayView},
    refusals=(OfficeNotFound,),
)
async def display(call: Call) -> DisplayView:
    """The numbers that are called: no names."""
    return _display_view(await use_case(call, CounterQueue).find_queue(call.path["office_id"]))


@endpoints.get(
    "/v1/offices/{office_id}/display/events",
    summary="Watch the call display",
    access=PUBLIC,
    answers={200: EVENT_STREAM},
    event=DisplayView,
    refusals=(OfficeNotFound,),
    long_lived=True,
)
async def watch_display(call: Call) -> Answer:
    """The display as server-sent events of the type `display`, each time it changes."""
    office_id = call.path["office_id"]

    async def read_display() -> DisplayView:
        return _display_view(await use_case(call, CounterQueue).find_queue(office_id))

    return await event_stream(
        call, use_case(call, CounterQueue).watching, ("display", office_id), read_display, event="display"
    )


@endpoints.post(
    "/v1/offices/{office_id}/walk-ins",
    summary="Receive somebody without a booking",
    access=STAFF(Role.FRONT_OFFICER),
    body=RegisterWalkIn,
    idempotent=True,
    answers={201: WalkInView},
    location="/v1/appointments/{appointment_id}",
    refusals=(
        OfficeNotFound,
        NotYourOffice,
        EvidenceNeeded,
        NoWalkInSeat,
        OverrideNeedsReason,
        SomeoneElseChangedIt,
    ),
)
async def register_walk_in(call: Call[RegisterWalkIn]) -> WalkInView:
    """The visitor's number. It takes a seat of the walk-in or priority pool; officer and reason are kept."""
    asked = call.body
    registration = Registration(
        call.path["office_id"],
        asked.reason,
        asked.evidence,
        actor_of(call.caller),
        call.command_id,
        tuple(asked.evidence_ids),
    )
    record = await use_case(call, CounterQueue).register(registration)
    state, walk_in = record.state, record.state.walk_in
    if walk_in is None:
        raise NotFound
    return WalkInView(
        appointment_id=record.id,
        queue_number=state.seat.queue_number,
        queue_code=state.queue_code,
        state=state.status.value,
        pool=state.seat.pool,
        reason=walk_in.reason.value,
        registered_by=walk_in.registered_by,
        registered_at=walk_in.registered_at,
        evidence=await use_case(call, CounterQueue).evidence(record),
        evidence_files=view_evidence_files(walk_in.evidence_ids),
    )


def _number_view(visitor: Visitor, queue: DayQueue | None) -> NumberView:
    wait = queue.waits.get(visitor.visit_id) if queue is not None else None
    return NumberView(
        visit_id=visitor.visit_id,
        number=visitor.number,
        lane=visitor.lane.value,
        state=visitor.place.value,
        booth=visitor.booth,
        arrived_at=visitor.arrived_at,
        called_at=visitor.called_at,
        calls=visitor.calls,
        ahead=wait.ahead if wait else None,
        expected_minutes=wait.minutes if wait else None,
    )


def _display_view(queue: DayQueue) -> DisplayView:
    return DisplayView(
        office_id=queue.office.office_id,
        date=queue.day.day,
        called=[CalledNumber.model_validate(visitor, from_attributes=True) for visitor in on_display(queue.day)],
        waiting=queue.wait_now.ahead,
        expected_minutes=queue.wait_now.minutes,
    )
