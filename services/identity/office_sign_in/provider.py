"""The OpenID Connect provider of offices: proposed by one operator, agreed to by another, changed and stopped."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions


class IdTokenAlgorithm(StrEnum):
    """Signatures of ID tokens that can be allowed: all with a public key, so that the client secret signs nothing."""

    ES256 = "ES256"
    RS256 = "RS256"
    PS256 = "PS256"
    EDDSA = "EdDSA"


class ProviderState(StrEnum):
    """States of a provider."""

    PROPOSED = "proposed"
    """Asked for by one operator; another one has to agree."""
    ACTIVE = "active"
    STOPPED = "stopped"
    REFUSED = "refused"


class ProviderCommand(StrEnum):
    """Commands on a provider."""

    CHANGE = "change"
    APPROVE = "approve"
    REFUSE = "refuse"
    STOP = "stop"


PROVIDER_TRANSITIONS: Final[Transitions[ProviderState, ProviderCommand]] = Transitions(
    {
        (ProviderState.PROPOSED, ProviderCommand.APPROVE): ProviderState.ACTIVE,
        (ProviderState.PROPOSED, ProviderCommand.REFUSE): ProviderState.REFUSED,
        (ProviderState.ACTIVE, ProviderCommand.CHANGE): ProviderState.ACTIVE,
        (ProviderState.ACTIVE, ProviderCommand.APPROVE): ProviderState.ACTIVE,
        (ProviderState.ACTIVE, ProviderCommand.REFUSE): ProviderState.ACTIVE,
        (ProviderState.ACTIVE, ProviderCommand.STOP): ProviderState.STOPPED,
        (ProviderState.STOPPED, ProviderCommand.CHANGE): ProviderState.STOPPED,
        (ProviderState.STOPPED, ProviderCommand.APPROVE): ProviderState.ACTIVE,
        (ProviderState.STOPPED, ProviderCommand.REFUSE): ProviderState.STOPPED,
    }
)
"""Stopping takes one operator, and works at once: it takes power away. Whatever gives it takes two."""


@dataclass(frozen=True)
class ProviderTerms:
    """The terms under which a provider speaks for staff. ``client_secret`` is sealed."""

    name: str
    client_id: str
    client_secret: str = field(repr=False)
    offices: tuple[str, ...]
    """The offices whose members it may sign in."""
    user_claim: str
    """The claim of the ID token that names the user."""
    algorithms: tuple[IdTokenAlgorithm, ...]
    acr_values: tuple[str, ...] = ()
    """Values of ``acr`` each of which proves a second factor."""
    amr_values: tuple[str, ...] = ()
    """Values of ``amr`` each of which proves a second factor."""
    links_by_user_name: bool = False
    """Whether a member is linked at the first sign-in if their user name here is the one that the token names."""
    allows_passwords: bool = True
    """Whether a member who is linked may still sign in with a password, as when the provider is down."""


@dataclass(frozen=True)
class ProviderProposal:
    """Terms that wait for a second operator."""

    id: str
    terms: ProviderTerms
    asked_by: str
    asked_at: datetime


@dataclass(frozen=True)
class OfficeProvider:
    """A provider. Its issuer never changes: the subjects of its links are the issuer's own.

    ``last_command`` is the command that took effect last, so that a repeat is known.
    """

    issuer: str
    state: ProviderState
    terms: ProviderTerms | None
    proposal: ProviderProposal | None
    last_command: str

    def speaks_for(self, office_id: str | None) -> bool:
        """Return whether it may sign members of this office in."""
        is_active = self.state is ProviderState.ACTIVE and self.terms is not None
        return is_active and self.terms is not None and office_id in self.terms.offices


def propose_provider(issuer: str, terms: ProviderTerms, by: str, command_id: str, now: datetime) -> OfficeProvider:
    """Return a provider that waits for a second operator."""
    proposal = ProviderProposal(command_id, terms, by, now)
    return OfficeProvider(issuer, ProviderState.PROPOSED, None, proposal, command_id)


def propose_change(
    provider: OfficeProvider, terms: ProviderTerms, by: str, command_id: str, now: datetime
) -> OfficeProvider:
    """Return the provider with other terms that wait for a second operator; until then the present ones count.

    Raises:
        IllegalTransition: it was refused, or is only proposed itself.
    """
    state = PROVIDER_TRANSITIONS.after(provider.state, ProviderCommand.CHANGE)
    proposal = ProviderProposal(command_id, terms, by, now)
    return replace(provider, state=state, proposal=proposal, last_command=command_id)


def approve_proposal(provider: OfficeProvider, proposal: ProviderProposal, command_id: str) -> OfficeProvider:
    """Return the provider under the proposed terms.

    Raises:
        IllegalTransition: it was refused.
    """
    state = PROVIDER_TRANSITIONS.after(provider.state, ProviderCommand.APPROVE)
    return replace(provider, state=state, terms=proposal.terms, proposal=None, last_command=command_id)


def refuse_proposal(provider: OfficeProvider, command_id: str) -> OfficeProvider:
    """Return the provider without the proposal; one that was only proposed is refused for good.

    Raises:
        IllegalTransition: it was refused.
    """
    state = PROVIDER_TRANSITIONS.after(provider.state, ProviderCommand.REFUSE)
    return replace(provider, state=state, proposal=None, last_command=command_id)


def stop_provider(provider: OfficeProvider, command_id: str) -> OfficeProvider:
    """Return the provider stopped, without what was proposed.

    Raises:
        IllegalTransition: it is not active.
    """
    state = PROVIDER_TRANSITIONS.after(provider.state, ProviderCommand.STOP)
    return replace(provider, state=state, proposal=None, last_command=command_id)


def proves_second_factor(terms: ProviderTerms, acr: str | None, amr: Collection[str]) -> bool:
    """Return whether the provider's word on how it authenticated somebody proves a second factor under these terms."""
    return acr in terms.acr_values or not set(amr).isdisjoint(terms.amr_values)
