"""The endpoints of the account."""

from __future__ import annotations

from services.identity.accounts.schemas import AccountView
from services.identity.http import IDENTITY
from shared.errors import NotFound
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints

api = Endpoints("account")


@api.get(
    "/v1/account",
    summary="The caller's account",
    access=APPLICANT,
    answers={200: AccountView},
    refusals=(NotFound,),
)
async def look_at_account(call: Call) -> AccountView:
    """The caller's account."""
    return AccountView.from_seen(await call.app[IDENTITY].accounts.get_account(call.caller.account_id))
