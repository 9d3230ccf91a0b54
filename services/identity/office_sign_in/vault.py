"""The client secrets of providers, sealed, and the subjects of links, known by fingerprints alone."""

from __future__ import annotations

from typing import Final

from services.identity.seals import Seals
from shared.ids import derived_id

_CLIENT_SECRET: Final = "office_client_secret"  # noqa: S105 - the name of a field, no secret
_SUBJECT: Final = "office_subject"


class OfficeSignInVault:
    """Seals client secrets and recognises subjects."""

    def __init__(self, seals: Seals) -> None:
        self._cipher = seals.cipher
        self._fingerprints = seals.fingerprints

    def seal_client_secret(self, secret: str, provider_id: str) -> str:
        """Return the stored form of the client secret of a provider."""
        return self._cipher.seal(secret, owner_id=provider_id, field=_CLIENT_SECRET)

    def open_client_secret(self, sealed: str, provider_id: str) -> str:
        """Return the client secret of a provider."""
        return self._cipher.open(sealed, owner_id=provider_id, field=_CLIENT_SECRET)

    def subjects(self, provider_id: str, subject: str) -> tuple[str, ...]:
        """Return the fingerprints of a subject at a provider, the current key's first."""
        return self._fingerprints.all(derived_id("office subject", provider_id, subject), _SUBJECT)
