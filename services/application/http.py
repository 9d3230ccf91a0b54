"""Shared by the routes of application: the key of the use cases, and who acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from services.application.context import Actor
from shared.http.call import AnyCall
from shared.http.endpoint import ROLES
from shared.tokens import Role

if TYPE_CHECKING:
    from services.application.use_cases import UseCases

APPLICATION: Final[web.AppKey[UseCases]] = web.AppKey("application")

OWNER_OR_COUNTER: Final = ROLES(Role.APPLICANT, Role.FRONT_OFFICER)
OWNER_OR_OFFICE: Final = ROLES(
    Role.APPLICANT, Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.ADJUDICATOR
)


async def who(call: AnyCall) -> Actor:
    """The caller, and for a front officer who names an account the live assistance for it.

    From anybody else ``on_behalf_of`` is not heard. Refuses as :meth:`Assistances.require` does.
    """
    account_id, caller = call.query.on_behalf_of, call.caller
    if account_id is None or caller.role is not Role.FRONT_OFFICER:
        return Actor.from_caller(caller)
    assistances = call.app[APPLICATION].assistances
    return Actor.from_caller(caller, await assistances.require(caller, account_id, call.query.assistance))
