"""Shared by the endpoints of all rooms: the use case and the actor of a call."""

from __future__ import annotations

from typing import Any, Final, Protocol, TypeVar

from aiohttp import web

from services.scheduling.context import Actor
from shared.http.call import Call
from shared.http.endpoint import ROLES
from shared.key_turn.service import KeyTurns
from shared.tokens import ALL_OFFICES, Caller, Role

DEVICE_HEADER: Final = "X-Device-Id"

VISITOR_OR_STAFF: Final = ROLES(
    *(Role.APPLICANT, Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.TREASURER, Role.OPERATOR),
    Role.DOCUMENTS_SECTION_HEAD,
)
"""An appointment's owner, and staff: use cases show them those of their own office only."""

T = TypeVar("T")


class UseCases(Protocol):
    """The use cases of the service, each found by its class: so a room's routes need not know other rooms."""

    key_turns: KeyTurns

    def find_use_case(self, kind: type[T]) -> T:
        """Return the one object of this class."""
        ...


USE_CASES: Final[web.AppKey[UseCases]] = web.AppKey("scheduling")
"""Where the running application keeps the use cases."""


def use_case(call: Call[Any, Any, Any], kind: type[T]) -> T:
    """Return the service's use case of this class."""
    return call.app[USE_CASES].find_use_case(kind)


def actor_of(caller: Caller) -> Actor:
    """Return the caller as the actor of use cases."""
    is_staff = caller.role is not Role.APPLICANT
    return Actor(
        caller.account_id,
        caller.office_id,
        is_staff=is_staff,
        role=caller.role.value,
        joined=caller.joined,
        watches=_watched_by(caller),
    )


def _watched_by(caller: Caller) -> tuple[str, ...]:
    if caller.role is Role.REGIONAL_OFFICER:
        return caller.offices
    return (ALL_OFFICES,) if caller.role in (Role.HQ_POLICY, Role.HQ_IT) else ()
