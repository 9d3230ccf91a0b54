"""The endpoints of reads of personal data, and of the holds that delay their showing."""

from __future__ import annotations

from typing import Final

from services.identity.data_reads import schemas
from services.identity.data_reads.errors import ReadingHoldDecided, ReadingHoldTooLong, ReadingHoldUnknown
from services.identity.http import IDENTITY
from services.identity.staff.errors import SecondOperatorNeeded
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Answer, Call
from shared.http.conditions import ETAG, condition_of, etag_of
from shared.http.endpoint import APPLICANT, STAFF, Endpoints
from shared.tokens import Role

api = Endpoints("data reads")

OPERATORS: Final = STAFF(Role.OPERATOR)


@api.get(
    "/v1/account/data-reads",
    summary="Reads of your data by staff: role, office, when, what and why",
    description="Of all services, the newest first, those during an assistance included. With an ETag.",
    access=APPLICANT,
    query=schemas.ReadsQuery,
    answers={200: schemas.DataReadsView, 304: None},
    refusals=(NotFound,),
)
async def list_data_reads(call: Call[None, schemas.ReadsQuery]) -> Answer:
    """A page of them."""
    page = await call.app[IDENTITY].data_reads.page(call.caller, call.query.after, call.query.limit)
    view = schemas.DataReadsView.from_page(page)
    answer = Answer(200, view, {ETAG: etag_of(view.model_dump_json().encode())})
    return condition_of(call.request.headers, 0).applied_to(answer)


@api.post(
    "/v1/data-read-holds",
    summary="Propose that reads for an investigation are shown only from a date on",
    description="It counts once another operator agrees. All other reads are shown as always.",
    access=OPERATORS,
    body=schemas.ProposeReadingHold,
    answers={201: schemas.ReadingHoldView},
    location="/v1/data-read-holds",
    refusals=(NotFound, ReadingHoldTooLong),
    idempotent=True,
)
async def propose_reading_hold(call: Call[schemas.ProposeReadingHold]) -> schemas.ReadingHoldView:
    """The proposed hold."""
    asked, holds = call.body, call.app[IDENTITY].reading_holds
    record = await holds.propose(call.caller, asked.account_id, asked.reason, asked.until, call.command_id)
    return schemas.ReadingHoldView.from_record(record)


@api.get(
    "/v1/data-read-holds",
    summary="The holds, newest first",
    access=OPERATORS,
    answers={200: schemas.ReadingHoldsView},
    pages_by="hold_id",
)
async def list_reading_holds(call: Call) -> schemas.ReadingHoldsView:
    """A hundred at most."""
    found = await call.app[IDENTITY].reading_holds.newest()
    return schemas.ReadingHoldsView(holds=[schemas.ReadingHoldView.from_record(record) for record in found])


@api.post(
    "/v1/data-read-holds/{hold_id}/decision",
    summary="Agree to a hold as the second operator, or refuse it",
    access=OPERATORS,
    body=schemas.ReadingHoldDecision,
    answers={200: schemas.ReadingHoldView},
    refusals=(ReadingHoldUnknown, ReadingHoldDecided, SecondOperatorNeeded, SomeoneElseChangedIt),
    idempotent=True,
)
async def decide_reading_hold(call: Call[schemas.ReadingHoldDecision]) -> schemas.ReadingHoldView:
    """The decided hold."""
    holds = call.app[IDENTITY].reading_holds
    record = await holds.decide(call.caller, call.path["hold_id"], approved=call.body.approved)
    return schemas.ReadingHoldView.from_record(record)


@api.post(
    "/v1/data-read-holds/{hold_id}/end",
    summary="Lift a hold: what it hid is shown from now on",
    access=OPERATORS,
    answers={200: schemas.ReadingHoldView},
    refusals=(ReadingHoldUnknown, ReadingHoldDecided, SomeoneElseChangedIt),
    idempotent=True,
)
async def lift_reading_hold(call: Call) -> schemas.ReadingHoldView:
    """The lifted hold; again is no error."""
    return schemas.ReadingHoldView.from_record(
        await call.app[IDENTITY].reading_holds.lift(call.caller, call.path["hold_id"])
    )
