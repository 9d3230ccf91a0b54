"""The endpoints of consents."""

from __future__ import annotations

from services.identity.consents.errors import NotAskedYet, PurposeIsNeeded, TooManyChoices
from services.identity.consents.schemas import ConsentChoice, ConsentsView
from services.identity.http import FORMS_PER_CALLER, IDENTITY
from services.identity.privacy_notice.errors import NoticeHasChanged, PurposeUnknown
from shared.errors import NotFound
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints

api = Endpoints("privacy")


@api.get(
    "/v1/account/consents",
    summary="What the account agreed to, purpose by purpose, with the history",
    access=APPLICANT,
    answers={200: ConsentsView},
    refusals=(NotFound,),
)
async def list_consents(call: Call) -> ConsentsView:
    """The account's consents."""
    return ConsentsView.from_seen(await call.app[IDENTITY].consents.list_consents(call.caller.account_id))


@api.put(
    "/v1/account/consents/{purpose}",
    summary="Give or withdraw the consent to a purpose",
    description="A free purpose takes effect at once. What is needed cannot be withdrawn alone: the refusal says what "
    "would end. The same choice again changes nothing.",
    access=APPLICANT,
    body=ConsentChoice,
    answers={200: ConsentsView},
    refusals=(NotFound, PurposeUnknown, PurposeIsNeeded, NoticeHasChanged, NotAskedYet, TooManyChoices),
    rate=FORMS_PER_CALLER,
)
async def choose_consent(call: Call[ConsentChoice]) -> ConsentsView:
    """Give or withdraw."""
    body = call.body
    seen = await call.app[IDENTITY].consents.choose(
        call.caller.account_id,
        call.path["purpose"],
        is_given=body.given,
        notice_version=body.notice_version,
        applicant_id=body.applicant_id,
    )
    return ConsentsView.from_seen(seen)
