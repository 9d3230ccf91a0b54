"""The endpoints of operators who administer the providers of offices."""

from __future__ import annotations

from typing import Final

from services.identity.http import IDENTITY
from services.identity.office_sign_in import admin_schemas as schemas
from services.identity.office_sign_in.errors import (
    NoSuchProposal,
    OfficeProviderUnknown,
    ProviderAddressNotTaken,
    ProviderMatterPending,
    ProviderStateForbids,
)
from services.identity.office_sign_in.provider import OfficeProvider
from services.identity.office_sign_in.schemas import ProviderPath
from services.identity.staff.errors import AskerGone, SecondOperatorNeeded, StaffNotInService
from shared.errors import SomeoneElseChangedIt
from shared.http.call import AnyCall, Call
from shared.http.endpoint import STAFF, Endpoints, RateLimit
from shared.store.kinds import Record
from shared.tokens import Role

api = Endpoints("office sign-in administration")

OPERATORS: Final = STAFF(Role.OPERATOR)
ACTS_PER_CALLER: Final = RateLimit(30, 60.0)

_CHANGING = (StaffNotInService, OfficeProviderUnknown, ProviderStateForbids, SomeoneElseChangedIt)


@api.post(
    "/v1/staff/office-providers",
    summary="Propose the OpenID Connect provider of one or several offices",
    description="Another operator has to approve it. Register `redirect_uri` of the answer at the provider.",
    access=OPERATORS,
    body=schemas.NewProvider,
    answers={201: schemas.OfficeProviderView},
    location="/v1/staff/office-providers/{provider_id}",
    refusals=(StaffNotInService, ProviderAddressNotTaken, OfficeProviderUnknown),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def propose_office_provider(call: Call[schemas.NewProvider]) -> schemas.OfficeProviderView:
    """The proposal."""
    admin, asked = call.app[IDENTITY].provider_admin, call.body
    return _view(call, await admin.propose(call.caller, asked.issuer, asked.wanted(), call.command_id))


@api.get(
    "/v1/staff/office-providers",
    summary="Every provider of offices",
    access=OPERATORS,
    answers={200: schemas.OfficeProviderListView},
    pages_by="provider_id",
    refusals=(StaffNotInService,),
)
async def list_office_providers(call: Call) -> schemas.OfficeProviderListView:
    """The providers."""
    found = await call.app[IDENTITY].provider_admin.page(call.caller)
    return schemas.OfficeProviderListView(providers=[_view(call, record) for record in found])


@api.get(
    "/v1/staff/office-providers/{provider_id}",
    summary="One provider of offices",
    access=OPERATORS,
    path_model=ProviderPath,
    answers={200: schemas.OfficeProviderView},
    refusals=(StaffNotInService, OfficeProviderUnknown),
)
async def look_at_office_provider(call: Call[None, None, ProviderPath]) -> schemas.OfficeProviderView:
    """As it stands now."""
    return _view(call, await call.app[IDENTITY].provider_admin.look_at(call.caller, call.path.provider_id))


@api.post(
    "/v1/staff/office-providers/{provider_id}/changes",
    summary="Propose other terms; the present ones count until another operator approves",
    access=OPERATORS,
    path_model=ProviderPath,
    body=schemas.ChangedTerms,
    answers={200: schemas.OfficeProviderView},
    refusals=(*_CHANGING, ProviderMatterPending),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def propose_office_provider_change(
    call: Call[schemas.ChangedTerms, None, ProviderPath],
) -> schemas.OfficeProviderView:
    """With the proposal."""
    admin = call.app[IDENTITY].provider_admin
    wanted = call.body.wanted()
    return _view(call, await admin.propose_change(call.caller, call.path.provider_id, wanted, call.command_id))


@api.post(
    "/v1/staff/office-providers/{provider_id}/approval",
    summary="Approve the proposal of another operator",
    access=OPERATORS,
    path_model=ProviderPath,
    body=schemas.ProposalDecision,
    answers={200: schemas.OfficeProviderView},
    refusals=(*_CHANGING, NoSuchProposal, SecondOperatorNeeded, AskerGone),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def approve_office_provider(
    call: Call[schemas.ProposalDecision, None, ProviderPath],
) -> schemas.OfficeProviderView:
    """Active, under the proposed terms."""
    admin, proposal_id = call.app[IDENTITY].provider_admin, call.body.proposal_id
    return _view(call, await admin.approve(call.caller, call.path.provider_id, proposal_id, call.command_id))


@api.post(
    "/v1/staff/office-providers/{provider_id}/refusal",
    summary="Refuse a proposal, or take one's own back",
    access=OPERATORS,
    path_model=ProviderPath,
    body=schemas.ProposalDecision,
    answers={200: schemas.OfficeProviderView},
    refusals=(*_CHANGING, NoSuchProposal),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def refuse_office_provider(
    call: Call[schemas.ProposalDecision, None, ProviderPath],
) -> schemas.OfficeProviderView:
    """Without the proposal."""
    admin, proposal_id = call.app[IDENTITY].provider_admin, call.body.proposal_id
    return _view(call, await admin.refuse(call.caller, call.path.provider_id, proposal_id, call.command_id))


@api.post(
    "/v1/staff/office-providers/{provider_id}/stop",
    summary="Stop a provider at once; the sessions of all members linked there end",
    access=OPERATORS,
    path_model=ProviderPath,
    body=schemas.StopProvider,
    answers={200: schemas.OfficeProviderView},
    refusals=_CHANGING,
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def stop_office_provider(call: Call[schemas.StopProvider, None, ProviderPath]) -> schemas.OfficeProviderView:
    """Stopped."""
    admin = call.app[IDENTITY].provider_admin
    return _view(call, await admin.stop(call.caller, call.path.provider_id, call.command_id))


def _view(call: AnyCall, record: Record[OfficeProvider]) -> schemas.OfficeProviderView:
    sign_ins = call.app[IDENTITY].office_sign_ins
    redirect_uri, logout_uri = sign_ins.redirect_uri(record.id), sign_ins.backchannel_logout_uri(record.id)
    return schemas.OfficeProviderView.from_record(record, redirect_uri, logout_uri)
