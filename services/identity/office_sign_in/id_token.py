"""The check of an ID token (OpenID Connect Core, section 3.1.3.7)."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

VerifyingKey = ECKey | RSAKey | OKPKey

CLOCK_LEEWAY_SECONDS: Final = 30
"""Difference between the clocks of an office and ours that is borne."""

OLDEST_SECONDS: Final = 600
"""Age of an ID token from which on it was not issued for a sign-in of now."""

LONGEST_SUBJECT: Final = 255
"""ASCII characters of a subject (OpenID Connect Core, section 2)."""

_KEY_TYPES: Final = {"ES256": ECKey, "RS256": RSAKey, "PS256": RSAKey, "EdDSA": OKPKey}


class IdTokenWrong(Exception):
    """The token, for signing in or out, proves nothing; ``reason`` is a stable code that says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Expected:
    """The values that an ID token must have."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    user_claim: str
    authenticated_since: datetime
    """The user must have authenticated to the provider at this moment or later."""


@dataclass(frozen=True)
class ProvedUser:
    """The user whom an ID token proves."""

    subject: str = field(repr=False)
    user_name: str | None = field(repr=False)
    acr: str | None
    amr: tuple[str, ...]
    sid: str | None = field(default=None, repr=False)
    """The user's session at the provider (OpenID Connect Front-Channel Logout 1.0, section 3), where it names one."""


def read_key_id(token: str, algorithms: Collection[str]) -> tuple[str, str | None]:
    """Return the algorithm and key id of a token, which nothing has verified yet.

    Raises:
        IdTokenWrong: it is no signed token, or its algorithm is not one of these.
    """
    try:
        header: dict[str, Any] = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, RecursionError):
        raise IdTokenWrong("unreadable") from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise IdTokenWrong("algorithm")
    if key_id is not None and not isinstance(key_id, str):
        raise IdTokenWrong("unreadable")
    return algorithm, key_id


def check_id_token(token: str, key: VerifyingKey, algorithm: str, expected: Expected, now: datetime) -> ProvedUser:
    """Return the user whom the token proves.

    Raises:
        IdTokenWrong: signature or a claim is not as it must be.
    """
    _, claims = verify_token(token, key, algorithm)
    _check_claims(claims, expected, now)
    name = claims.get(expected.user_claim)
    acr, amr, sid = claims.get("acr"), claims.get("amr"), claims.get("sid")
    return ProvedUser(
        subject=claims["sub"],
        user_name=name if isinstance(name, str) else None,
        acr=acr if isinstance(acr, str) else None,
        amr=tuple(method for method in amr if isinstance(method, str)) if isinstance(amr, list) else (),
        sid=sid if isinstance(sid, str) and is_short_text(sid) else None,
    )


def verify_token(token: str, key: VerifyingKey, algorithm: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token that this key has signed; no claim is looked at yet.

    Raises:
        IdTokenWrong: it has not.
    """
    if not isinstance(key, _KEY_TYPES[algorithm]):
        raise IdTokenWrong("signature")
    try:
        verified = jwt.decode(token, key, algorithms=[algorithm])
    except (JoseError, ValueError, RecursionError):
        raise IdTokenWrong("signature") from None
    return verified.header, verified.claims


def is_short_text(text: str) -> bool:
    """Return whether it can be the id of a user, of their session or of a token."""
    return text.isascii() and 0 < len(text) <= LONGEST_SUBJECT


def _check_claims(claims: dict[str, Any], expected: Expected, now: datetime) -> None:
    seconds = int(now.timestamp())
    registry = jwt.JWTClaimsRegistry(
        now=seconds,
        leeway=CLOCK_LEEWAY_SECONDS,
        iss={"essential": True, "value": expected.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
        auth_time={"essential": True},
    )
    try:
        registry.validate(claims)
    except JoseError as wrong:
        raise IdTokenWrong(getattr(wrong, "claim", None) or "claims") from None
    is_for_several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    since = expected.authenticated_since.timestamp() - CLOCK_LEEWAY_SECONDS
    rules = {
        "sub": is_short_text(claims["sub"]),
        "azp": claims.get("azp", None if is_for_several else expected.client_id) == expected.client_id,
        "iat": claims["iat"] > seconds - OLDEST_SECONDS,
        "nonce": isinstance(claims["nonce"], str)
        and hmac.compare_digest(claims["nonce"].encode("utf-8", "replace"), expected.nonce.encode()),
        "auth_time": _is_number(claims["auth_time"]) and claims["auth_time"] >= since,
    }
    for claim, holds in rules.items():
        if not holds:
            raise IdTokenWrong(claim)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
