"""Request and answer bodies of the administration of providers. A client secret goes in and is never shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from services.identity.office_sign_in.provider import (
    IdTokenAlgorithm,
    OfficeProvider,
    ProviderProposal,
    ProviderState,
    ProviderTerms,
)
from services.identity.office_sign_in.provider_administration import WantedTerms
from services.identity.staff.admin_schemas import OfficeId, ReasonWord
from shared.http.outside import LONGEST_URL
from shared.http.paging import ListView
from shared.http.schema import Body, View
from shared.store.kinds import Record

MOST_OFFICES_OF_A_PROVIDER = 200
"""Offices that one provider speaks for: a region's have one together."""

MOST_VALUES = 10
"""Values of `acr` or `amr`: a provider has a handful."""

Issuer = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)]
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
ClientSecret = Annotated[SecretStr, Field(min_length=16, max_length=256)]
ClaimName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_:/.-]*$")]
MethodValue = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
MethodValues = Annotated[list[MethodValue], Field(max_length=MOST_VALUES)]
AlgorithmWord = Annotated[IdTokenAlgorithm, Field(strict=False)]
ProposalId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]


class TermsBody(Body):
    """The terms under which a provider is to speak for staff."""

    name: Annotated[str, StringConstraints(min_length=3, max_length=80)] = Field(examples=["Kanim Jakarta Selatan"])
    client_id: ClientId = Field(examples=["paspor"])
    offices: Annotated[list[OfficeId], Field(min_length=1, max_length=MOST_OFFICES_OF_A_PROVIDER)] = Field(
        examples=[["jakarta-selatan"]]
    )
    user_claim: ClaimName = "preferred_username"
    algorithms: Annotated[list[AlgorithmWord], Field(min_length=1, max_length=len(IdTokenAlgorithm))] = Field(
        examples=[["ES256"]]
    )
    acr_values: MethodValues = Field(default_factory=list, description="Each proves a second factor.")
    amr_values: MethodValues = Field(
        default_factory=list, description="Each proves a second factor.", examples=[["mfa"]]
    )
    links_by_user_name: bool = Field(
        False,
        description="Whether counter staff are linked at their first sign-in if the claim is their user name here. "
        "Only where nobody can change their own user name at the provider.",
    )
    allows_passwords: bool = Field(True, description="Whether linked members may still sign in with a password.")

    def terms(self) -> ProviderTerms:
        """Return the terms, without the client secret."""
        return ProviderTerms(
            name=self.name,
            client_id=self.client_id,
            client_secret="",
            offices=tuple(dict.fromkeys(self.offices)),
            user_claim=self.user_claim,
            algorithms=tuple(dict.fromkeys(self.algorithms)),
            acr_values=tuple(dict.fromkeys(self.acr_values)),
            amr_values=tuple(dict.fromkeys(self.amr_values)),
            links_by_user_name=self.links_by_user_name,
            allows_passwords=self.allows_passwords,
        )


class NewProvider(TermsBody):
    """A provider to be proposed."""

    issuer: Issuer = Field(examples=["https://masuk.example.org"])
    client_secret: ClientSecret

    def wanted(self) -> WantedTerms:
        """Return the terms with the secret."""
        return WantedTerms(self.terms(), self.client_secret.get_secret_value())


class ChangedTerms(TermsBody):
    """Other terms for a provider; without a client secret the present one stays. The issuer never changes."""

    client_secret: ClientSecret | None = None

    def wanted(self) -> WantedTerms:
        """Return the terms with the secret, if there is a new one."""
        return WantedTerms(self.terms(), self.client_secret.get_secret_value() if self.client_secret else None)


class ProposalDecision(Body):
    """The proposal that was read, and the reason of the decision."""

    proposal_id: ProposalId
    reason: ReasonWord = Field(examples=["new_post"])


class StopProvider(Body):
    """The reason why a provider is stopped."""

    reason: ReasonWord = Field(examples=["suspected_misuse"])


class TermsView(View):
    """Terms of a provider, without the client secret."""

    name: str
    client_id: str
    offices: tuple[str, ...]
    user_claim: str
    algorithms: tuple[IdTokenAlgorithm, ...]
    acr_values: tuple[str, ...]
    amr_values: tuple[str, ...]
    links_by_user_name: bool
    allows_passwords: bool

    @classmethod
    def from_terms(cls, terms: ProviderTerms) -> TermsView:
        """Return the view of terms."""
        return cls.model_validate(terms, from_attributes=True)


class ProposalView(View):
    """Terms that wait for a second operator."""

    proposal_id: str
    terms: TermsView
    asked_by: str
    asked_at: datetime
    changes_secret: bool

    @classmethod
    def from_proposal(cls, proposal: ProviderProposal, present: ProviderTerms | None) -> ProposalView:
        """Return the view of a proposal beside the present terms."""
        return cls(
            proposal_id=proposal.id,
            terms=TermsView.from_terms(proposal.terms),
            asked_by=proposal.asked_by,
            asked_at=proposal.asked_at,
            changes_secret=present is None or present.client_secret != proposal.terms.client_secret,
        )


class OfficeProviderView(View):
    """A provider of offices."""

    provider_id: str
    issuer: str
    redirect_uri: str = Field(description="To be registered at the provider, letter by letter.")
    backchannel_logout_uri: str = Field(
        description="To be registered at the provider as `backchannel_logout_uri`, with "
        "`backchannel_logout_session_required`: whoever leaves there is signed out here at once."
    )
    state: ProviderState
    terms: TermsView | None = Field(description="None while it is only proposed.")
    proposal: ProposalView | None

    @classmethod
    def from_record(
        cls, record: Record[OfficeProvider], redirect_uri: str, backchannel_logout_uri: str
    ) -> OfficeProviderView:
        """Return the view of a provider."""
        provider = record.state
        return cls(
            provider_id=record.id,
            issuer=provider.issuer,
            redirect_uri=redirect_uri,
            backchannel_logout_uri=backchannel_logout_uri,
            state=provider.state,
            terms=TermsView.from_terms(provider.terms) if provider.terms else None,
            proposal=ProposalView.from_proposal(provider.proposal, provider.terms) if provider.proposal else None,
        )


class OfficeProviderListView(ListView):
    """All providers."""

    providers: list[OfficeProviderView]
