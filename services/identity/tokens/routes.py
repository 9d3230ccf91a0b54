"""The endpoints of tokens: refresh, sign-out, public keys, discovery."""

from __future__ import annotations

from services.identity.http import IDENTITY, LINKS_PER_ADDRESS, TRIES_PER_ADDRESS
from services.identity.page import PAGE_HEADERS, PageLanguage
from services.identity.sessions.schemas import TokensView
from services.identity.tokens.disown_page import disown_page
from services.identity.tokens.disowning import DisownStep
from services.identity.tokens.errors import RefreshTokenInvalid, SessionEnded
from services.identity.tokens.schemas import AuthorizationServerView, JwksView, RefreshToken
from shared.http.call import HTML, Answer, Call
from shared.http.endpoint import PUBLIC, Endpoints
from shared.tokens import ALGORITHM

api = Endpoints("signing in")


@api.post(
    "/v1/tokens/refresh",
    summary="Get new tokens with the refresh token",
    description="The refresh token changes with each use. If the answer was lost, repeat with the old one within a "
    "minute; later use of an old one ends the session.",
    access=PUBLIC,
    body=RefreshToken,
    answers={200: TokensView},
    refusals=(RefreshTokenInvalid, SessionEnded),
    rate=TRIES_PER_ADDRESS,
)
async def refresh(call: Call[RefreshToken]) -> TokensView:
    """Rotate the refresh token."""
    return TokensView.from_credentials(await call.app[IDENTITY].sessions.refresh(call.body.refresh_token))


@api.post(
    "/v1/tokens/revoke",
    summary="Sign out",
    access=PUBLIC,
    body=RefreshToken,
    answers={204: None},
    refusals=(RefreshTokenInvalid, SessionEnded),
    rate=TRIES_PER_ADDRESS,
)
async def revoke(call: Call[RefreshToken]) -> None:
    """End the session."""
    await call.app[IDENTITY].sessions.revoke(call.body.refresh_token)


@api.get(
    "/v1/logins/{link}/disown",
    summary="The page behind the link that disowns a sign-in on a new device",
    description="For browsers, without scripts. Looking changes nothing: mail programs open links by themselves.",
    access=PUBLIC,
    query=PageLanguage,
    answers={200: HTML},
    rate=LINKS_PER_ADDRESS,
)
async def show_disowning(call: Call[None, PageLanguage]) -> Answer:
    """The page that asks whether to disown."""
    return _disown_page(call, await call.app[IDENTITY].disowning.look_at(call.path["link"]))


@api.post(
    "/v1/logins/{link}/disown",
    summary="Disown a sign-in on a new device",
    description="Every session is ended and every device is a new one. A repeat finds it done.",
    access=PUBLIC,
    query=PageLanguage,
    answers={200: HTML},
    rate=LINKS_PER_ADDRESS,
)
async def disown_sign_in(call: Call[None, PageLanguage]) -> Answer:
    """End every session, and the page that says so."""
    return _disown_page(call, await call.app[IDENTITY].disowning.disown(call.path["link"]))


def _disown_page(call: Call[None, PageLanguage], step: DisownStep) -> Answer:
    is_for_staff = call.app[IDENTITY].disowning.is_for_staff(call.path["link"])
    page = disown_page(step, call.query.language or call.language, is_for_staff=is_for_staff)
    return Answer(200, page, headers=PAGE_HEADERS)


@api.get(
    "/v1/.well-known/jwks.json",
    summary="The public keys that tokens are checked with",
    access=PUBLIC,
    answers={200: JwksView},
)
async def publish_keys(call: Call) -> Answer:
    """The JWK set."""
    keys = JwksView.from_key_set(call.app[IDENTITY].issuer.jwks())
    return Answer(200, keys, headers={"Cache-Control": "public, max-age=60"})


@api.get(
    "/v1/.well-known/oauth-authorization-server",
    summary="What identity offers to clients, as RFC 8414 writes it",
    description="The gateway shows it at /.well-known/oauth-authorization-server too, where RFC 8414 looks for it.",
    access=PUBLIC,
    answers={200: AuthorizationServerView},
)
async def describe_authorization_server(call: Call) -> Answer:
    """The discovery document."""
    identity = call.app[IDENTITY]
    public_url = identity.public_url
    shown = AuthorizationServerView(
        issuer=identity.issuer.issuer,
        jwks_uri=f"{public_url}/v1/.well-known/jwks.json",
        response_types_supported=[],
        grant_types_supported=[],
        access_token_signing_alg_values_supported=[ALGORITHM],
        ui_locales_supported=["id", "en"],
        service_documentation=f"{public_url}/identity/v1/openapi.json",
    )
    return Answer(200, shown, headers={"Cache-Control": "public, max-age=300"})
