"""The endpoints of sagas: where money stands, what is stuck, a push with a reason, overrides by two people."""

from __future__ import annotations

from typing import Final

from services.billing.errors import NotYourOffice, SecondPersonNeeded
from services.billing.http import BILLING, SMALL_BODY_BYTES, TREASURY
from services.billing.sagas.errors import OverrideDecided, OverrideDoesNotFit, OverrideUnknown, SagaUnknown
from services.billing.sagas.schemas import (
    DecideOverride,
    OverridePath,
    ProposeOverride,
    RetrySaga,
    SagaOverrideView,
    SagaPath,
    SagasQuery,
    SagaView,
    StuckList,
    StuckView,
)
from services.billing.sagas.service import OverrideProposal, Sagas
from shared.audit import OverrideNeedsReason
from shared.errors import Malformed, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import ROLES, Endpoints
from shared.tokens import Role

api = Endpoints("sagas")

_WATCHERS: Final = ROLES(Role.TREASURER, Role.OPERATOR, Role.HQ_IT)
"""HQ IT sees what is stuck and pushes it; overrides are not theirs."""


@api.get(
    "/v1/sagas",
    summary="Everything that is over its time limit",
    access=_WATCHERS,
    query=SagasQuery,
    answers={200: StuckList},
    pages_by="position.id",
    refusals=(Malformed,),
)
async def list_stuck(call: Call[None, SagasQuery]) -> StuckList:
    """List stuck steps, the longest first."""
    if not call.query.stuck:
        raise Malformed("Only what is stuck is listed: ask with stuck=true.", field="/stuck")
    return StuckList(stuck=tuple(map(StuckView.from_step, await call.app[BILLING].find(Sagas).stuck(call.caller))))


@api.get(
    "/v1/sagas/{application_id}",
    summary="Where an application's money stands: step, since when, limit, what comes next",
    access=_WATCHERS,
    path_model=SagaPath,
    answers={200: SagaView},
    refusals=(SagaUnknown, NotYourOffice),
)
async def show_saga(call: Call[None, None, SagaPath]) -> SagaView:
    """Show the saga, derived from bills, receipts and refunds at this moment."""
    return SagaView.from_status(await call.app[BILLING].find(Sagas).saga(call.caller, call.path.application_id))


@api.post(
    "/v1/sagas/{application_id}/retry",
    summary="Do now what would be done next anyway, with a reason",
    access=_WATCHERS,
    path_model=SagaPath,
    body=RetrySaga,
    max_body_bytes=SMALL_BODY_BYTES,
    answers={200: SagaView},
    idempotent=True,
    refusals=(SagaUnknown, NotYourOffice, SomeoneElseChangedIt),
)
async def retry_saga(call: Call[RetrySaga, None, SagaPath]) -> SagaView:
    """Bring questions and repeats forward; nothing is ended."""
    sagas = call.app[BILLING].find(Sagas)
    return SagaView.from_status(
        await sagas.retry(call.caller, call.path.application_id, call.body.reason, call.command_id)
    )


@api.post(
    "/v1/sagas/{application_id}/override",
    summary="Propose an override; a second person must approve it",
    access=TREASURY,
    path_model=SagaPath,
    body=ProposeOverride,
    max_body_bytes=SMALL_BODY_BYTES,
    answers={201: SagaOverrideView},
    location="/v1/sagas/{application_id}",
    idempotent=True,
    refusals=(SagaUnknown, NotYourOffice, OverrideDoesNotFit, OverrideNeedsReason),
)
async def propose_override(call: Call[ProposeOverride, None, SagaPath]) -> SagaOverrideView:
    """Propose an override, audited with its reason; one without is refused."""
    asked = call.body
    proposal = OverrideProposal(call.path.application_id, asked.act, asked.target, asked.reason or "")
    return SagaOverrideView.model_validate(
        await call.app[BILLING].find(Sagas).propose(call.caller, proposal, call.command_id)
    )


@api.post(
    "/v1/sagas/{application_id}/overrides/{override_id}/decision",
    summary="Approve or decline an override that somebody else proposed",
    access=TREASURY,
    path_model=OverridePath,
    body=DecideOverride,
    max_body_bytes=SMALL_BODY_BYTES,
    answers={200: SagaOverrideView},
    idempotent=True,
    refusals=(OverrideUnknown, NotYourOffice, OverrideDecided, SecondPersonNeeded, SomeoneElseChangedIt),
)
async def decide_override(call: Call[DecideOverride, None, OverridePath]) -> SagaOverrideView:
    """Decide on an override; an approved one is done at once."""
    path, sagas = call.path, call.app[BILLING].find(Sagas)
    decided = await sagas.decide(
        call.caller, path.application_id, path.override_id, approve=call.body.approve, command_id=call.command_id
    )
    return SagaOverrideView.model_validate(decided)
