"""The endpoint of bills that an office asks for at the counter."""

from __future__ import annotations

from services.billing.bills.schemas import BillView
from services.billing.errors import NotYourOffice
from services.billing.extra_charges.errors import CutOffPassed, NotTheDayOfTheVisit, NoVisitToHurry, SameDayPlaceNeeded
from services.billing.extra_charges.same_day import SameDayCharges
from services.billing.extra_charges.schemas import AskSameDay
from services.billing.http import BILLING, SMALL_BODY_BYTES
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import ROLES, Endpoints
from shared.tokens import Role

api = Endpoints("billing")


@api.post(
    "/v1/bills",
    summary="Meet the surcharge for a passport on the same day of a paid visit of today",
    access=ROLES(Role.FRONT_OFFICER, Role.INTERVIEWER),
    body=AskSameDay,
    max_body_bytes=SMALL_BODY_BYTES,
    answers={202: BillView},
    idempotent=True,
    refusals=(
        NotFound,
        NotYourOffice,
        NoVisitToHurry,
        NotTheDayOfTheVisit,
        CutOffPassed,
        SameDayPlaceNeeded,
        SomeoneElseChangedIt,
    ),
)
async def ask_same_day(call: Call[AskSameDay]) -> BillView:
    """Show the bill of a place that scheduling gave; unpaid at 12:00 WIB, the visit stays regular."""
    billing = call.app[BILLING]
    bill = await billing.find(SameDayCharges).ask_same_day(call.caller, call.body.application_id)
    return BillView.from_bill(bill, billing.wait_seconds)
