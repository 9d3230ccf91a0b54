"""The check of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError

from services.identity.office_sign_in.id_token import (
    CLOCK_LEEWAY_SECONDS,
    OLDEST_SECONDS,
    IdTokenWrong,
    VerifyingKey,
    is_short_text,
    verify_token,
)

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
"""The member of ``events`` that makes a token a logout token."""

TYPES: Final = frozenset({"logout+jwt", "jwt"})
"""Types that its header may name, in small letters: section 2.4 recommends the first, others have the second."""

REMEMBERED_SECONDS: Final = OLDEST_SECONDS + 2 * CLOCK_LEEWAY_SECONDS
"""How long the id of a token is remembered: from then on its ``iat`` is too old."""


@dataclass(frozen=True)
class LogoutOrder:
    """The word of a provider that a user has left: all their sessions, or the one named ``sid``; ``id`` counts once."""

    id: str
    subject: str | None = field(repr=False)
    sid: str | None = field(repr=False)


def check_logout_token(
    token: str, key: VerifyingKey, algorithm: str, issuer: str, client_id: str, now: datetime
) -> LogoutOrder:
    """Return what the token says; whether it came before is not looked at.

    Raises:
        IdTokenWrong: signature, type or a claim is not as it must be.
    """
    header, claims = verify_token(token, key, algorithm)
    typ = header.get("typ", "JWT")
    if not isinstance(typ, str) or typ.lower() not in TYPES:
        raise IdTokenWrong("typ")
    _check_claims(claims, issuer, client_id, now)
    return LogoutOrder(claims["jti"], claims.get("sub"), claims.get("sid"))


def _check_claims(claims: dict[str, Any], issuer: str, client_id: str, now: datetime) -> None:
    seconds = int(now.timestamp())
    registry = jwt.JWTClaimsRegistry(
        now=seconds,
        leeway=CLOCK_LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(claims)
    except JoseError as wrong:
        raise IdTokenWrong(getattr(wrong, "claim", None) or "claims") from None
    events = claims.get("events")
    named = [claims[name] for name in ("sub", "sid") if name in claims]
    rules = {
        "iat": claims["iat"] > seconds - OLDEST_SECONDS,
        "jti": _is_id(claims.get("jti")),
        "events": isinstance(events, dict) and isinstance(events.get(EVENT), dict),
        "sub": bool(named) and all(map(_is_id, named)),
        "nonce": "nonce" not in claims,
    }
    for claim, holds in rules.items():
        if not holds:
            raise IdTokenWrong(claim)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and is_short_text(value)
