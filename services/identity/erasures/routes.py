"""The endpoints of erasures."""

from __future__ import annotations

from services.identity.erasures.errors import ErasureUnknown
from services.identity.erasures.schemas import ErasurePath, ErasureView
from services.identity.http import IDENTITY
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints
from shared.tokens import Role

api = Endpoints("erasures")


@api.get(
    "/v1/staff/erasures/{erasure_id}",
    summary="What each service has erased of a person, and what it keeps and why",
    access=STAFF(Role.OPERATOR),
    path_model=ErasurePath,
    answers={200: ErasureView},
    refusals=(ErasureUnknown,),
)
async def show_erasure(call: Call[None, None, ErasurePath]) -> ErasureView:
    """Show how far an erasure is: reasons and times, no person."""
    report = await call.app[IDENTITY].erasure_reports.report(call.path.erasure_id)
    return ErasureView.from_report(call.path.erasure_id, report)
