"""The tokens of a session over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from services.identity.sessions.credentials import Credentials
from shared.http.codes import OneOf
from shared.http.schema import View
from shared.tokens import Role


class TokensView(View):
    """A pair of tokens, shown to its owner alone."""

    account_id: str
    role: Annotated[str, OneOf(Role)]
    access_token: str
    refresh_token: str
    access_expires_at: datetime
    session_ends_at: datetime
    device_token: str = Field(
        description="Keep it on this device, also after signing out, and send it at the next sign-in: without it the "
        "device is a new one."
    )
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750: the scheme, no secret

    @classmethod
    def from_credentials(cls, credentials: Credentials) -> Self:
        """Return the view of credentials."""
        return cls(
            account_id=credentials.account_id,
            role=credentials.role.value,
            access_token=credentials.access_token,
            refresh_token=credentials.refresh_token,
            access_expires_at=credentials.access_expires_at,
            session_ends_at=credentials.session_ends_at,
            device_token=credentials.device_token,
        )
