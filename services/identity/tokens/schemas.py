"""Request and answer bodies of tokens."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from services.identity.field_types import MAX_TOKEN_CHARS
from shared.http.schema import Body, View


class RefreshToken(Body):
    """A refresh token as it was given."""

    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TOKEN_CHARS)]


class JwkView(View):
    """One public key (RFC 7517)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class JwksView(View):
    """The public keys that tokens are checked with."""

    keys: list[JwkView]

    @classmethod
    def from_key_set(cls, jwks: dict[str, Any]) -> JwksView:
        """Return the view of a key set."""
        return cls.model_validate(jwks)


class AuthorizationServerView(View):
    """The facts of identity that a client may know before it signs in (RFC 8414, section 2)."""

    issuer: str = Field(description="What tokens carry as iss.", examples=["https://paspor.example.org"])
    jwks_uri: str
    response_types_supported: list[str] = Field(description="None: there is no authorization endpoint.")
    grant_types_supported: list[str] = Field(description="None: people sign in by one-time code or password.")
    access_token_signing_alg_values_supported: list[str]
    ui_locales_supported: list[str]
    service_documentation: str
