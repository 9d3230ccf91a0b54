"""The endpoints of signing in through an office's provider, and of links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.identity.http import IDENTITY, STAFF_LOGINS_PER_ADDRESS
from services.identity.office_sign_in import schemas
from services.identity.office_sign_in.errors import (
    LogoutTokenNotTrusted,
    OfficeAnswerNotTrusted,
    OfficeLinkAwaitsApproval,
    OfficeLinkStateForbids,
    OfficeLinkUnknown,
    OfficeNotSpokenFor,
    OfficeProviderDown,
    OfficeProviderUnknown,
    OfficeSignInDenied,
    OfficeSignInOver,
    OfficeUserLinkedAlready,
    OfficeUserNotLinked,
    SecondFactorNotProved,
)
from services.identity.office_sign_in.provider_client import LONGEST_ID_TOKEN
from services.identity.office_sign_in.service import SIGN_IN_SECONDS
from services.identity.office_sign_in.sign_in_page import list_page, refused_page, returned_page
from services.identity.page import PAGE_HEADERS, PageLanguage
from services.identity.sessions.credentials import Credentials
from services.identity.sessions.devices import Visitor
from services.identity.staff.errors import (
    NotOnYourself,
    NotYourOffice,
    RoleNotYours,
    StaffNotInService,
    StaffSuspended,
    StaffUnknown,
)
from services.identity.staff.schemas import SecondStepView, StaffTokensView
from shared.errors import NotKnownYet, Refusal, SomeoneElseChangedIt
from shared.http.call import HTML, Answer, AnyCall, Call
from shared.http.endpoint import PUBLIC, STAFF, Endpoints, RateLimit
from shared.tokens import Role

api = Endpoints("office sign-in")

MEMBERS: Final = STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN)
ADMINS: Final = STAFF(Role.OPERATOR, Role.OFFICE_ADMIN)

SIGN_INS_PER_ADDRESS: Final = RateLimit(60, 60.0, "address", shared=True)
"""Pages of sign-ins from one network address: an office whose counters open at eight is behind one."""

CLAIMS_PER_ADDRESS: Final = RateLimit(300, 60.0, "address", shared=True)
"""Programs ask for their tokens every second or two while people type at the provider; none is guessed."""

LOGOUTS_PER_ADDRESS: Final = RateLimit(300, 60.0, "address", shared=True)
"""Logout tokens from one network address: of an office whose people all leave within a minute. None is guessed."""

LARGEST_LOGOUT_BYTES: Final = LONGEST_ID_TOKEN + 1024
"""The longest token that is looked at, in a form."""

LINKS_PER_CALLER: Final = RateLimit(10, 60.0)
DECISIONS_PER_CALLER: Final = RateLimit(60, 60.0)

_DECIDING = (
    StaffNotInService,
    NotYourOffice,
    RoleNotYours,
    NotOnYourself,
    StaffUnknown,
    OfficeLinkUnknown,
    OfficeLinkStateForbids,
    SomeoneElseChangedIt,
)


@api.get(
    "/v1/staff/office-sign-in",
    summary="The page that lists the sign-ins of offices",
    description="For browsers, without scripts.",
    access=PUBLIC,
    query=PageLanguage,
    answers={200: HTML},
    rate=SIGN_INS_PER_ADDRESS,
)
async def list_office_sign_ins(call: Call[None, PageLanguage]) -> Answer:
    """The list."""
    providers = await call.app[IDENTITY].office_sign_ins.list_providers()
    return Answer(200, list_page(providers, call.query.language or call.language), headers=PAGE_HEADERS)


@api.get(
    "/v1/staff/office-sign-in/{provider_id}",
    summary="Begin a sign-in: the browser is sent to the provider of its office",
    description="Sets a cookie of ten minutes: only the browser that has it can come back. Without the provider's "
    "answer the page says so.",
    access=PUBLIC,
    path_model=schemas.ProviderPath,
    query=PageLanguage,
    answers={303: None, 200: HTML},
    rate=SIGN_INS_PER_ADDRESS,
)
async def begin_office_sign_in(call: Call[None, PageLanguage, schemas.ProviderPath]) -> Answer:
    """The way to the provider."""
    try:
        begun = await call.app[IDENTITY].office_sign_ins.begin(call.path.provider_id)
    except Refusal as refused:
        return Answer(200, refused_page(refused, call.query.language or call.language), headers=PAGE_HEADERS)
    headers = {"Location": begun.authorization_url, **_with_cookie(call, begun.cookie)}
    return Answer(303, headers=headers)


@api.get(
    "/v1/staff/office-sign-in/{provider_id}/callback",
    summary="Come back from the provider",
    safe=False,
    description="The redirect URI of this provider. Its answer counts once, in the browser that began the sign-in. The "
    "program then takes the tokens at `tokens`.",
    access=PUBLIC,
    path_model=schemas.ProviderPath,
    query=schemas.ReturnQuery,
    answers={200: HTML},
    rate=SIGN_INS_PER_ADDRESS,
)
async def return_from_office(call: Call[None, schemas.ReturnQuery, schemas.ProviderPath]) -> Answer:
    """The page that says whether the provider's word counts."""
    language = call.query.language or call.language
    try:
        link = await call.app[IDENTITY].office_sign_ins.come_back(
            _cookie(call), call.path.provider_id, call.query.sent()
        )
    except Refusal as refused:
        return Answer(200, refused_page(refused, language), headers=PAGE_HEADERS)
    return Answer(200, returned_page(link.state, language), headers=PAGE_HEADERS)


@api.post(
    "/v1/staff/office-sign-in/{provider_id}/tokens",
    summary="Take the tokens of a sign-in that has come back, once",
    description="In the browser that began it. `not_known_yet` until it is back; ask again every second or two. 202 "
    "where the provider has proved no second factor: show one's own at /v1/staff/logins/second-step.",
    access=PUBLIC,
    path_model=schemas.ProviderPath,
    body=schemas.ClaimTokens,
    answers={200: StaffTokensView, 202: SecondStepView},
    refusals=(
        NotKnownYet,
        OfficeSignInOver,
        OfficeAnswerNotTrusted,
        OfficeSignInDenied,
        OfficeProviderUnknown,
        OfficeProviderDown,
        OfficeUserNotLinked,
        OfficeLinkAwaitsApproval,
        OfficeNotSpokenFor,
        SecondFactorNotProved,
        StaffSuspended,
        StaffNotInService,
        SomeoneElseChangedIt,
    ),
    rate=CLAIMS_PER_ADDRESS,
)
async def claim_office_tokens(call: Call[schemas.ClaimTokens, None, schemas.ProviderPath]) -> Answer:
    """Tokens for a member of staff, or the step that is due, the same as of a sign-in with a password."""
    visitor = Visitor(call.address, call.body.device_token)
    answer = await call.app[IDENTITY].office_sign_ins.claim(_cookie(call), call.path.provider_id, visitor)
    if isinstance(answer, Credentials):
        return Answer(200, StaffTokensView.from_credentials(answer))
    return Answer(202, SecondStepView.from_step(answer))


@api.post(
    "/v1/staff/office-sign-in/{provider_id}/back-channel-logout",
    summary="A provider ends the sessions that it opened for a user",
    description="OpenID Connect Back-Channel Logout 1.0. "
    "The form's `logout_token` counts once. Sessions by password go on. 200 also where the user has none.",
    access=PUBLIC,
    path_model=schemas.ProviderPath,
    raw_body=True,
    body_media_types=("application/x-www-form-urlencoded",),
    max_body_bytes=LARGEST_LOGOUT_BYTES,
    answers={200: None},
    refusals=(LogoutTokenNotTrusted, SomeoneElseChangedIt),
    rate=LOGOUTS_PER_ADDRESS,
)
async def log_out_by_office(call: Call[None, None, schemas.ProviderPath]) -> None:
    """Signed out."""
    form = b"".join([chunk async for chunk in call.chunks()])
    await call.app[IDENTITY].back_channel_logouts.log_out(call.path.provider_id, form)


@api.post(
    "/v1/staff/office-links",
    summary="Ask to be linked with one's user at the provider of the office",
    description="For staff who have signed in with their password. The browser that gets the cookie of this answer "
    "goes to the address and comes back; then the head of the office, or for a head an operator, has to agree.",
    access=MEMBERS,
    body=schemas.AskLink,
    answers={200: schemas.BegunLinkView},
    refusals=(OfficeProviderUnknown, OfficeProviderDown, OfficeNotSpokenFor, OfficeUserLinkedAlready),
    rate=(LINKS_PER_CALLER, STAFF_LOGINS_PER_ADDRESS),
)
async def ask_office_link(call: Call[schemas.AskLink]) -> Answer:
    """The way to the provider."""
    begun = await call.app[IDENTITY].office_sign_ins.begin_link(call.caller, call.body.provider_id)
    return Answer(200, schemas.BegunLinkView.from_begun(begun), headers=_with_cookie(call, begun.cookie))


@api.get(
    "/v1/staff/office-links",
    summary="Links in a state, the oldest first: of the own office, or for operators of all",
    access=ADMINS,
    query=schemas.LinkQuery,
    answers={200: schemas.OfficeLinkListView},
    pages_by="link_id",
    refusals=(StaffNotInService,),
)
async def list_office_links(call: Call[None, schemas.LinkQuery]) -> schemas.OfficeLinkListView:
    """The links."""
    found = await call.app[IDENTITY].office_links.page(call.caller, call.query.state)
    return schemas.OfficeLinkListView(links=[schemas.OfficeLinkView.from_record(record) for record in found])


@api.post(
    "/v1/staff/office-links/{link_id}/approval",
    summary="Agree to a link that a member of one's staff has asked for",
    access=ADMINS,
    path_model=schemas.LinkPath,
    body=schemas.LinkDecision,
    answers={200: schemas.OfficeLinkView},
    refusals=_DECIDING,
    idempotent=True,
    rate=DECISIONS_PER_CALLER,
)
async def approve_office_link(call: Call[schemas.LinkDecision, None, schemas.LinkPath]) -> schemas.OfficeLinkView:
    """Linked."""
    links = call.app[IDENTITY].office_links
    return schemas.OfficeLinkView.from_record(await links.approve(call.caller, call.path.link_id, call.command_id))


@api.post(
    "/v1/staff/office-links/{link_id}/end",
    summary="End a link, or refuse one that is asked for; the member's sessions end",
    access=ADMINS,
    path_model=schemas.LinkPath,
    body=schemas.LinkDecision,
    answers={200: schemas.OfficeLinkView},
    refusals=_DECIDING,
    idempotent=True,
    rate=DECISIONS_PER_CALLER,
)
async def end_office_link(call: Call[schemas.LinkDecision, None, schemas.LinkPath]) -> schemas.OfficeLinkView:
    """Ended."""
    links = call.app[IDENTITY].office_links
    return schemas.OfficeLinkView.from_record(await links.end(call.caller, call.path.link_id, call.command_id))


def _is_encrypted(call: AnyCall) -> bool:
    return call.app[IDENTITY].public_url.startswith("https://")


def _cookie_name(call: AnyCall) -> str:
    """With the prefix by which browsers take it from this very host over https alone (RFC 6265bis, section 4.1.3)."""
    return "__Host-paspor-office" if _is_encrypted(call) else "paspor-office"


def _cookie(call: AnyCall) -> str | None:
    return call.request.cookies.get(_cookie_name(call))


def _with_cookie(call: AnyCall, value: str) -> Mapping[str, str]:
    """Return the headers that give the browser the cookie of a sign-in; no cache keeps them.

    Lax: the provider's redirect is a navigation from another site, and must bring the cookie along.
    """
    secure = "; Secure" if _is_encrypted(call) else ""
    cookie = f"{_cookie_name(call)}={value}; Path=/; Max-Age={SIGN_IN_SECONDS}; HttpOnly; SameSite=Lax{secure}"
    return {"Set-Cookie": cookie, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
