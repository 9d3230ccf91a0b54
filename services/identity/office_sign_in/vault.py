"""The client secrets of providers and the subjects of links, sealed; subjects are found by fingerprints."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.identity.office_sign_in.link import OfficeLink
from services.identity.office_sign_in.provider import OfficeProvider, ProviderTerms
from services.identity.seals import Seals
from shared.ids import derived_id

_CLIENT_SECRET: Final = "office_client_secret"  # noqa: S105 - the name of a field, no secret
_SUBJECT: Final = "office_subject"
_SID: Final = "office_sid"


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

    def is_current(self, provider: OfficeProvider) -> bool:
        """Return whether its client secrets are sealed by the current master key."""
        terms = (provider.terms, provider.proposal.terms if provider.proposal is not None else None)
        return not any(self._cipher.needs_rotation(part.client_secret) for part in terms if part is not None)

    async def turned(self, provider_id: str, provider: OfficeProvider) -> OfficeProvider:
        """Return the provider with its client secrets sealed by the current master key."""

        def sealed_now(terms: ProviderTerms) -> ProviderTerms:
            secret = self.open_client_secret(terms.client_secret, provider_id)
            return replace(terms, client_secret=self.seal_client_secret(secret, provider_id))

        proposal = provider.proposal
        return replace(
            provider,
            terms=sealed_now(provider.terms) if provider.terms is not None else None,
            proposal=replace(proposal, terms=sealed_now(proposal.terms)) if proposal is not None else None,
        )

    def subjects(self, provider_id: str, subject: str) -> tuple[str, ...]:
        """Return the fingerprints of a subject at a provider, the current key's first."""
        return self._fingerprints.all(derived_id("office subject", provider_id, subject), _SUBJECT)

    def sids(self, provider_id: str, sid: str) -> tuple[str, ...]:
        """Return the fingerprints of a user's session at a provider, the current key's first."""
        return self._fingerprints.all(derived_id("office session", provider_id, sid), _SID)

    def with_subject(self, link_id: str, link: OfficeLink, subject: str) -> OfficeLink:
        """Return the link with this subject, sealed and found under the present keys."""
        sealed = self._cipher.seal(subject, owner_id=link_id, field=_SUBJECT)
        return replace(link, subjects=self.subjects(link.provider_id, subject), subject_sealed=sealed)

    def is_link_current(self, link: OfficeLink) -> bool:
        """Return whether the subject of a live link is sealed and found under the present keys; ended ones need not."""
        sealed = link.subject_sealed
        is_sealed_now = sealed is None or not self._cipher.needs_rotation(sealed)
        return not link.live or (is_sealed_now and not self._fingerprints.need_rotation(link.subjects))

    async def link_turned(self, link_id: str, link: OfficeLink) -> OfficeLink:
        """Return the link with its subject under the present keys; one whose subject was not kept stays as it is."""
        if link.subject_sealed is None:
            return link
        return self.with_subject(
            link_id, link, self._cipher.open(link.subject_sealed, owner_id=link_id, field=_SUBJECT)
        )
