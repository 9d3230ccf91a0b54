"""Links between members of staff and their users at a provider: agreed to by who administers them, and ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from services.identity.context import UseCaseContext
from services.identity.office_sign_in import link as rules
from services.identity.office_sign_in.errors import OfficeLinkStateForbids, OfficeLinkUnknown
from services.identity.office_sign_in.link import OfficeLink, OfficeLinkState
from services.identity.office_sign_in.repository import OFFICE_LINK, OfficeSignInRepository
from services.identity.staff import powers
from services.identity.staff.administration import StaffAdmin
from services.identity.staff.errors import NotOnYourself, RoleNotYours
from services.identity.staff.powers import Post
from services.identity.staff.repository import StaffRepository
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.retry import again
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller


class OfficeLinks:
    """The use cases of heads of offices and operators who look after links."""

    def __init__(self, context: UseCaseContext, staff: StaffAdmin) -> None:
        self._context = context
        self._links = OfficeSignInRepository(context)
        self._staff = staff

    async def page(self, caller: Caller, state: OfficeLinkState) -> list[Record[OfficeLink]]:
        """Return the links in this state, oldest first: of the caller's office, or for operators of all.

        Raises:
            StaffNotInService.
        """
        await self._staff.get_member(caller, caller.account_id)
        return await self._links.links(caller.office_id, state)

    async def approve(self, caller: Caller, link_id: str, command_id: str) -> Record[OfficeLink]:
        """Return the link made.

        Raises:
            StaffNotInService, NotYourOffice, RoleNotYours, NotOnYourself: the caller does not administer the member.
            OfficeLinkUnknown, OfficeLinkStateForbids.
        """
        return await self._change(
            caller, link_id, command_id, lambda link: rules.approve_link(link, caller.account_id, command_id)
        )

    async def end(self, caller: Caller, link_id: str, command_id: str) -> Record[OfficeLink]:
        """Return the link ended. Every session of the member ends, also by a repeat after a crash.

        Raises:
            Every refusal of :meth:`approve`.
        """
        record = await self._change(
            caller, link_id, command_id, lambda link: rules.end_link(link, caller.account_id, command_id)
        )
        await end_sessions(self._context, record.state.staff_id)
        return record

    async def _change(
        self, caller: Caller, link_id: str, command_id: str, decide: Callable[[OfficeLink], OfficeLink]
    ) -> Record[OfficeLink]:
        await self._staff.get_member(caller, caller.account_id)
        record = await self._links.link(link_id)
        if record is None:
            raise OfficeLinkUnknown()
        await self._refuse_power(caller, record.state.staff_id)

        def decide_once(link: OfficeLink) -> Decision[OfficeLink] | None:
            if link.last_command == command_id:
                return None
            try:
                return Decision(decide(link))
            except IllegalTransition as illegal:
                raise OfficeLinkStateForbids(state=illegal.state.value) from None

        return await change(self._context.store, self._context.clock, OFFICE_LINK, link_id, decide_once, first=record)

    async def _refuse_power(self, caller: Caller, staff_id: str) -> None:
        if staff_id == caller.account_id:
            raise NotOnYourself()
        staff = (await self._staff.get_member(caller, staff_id)).staff
        if powers.manage_problem(Post(caller.role), caller.office_id, Post(staff.role), staff.office_id) is not None:
            raise RoleNotYours()


class LinkedPasswords:
    """Whether members who are linked at a provider may sign in with a password too."""

    def __init__(self, context: UseCaseContext) -> None:
        self._repository = OfficeSignInRepository(context)

    async def allows_password(self, staff_id: str, office_id: str | None) -> bool:
        """Return whether the member may sign in with a password: always, unless they are linked and the provider that
        speaks for their office has said no.
        """
        link = await self._repository.link_of_member(staff_id)
        if link is None or link.state.state is not OfficeLinkState.LINKED:
            return True
        record = await self._repository.provider(link.state.provider_id)
        provider = record.state if record is not None else None
        if provider is None or provider.terms is None or not provider.speaks_for(office_id):
            return True
        return provider.terms.allows_passwords


async def end_sessions(context: UseCaseContext, staff_id: str) -> None:
    """End every session of a member of staff. The member is written also where there is none: a session that is being
    begun just now meets this write as a conflict, and looks again at what it stands on.
    """
    staff = StaffRepository(context)

    async def attempt() -> None:
        record = await staff.staff(staff_id)
        if record is not None:
            await staff.save_staff(record, replace(record.state, sessions=()), context.now())

    await again(attempt)
