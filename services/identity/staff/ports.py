"""Ports of staff sign-in: what it asks of second factors, and they of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.identity.sessions.credentials import Credentials
from services.identity.sessions.devices import Visitor
from services.identity.sessions.session import OfficeWord
from services.identity.staff.member import Staff


@dataclass(frozen=True)
class SecondStep:
    """The password was right; a second factor is due until ``expires_at``.

    ``ways`` are the kinds of factors that the member has; ``passkey_options`` are for ``navigator.credentials.get``.
    """

    login_token: str = field(repr=False)
    ways: tuple[str, ...]
    passkey_options: Mapping[str, Any] | None = field(repr=False)
    expires_at: datetime


class SecondFactorCheck(Protocol):
    """Knows the second factors of staff."""

    async def is_enrolled(self, staff_id: str) -> bool:
        """Return whether the member has a second factor."""
        ...

    async def next_step(
        self, staff_id: str, staff: Staff, by_office: OfficeWord | None = None, *, on_known_device: bool
    ) -> SecondStep | None:
        """Return the step that is due after the password, or after the word of the office's provider; None where no
        second factor is enrolled.
        """
        ...


class OfficeDoor(Protocol):
    """Lets members of staff in on the word of their office's provider."""

    async def let_in(self, word: OfficeWord, visitor: Visitor, proven_by: str) -> Credentials:
        """Return the tokens of a new session; ``proven_by`` is the kind of second factor that was shown."""
        ...
