"""The endpoints of refund cases."""

from __future__ import annotations

from services.billing.errors import RefundUnknown
from services.billing.routes.common import BILLING, READERS
from services.billing.schemas import ApplicationQuery, RefundList, RefundPath, RefundView
from shared.http.call import Call
from shared.http.endpoint import Endpoints

api = Endpoints("billing")


@api.get(
    "/v1/refunds",
    summary="The refund cases of an application",
    access=READERS,
    query=ApplicationQuery,
    answers={200: RefundList},
)
async def list_refunds(call: Call[None, ApplicationQuery]) -> RefundList:
    """Own cases; all for the treasurer and operators."""
    found = await call.app[BILLING].desk.refunds(call.caller, call.query.application_id)
    return RefundList(refunds=tuple(RefundView.of(case) for case in found))


@api.get(
    "/v1/refunds/{refund_id}",
    summary="A refund case with its reason, rule and steps",
    access=READERS,
    path_model=RefundPath,
    answers={200: RefundView},
    refusals=(RefundUnknown,),
)
async def show_refund(call: Call[None, None, RefundPath]) -> RefundView:
    """One case."""
    return RefundView.of(await call.app[BILLING].desk.refund(call.caller, call.path.refund_id))
