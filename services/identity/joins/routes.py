"""The endpoint of joining two accounts."""

from __future__ import annotations

from services.identity.accounts.errors import AccountLeaving, AddressUnusable, EmailNotAscii, PhoneCountryUnserved
from services.identity.http import FORMS_PER_CALLER, IDENTITY
from services.identity.joins.schemas import JoinRequest
from services.identity.sign_in.errors import SmsBudgetSpent
from services.identity.sign_in.routes import ASKING
from services.identity.sign_in.schemas import ChallengeView
from shared.errors import NotFound
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints
from shared.sessions import SessionOver

api = Endpoints("account")


@api.post(
    "/v1/account/joins",
    summary="Join another account of yours into this one: codes go to both",
    description="The same answer whether or not the address has an account. Both codes together, at the challenge's "
    "verification, move its applicants here and close it; its applications, visits and payments are yours from the "
    "tokens of that answer on. Of an account with two addresses each is proven by a challenge of its own.",
    access=APPLICANT,
    body=JoinRequest,
    answers={202: ChallengeView},
    refusals=(
        AddressUnusable,
        EmailNotAscii,
        PhoneCountryUnserved,
        SmsBudgetSpent,
        *ASKING,
        SessionOver,
        NotFound,
        AccountLeaving,
    ),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def join_account(call: Call[JoinRequest]) -> ChallengeView:
    """Send a code to an address of the other account."""
    seen = await call.app[IDENTITY].joins.ask(
        call.caller, call.body.identifier, call.language, call.command_id, call.body.prove_by
    )
    return ChallengeView.from_seen(seen)
