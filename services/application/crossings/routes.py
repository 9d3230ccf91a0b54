"""The endpoint of border crossings."""

from __future__ import annotations

from typing import Final

from services.application.applications.errors import StepComesFirst
from services.application.context import Actor
from services.application.crossings.errors import CrossingsConsentMissing, CrossingsOfGrownChild
from services.application.crossings.schemas import BorderCrossingsView
from services.application.http import APPLICATION
from shared.errors import NotFound
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit

api = Endpoints("crossings")

LOOKS_PER_CALLER: Final = RateLimit(10, 60.0)
"""Looks at border crossings: each may ask the border system."""


@api.get(
    "/v1/applicants/{applicant_id}/border-crossings",
    summary="The border crossings of an applicant, for their own account",
    description="With the consent to the purpose border_crossings, once an officer has seen the person; a child's are "
    "shown to the guardian until the child is 17. The list is kept for six hours at most. A border system that is "
    "down, or not connected, is a state.",
    access=APPLICANT,
    answers={200: BorderCrossingsView},
    refusals=(NotFound, StepComesFirst, CrossingsConsentMissing, CrossingsOfGrownChild),
    rate=LOOKS_PER_CALLER,
)
async def list_crossings(call: Call) -> BorderCrossingsView:
    """The crossings."""
    crossings = call.app[APPLICATION].crossings
    return BorderCrossingsView.from_seen(await crossings.see(call.path["applicant_id"], Actor.from_caller(call.caller)))
