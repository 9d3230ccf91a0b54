"""Ports of staff sign-in: what it asks of second factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

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

    async def next_step(self, staff_id: str, staff: Staff) -> SecondStep | None:
        """Return the step that is due after the password; None where no second factor is enrolled."""
        ...
