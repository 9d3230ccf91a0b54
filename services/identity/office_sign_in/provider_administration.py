"""Providers administered by operators: proposed, changed and approved by two, stopped by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from services.identity.context import UseCaseContext
from services.identity.office_sign_in import provider as rules
from services.identity.office_sign_in.errors import (
    NoSuchProposal,
    OfficeProviderUnknown,
    ProviderAddressNotTaken,
    ProviderMatterPending,
    ProviderStateForbids,
)
from services.identity.office_sign_in.links import end_sessions
from services.identity.office_sign_in.provider import OfficeProvider, ProviderProposal, ProviderTerms
from services.identity.office_sign_in.repository import PROVIDER, OfficeSignInRepository
from services.identity.office_sign_in.vault import OfficeSignInVault
from services.identity.staff.administration import StaffAdmin
from services.identity.staff.errors import AskerGone, SecondOperatorNeeded
from services.identity.staff.powers import Post
from services.identity.staff.states import StaffState
from shared.errors import NotFound
from shared.http.outside import NotOutside, check_outside_url
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller


@dataclass(frozen=True)
class WantedTerms:
    """Terms as an operator writes them; without a secret a change keeps the one that is there."""

    terms: ProviderTerms
    client_secret: str | None = field(repr=False)


class ProviderAdmin:
    """The use cases of operators who administer providers."""

    def __init__(self, context: UseCaseContext, staff: StaffAdmin) -> None:
        self._context = context
        self._providers = OfficeSignInRepository(context)
        self._vault = OfficeSignInVault(context.seals)
        self._staff = staff

    async def propose(
        self, caller: Caller, issuer: str, wanted: WantedTerms, command_id: str
    ) -> Record[OfficeProvider]:
        """Return a provider that waits for a second operator; a repeat finds it.

        Raises:
            StaffNotInService: the caller is not an operator any more.
            ProviderAddressNotTaken: the issuer is no https address of the outside.
        """
        await self._refuse_retired(caller)
        try:
            check_outside_url(issuer, allow_loopback=self._context.settings.allows_loopback_providers)
        except NotOutside as wrong:
            raise ProviderAddressNotTaken(field="/issuer", reason=wrong.reason.value) from None
        provider_id = derived_id("office provider", command_id)
        terms = self._sealed(wanted, provider_id, "")
        now = self._context.now()
        provider = rules.propose_provider(issuer, terms, caller.account_id, command_id, now)
        try:
            return await self._context.store.insert(PROVIDER, provider_id, provider, now=now)
        except AlreadyExists:
            return await self._get(provider_id)

    async def page(self, caller: Caller) -> list[Record[OfficeProvider]]:
        """Return every provider.

        Raises:
            StaffNotInService.
        """
        await self._refuse_retired(caller)
        return await self._providers.providers()

    async def look_at(self, caller: Caller, provider_id: str) -> Record[OfficeProvider]:
        """Return one provider.

        Raises:
            StaffNotInService, OfficeProviderUnknown.
        """
        await self._refuse_retired(caller)
        return await self._get(provider_id)

    async def propose_change(
        self, caller: Caller, provider_id: str, wanted: WantedTerms, command_id: str
    ) -> Record[OfficeProvider]:
        """Return the provider with other terms that wait for a second operator.

        Raises:
            StaffNotInService, OfficeProviderUnknown, ProviderStateForbids.
            ProviderMatterPending: another proposal waits.
        """

        def decide(provider: OfficeProvider) -> OfficeProvider:
            if provider.proposal is not None:
                raise ProviderMatterPending()
            present = provider.terms.client_secret if provider.terms is not None else ""
            terms = self._sealed(wanted, provider_id, present)
            return rules.propose_change(provider, terms, caller.account_id, command_id, self._context.now())

        return await self._change(caller, provider_id, command_id, decide)

    async def approve(
        self, caller: Caller, provider_id: str, proposal_id: str, command_id: str
    ) -> Record[OfficeProvider]:
        """Return the provider under the proposal that another operator made and the caller has read.

        Raises:
            StaffNotInService, OfficeProviderUnknown, ProviderStateForbids, NoSuchProposal.
            SecondOperatorNeeded: the caller made the proposal.
            AskerGone: whoever made it is no operator any more.
        """
        await self._refuse_retired(caller)
        proposal = (await self._get(provider_id)).state.proposal
        if proposal is not None:
            await self._refuse_gone_asker(caller, proposal)

        def decide(provider: OfficeProvider) -> OfficeProvider:
            proposal = _proposal(provider, proposal_id)
            if proposal.asked_by == caller.account_id:
                raise SecondOperatorNeeded()
            return rules.approve_proposal(provider, proposal, command_id)

        return await self._change(caller, provider_id, command_id, decide)

    async def refuse(
        self, caller: Caller, provider_id: str, proposal_id: str, command_id: str
    ) -> Record[OfficeProvider]:
        """Return the provider without the proposal; the operator who made it may withdraw it so.

        Raises:
            StaffNotInService, OfficeProviderUnknown, ProviderStateForbids, NoSuchProposal.
        """

        def decide(provider: OfficeProvider) -> OfficeProvider:
            _proposal(provider, proposal_id)
            return rules.refuse_proposal(provider, command_id)

        return await self._change(caller, provider_id, command_id, decide)

    async def stop(self, caller: Caller, provider_id: str, command_id: str) -> Record[OfficeProvider]:
        """Return the provider stopped. Every session of the members linked there ends, also by a repeat after a crash.

        Raises:
            StaffNotInService, OfficeProviderUnknown, ProviderStateForbids.
        """
        record = await self._change(
            caller, provider_id, command_id, lambda provider: rules.stop_provider(provider, command_id)
        )
        async for staff_id in self._providers.linked_members(provider_id):
            await end_sessions(self._context, staff_id)
        return record

    async def _change(
        self, caller: Caller, provider_id: str, command_id: str, decide: Callable[[OfficeProvider], OfficeProvider]
    ) -> Record[OfficeProvider]:
        await self._refuse_retired(caller)

        def decide_once(provider: OfficeProvider) -> Decision[OfficeProvider] | None:
            if provider.last_command == command_id:
                return None
            try:
                return Decision(decide(provider))
            except IllegalTransition as illegal:
                raise ProviderStateForbids(state=illegal.state.value) from None

        try:
            return await change(self._context.store, self._context.clock, PROVIDER, provider_id, decide_once)
        except NotFound:
            raise OfficeProviderUnknown() from None

    async def _refuse_retired(self, caller: Caller) -> None:
        """Refuse a caller whose token says more than they are now."""
        await self._staff.get_member(caller, caller.account_id)

    async def _refuse_gone_asker(self, caller: Caller, proposal: ProviderProposal) -> None:
        asker = (await self._staff.get_member(caller, proposal.asked_by)).staff
        if (asker.state, asker.role) != (StaffState.ACTIVE, Post.OPERATOR):
            raise AskerGone()

    async def _get(self, provider_id: str) -> Record[OfficeProvider]:
        record = await self._providers.provider(provider_id)
        if record is None:
            raise OfficeProviderUnknown()
        return record

    def _sealed(self, wanted: WantedTerms, provider_id: str, present: str) -> ProviderTerms:
        if wanted.client_secret is None:
            return replace(wanted.terms, client_secret=present)
        return replace(wanted.terms, client_secret=self._vault.seal_client_secret(wanted.client_secret, provider_id))


def _proposal(provider: OfficeProvider, proposal_id: str) -> ProviderProposal:
    if provider.proposal is None or provider.proposal.id != proposal_id:
        raise NoSuchProposal()
    return provider.proposal
