"""A sign-in that was begun: a signed cookie of the browser holds all of it, so that beginning one stores nothing.

State, nonce and PKCE verifier (RFC 7636) are keyed hashes of a secret in the cookie: without that browser's cookie a
code and its state are worth nothing, and neither database nor keys alone make them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from services.identity.sessions.signed_text import SignedText
from shared.crypto.framing import framed
from shared.crypto.keyring import Keyring

_PARTS: Final = 5


@dataclass(frozen=True)
class SignInAttempt:
    """A sign-in at a provider that began in one browser and ends at ``until``; whole seconds.

    ``staff_id`` is the member who, signed in already, wants to be linked; empty for a sign-in.
    """

    id: str
    secret: str = field(repr=False)
    provider_id: str
    staff_id: str
    until: datetime

    @property
    def state(self) -> str:
        """The ``state`` that the provider sends back."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """The ``nonce`` that the ID token carries."""
        return self._derived("nonce")

    @property
    def code_verifier(self) -> str:
        """The PKCE verifier: 43 characters, 256 bits."""
        return self._derived("code verifier")

    @property
    def code_challenge(self) -> str:
        """The PKCE challenge of method S256."""
        return _encode(hashlib.sha256(self.code_verifier.encode()).digest())

    def _derived(self, purpose: str) -> str:
        return _encode(hmac.new(self.secret.encode(), framed(purpose, self.id), hashlib.sha256).digest())


class SignInCookies:
    """Makes and reads the cookies of sign-ins."""

    def __init__(self, keyring: Keyring) -> None:
        self._signed = SignedText(keyring, "po1", _PARTS)

    def make(self, attempt: SignInAttempt) -> str:
        """Return the value of the cookie."""
        until = str(int(attempt.until.timestamp()))
        return self._signed.sign(attempt.id, attempt.secret, attempt.provider_id, attempt.staff_id, until)

    def read(self, value: str | None, now: datetime) -> SignInAttempt | None:
        """Return the sign-in of a cookie; None if it is over or was not made here."""
        parts = self._signed.read(value) if value else None
        if parts is None or now.timestamp() >= int(parts[4]):
            return None
        attempt_id, secret, provider_id, staff_id, until = parts
        return SignInAttempt(attempt_id, secret, provider_id, staff_id, datetime.fromtimestamp(int(until), UTC))


def _encode(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
