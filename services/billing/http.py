"""Shared by the endpoints of every room: where the use cases are, who may call, how large a body may be."""

from __future__ import annotations

from typing import Final, Protocol, TypeVar

from aiohttp import web

from shared.audit import Audit
from shared.audit.chaining import AuditBook
from shared.clock import Clock
from shared.http.endpoint import ROLES
from shared.http.signatures import Signer
from shared.key_turn.service import KeyTurns
from shared.tokens import Role

T = TypeVar("T")


class UseCases(Protocol):
    """All use cases of billing, as an endpoint sees them: it asks for its own by their class."""

    clock: Clock
    audit: Audit
    audit_book: AuditBook
    key_turns: KeyTurns
    notices: Signer
    """Knows whether a payment notice is SIMPONI's."""
    wait_seconds: int
    """The waiting time for a code that people are told to expect."""

    def find(self, wanted: type[T]) -> T:
        """Return the use cases of that class; there is one object of each."""
        ...


BILLING: Final[web.AppKey[UseCases]] = web.AppKey("billing")
"""Key of the use cases in the running application."""

READERS: Final = ROLES(Role.APPLICANT, Role.TREASURER, Role.OPERATOR)
"""Applicants see their own; treasurers those of the offices they serve; operators all."""

TREASURY: Final = ROLES(Role.TREASURER, Role.OPERATOR)
SMALL_BODY_BYTES: Final = 1024
