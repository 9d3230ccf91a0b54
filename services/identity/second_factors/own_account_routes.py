"""The endpoints of a member's own account."""

from __future__ import annotations

from services.identity.accounts.errors import EmailNotAscii, EmailUnusable
from services.identity.http import FORMS_PER_CALLER, IDENTITY
from services.identity.second_factors import schemas
from services.identity.second_factors.errors import EmailCodeOver, FreshSignInNeeded, SecondFactorNeedsItself
from services.identity.second_factors.routes import ENROLLERS
from services.identity.sign_in.errors import CodeSentJustNow, CodeWrong, TooManyCodes
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints, PersonalData
from shared.http.reading import Reading
from shared.sessions import SessionOver

api = Endpoints("own account of staff")


@api.get(
    "/v1/staff/me",
    summary="One's own account: role, office, powers, second factors, sessions",
    access=ENROLLERS,
    reads=PersonalData.STAFF_NAME,
    answers={200: schemas.OwnAccountView},
    refusals=(SessionOver,),
)
async def look_at_own_account(call: Call) -> schemas.OwnAccountView:
    """As it stands now."""
    identity, call.reading = call.app[IDENTITY], Reading(step="own_account")
    seen, settings = await identity.own_accounts.look_at(call.caller), identity.context.settings
    return schemas.OwnAccountView.from_seen(
        seen, call.caller.session_id, settings.second_factor_needed, settings.second_factor_for_all
    )


@api.put(
    "/v1/staff/me/email",
    summary="Name the address for messages about one's own sign-ins; a code goes there",
    description="It takes the place of the present one once the code is typed at /v1/staff/me/email-proof. Null takes "
    "the present one away at once. Needs a sign-in within 15 minutes.",
    access=STAFF(),
    body=schemas.OwnEmail,
    answers={204: None},
    refusals=(
        EmailUnusable,
        EmailNotAscii,
        FreshSignInNeeded,
        SecondFactorNeedsItself,
        CodeSentJustNow,
        TooManyCodes,
        SessionOver,
    ),
    rate=FORMS_PER_CALLER,
)
async def set_own_email(call: Call[schemas.OwnEmail]) -> None:
    """A code is on its way, or the address is gone."""
    await call.app[IDENTITY].own_accounts.set_email(call.caller, call.body.email)


@api.post(
    "/v1/staff/me/email-proof",
    summary="Type the code that was sent to one's own address: messages go there from now on",
    access=STAFF(),
    body=schemas.EmailCode,
    answers={204: None},
    refusals=(CodeWrong, EmailCodeOver, SessionOver),
    idempotent=True,
    rate=FORMS_PER_CALLER,
)
async def prove_own_email(call: Call[schemas.EmailCode]) -> None:
    """Proven."""
    await call.app[IDENTITY].own_accounts.prove_email(call.caller, call.body.code, call.command_id)


@api.post(
    "/v1/staff/me/device-review",
    summary="Say whether sign-ins on new devices were yours; if not, sessions end",
    description='`are_mine: false` is "this was not me": every session ends, this one too, and every device is a new '
    "one. Change the password then.",
    access=STAFF(),
    body=schemas.DeviceReview,
    answers={204: None},
    refusals=(SessionOver,),
    idempotent=True,
    rate=FORMS_PER_CALLER,
)
async def review_devices(call: Call[schemas.DeviceReview]) -> None:
    """Noted, or signed out everywhere."""
    await call.app[IDENTITY].own_accounts.review_devices(call.caller, are_mine=call.body.are_mine)
