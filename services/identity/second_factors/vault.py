"""Secrets and names of second factors: sealed; recovery codes: hashed; the token between two steps: signed."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.second_factors.factors import SecondFactors
from services.identity.sessions.signed_text import SignedText
from shared.randomness import Randomness

_SECRET: Final = "totp_secret"  # noqa: S105 - the name of a field, no secret
_NAME: Final = "second_factor_name"

RECOVERY_CODES: Final = 10
_RECOVERY_BYTES: Final = 10
_GROUP: Final = 4
"""Sixteen letters are 80 bits; in groups of four they can be written down and typed."""

_MARK_CHARS: Final = 32


class SecondFactorVault:
    """Seals and opens what belongs to second factors."""

    def __init__(self, context: UseCaseContext) -> None:
        self._cipher = context.seals.cipher
        self._codes = context.seals.codes
        self._login_tokens = SignedText(context.settings.fingerprint_keyring(), "pl1", 2)

    def seal_secret(self, secret: str, staff_id: str) -> str:
        """Return the stored form of an authenticator's secret."""
        return self._cipher.seal(secret, owner_id=staff_id, field=_SECRET)

    def secret(self, sealed: str, staff_id: str) -> str:
        """Return an authenticator's secret, base32."""
        return self._cipher.open(sealed, owner_id=staff_id, field=_SECRET)

    def seal_name(self, name: str, staff_id: str) -> str:
        """Return the stored form of the name that a member gave a factor."""
        return self._cipher.seal(name, owner_id=staff_id, field=_NAME)

    def name(self, sealed: str, staff_id: str) -> str:
        """Return the name of a factor."""
        return self._cipher.open(sealed, owner_id=staff_id, field=_NAME)

    def is_current(self, factors: SecondFactors) -> bool:
        """Return whether all secrets and names are sealed by the current master key. Offers end within minutes."""
        sealed = [*(totp.secret for totp in factors.totps), *(factor.name for factor in factors.enrolled)]
        return not any(self._cipher.needs_rotation(value) for value in sealed)

    async def turned(self, staff_id: str, factors: SecondFactors) -> SecondFactors:
        """Return the factors with all secrets and names sealed by the current master key."""
        return replace(
            factors,
            totps=tuple(
                replace(
                    totp,
                    name=self._name_again(totp.name, staff_id),
                    secret=self.seal_secret(self.secret(totp.secret, staff_id), staff_id),
                )
                for totp in factors.totps
            ),
            passkeys=tuple(
                replace(passkey, name=self._name_again(passkey.name, staff_id)) for passkey in factors.passkeys
            ),
        )

    def _name_again(self, sealed: str, staff_id: str) -> str:
        return self.seal_name(self.name(sealed, staff_id), staff_id)

    def hash_recovery_code(self, code: str, staff_id: str) -> str:
        """Return the stored form of a recovery code."""
        return self._codes.hash(plain_recovery_code(code), f"recovery {staff_id}")

    def find_recovery_code(self, code: str, staff_id: str, hashes: tuple[str, ...]) -> str | None:
        """Return the hash of this recovery code among those that are left, or None."""
        plain, bound_to = plain_recovery_code(code), f"recovery {staff_id}"
        return next((hashed for hashed in hashes if self._codes.matches(plain, bound_to, hashed)), None)

    def login_token(self, staff_id: str, login_id: str) -> str:
        """Return the token of a sign-in whose password was right."""
        return self._login_tokens.sign(staff_id, login_id)

    def read_login_token(self, token: str) -> tuple[str, str] | None:
        """Return the ids of member and sign-in; None for a token that was not made here."""
        parts = self._login_tokens.read(token)
        return (parts[0], parts[1]) if parts is not None else None


def new_recovery_codes(randomness: Randomness) -> tuple[str, ...]:
    """Return ten codes as they are shown."""
    return tuple(_new_recovery_code(randomness) for _ in range(RECOVERY_CODES))


def plain_recovery_code(text: str) -> str:
    """Return a recovery code without what grouped it, in the form that is hashed."""
    return "".join(sign for sign in text.lower() if sign.isalnum())


def mark_of(password_hash: str) -> str:
    """Return what stands for a password while a sign-in waits: a step begun with another one is over."""
    return hashlib.sha256(password_hash.encode()).hexdigest()[:_MARK_CHARS]


def _new_recovery_code(randomness: Randomness) -> str:
    drawn = base64.urlsafe_b64decode(randomness.token(_RECOVERY_BYTES) + "==")
    text = base64.b32encode(drawn).decode().lower()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
