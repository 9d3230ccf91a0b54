"""The endpoints of legal holds."""

from __future__ import annotations

from typing import Final

from services.identity.http import IDENTITY
from services.identity.legal_holds.errors import HoldSubjectUnknown, HoldTooLong, HoldUnknown, NothingProposed
from services.identity.legal_holds.schemas import DecideHold, HoldPath, HoldsView, HoldView, ProposeHold
from services.identity.staff.errors import SecondOperatorNeeded
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints, RateLimit
from shared.tokens import Role

api = Endpoints("legal holds")

OPERATORS: Final = STAFF(Role.OPERATOR)
ACTS_PER_CALLER: Final = RateLimit(60, 60.0)

AUDITED_IN_THE_USE_CASE: Final = ("propose_hold", "propose_lift", "decide_hold")
"""Their lines name the person, account or application that is held."""


@api.post(
    "/v1/staff/legal-holds",
    summary="Propose to hold data for a case; another operator must agree",
    access=OPERATORS,
    body=ProposeHold,
    answers={201: HoldView},
    location="/v1/staff/legal-holds/{hold_id}",
    refusals=(HoldTooLong, HoldSubjectUnknown),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def propose_hold(call: Call[ProposeHold]) -> HoldView:
    """Propose a hold on a person, an account or an application."""
    holds = call.app[IDENTITY].legal_holds
    return HoldView.from_record(await holds.propose(call.caller, call.body.reference(), call.command_id))


@api.get(
    "/v1/staff/legal-holds",
    summary="The legal holds, the newest first",
    access=OPERATORS,
    answers={200: HoldsView},
    pages_by="hold_id",
)
async def list_holds(call: Call) -> HoldsView:
    """List the holds, 200 at most."""
    found = await call.app[IDENTITY].legal_holds.holds()
    return HoldsView(holds=tuple(map(HoldView.from_record, found)))


@api.get(
    "/v1/staff/legal-holds/{hold_id}",
    summary="One legal hold",
    access=OPERATORS,
    path_model=HoldPath,
    answers={200: HoldView},
    refusals=(HoldUnknown,),
)
async def show_hold(call: Call[None, None, HoldPath]) -> HoldView:
    """Show a hold."""
    return HoldView.from_record(await call.app[IDENTITY].legal_holds.hold(call.path.hold_id))


@api.post(
    "/v1/staff/legal-holds/{hold_id}/decision",
    summary="Agree to a hold or its lifting that another operator proposed, or decline it",
    access=OPERATORS,
    path_model=HoldPath,
    body=DecideHold,
    answers={200: HoldView},
    refusals=(HoldUnknown, HoldSubjectUnknown, NothingProposed, SecondOperatorNeeded, SomeoneElseChangedIt),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def decide_hold(call: Call[DecideHold, None, HoldPath]) -> HoldView:
    """Decide on a proposal; one's own can only be taken back."""
    holds = call.app[IDENTITY].legal_holds
    decided = await holds.decide(call.caller, call.path.hold_id, call.command_id, agree=call.body.agree)
    return HoldView.from_record(decided)


@api.post(
    "/v1/staff/legal-holds/{hold_id}/lifting",
    summary="Propose to lift a hold; it holds on until another operator agrees",
    access=OPERATORS,
    path_model=HoldPath,
    answers={200: HoldView},
    refusals=(HoldUnknown, NothingProposed, SomeoneElseChangedIt),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def propose_lift(call: Call[None, None, HoldPath]) -> HoldView:
    """Propose that a hold be lifted."""
    holds = call.app[IDENTITY].legal_holds
    return HoldView.from_record(await holds.propose_lift(call.caller, call.path.hold_id, call.command_id))
