"""The port to SIMPONI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from services.billing.payment import Payment

ALREADY_PAID: Final = "already_paid"
"""SIMPONI's refusal to cancel a code that has money on it."""


class SimponiRefused(Exception):
    """SIMPONI refused, for the stable ``code``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class SimponiBilling:
    """SIMPONI's record of one code."""

    billing_code: str
    reference: str
    """The bill's reference that the code was asked for with."""
    amount: int
    expires_at: datetime
    """Whole seconds, UTC; a payment in this very second is in time."""
    payments: tuple[Payment, ...] = ()


@dataclass(frozen=True)
class SimponiLine:
    """One detail of a code that several bills are paid with."""

    reference: str
    """The bill."""
    amount: int
    description: str


class Simponi(Protocol):
    """The state's biller. Every call may refuse with :class:`shared.errors.UpstreamDown`: nothing is known then."""

    async def issue(
        self,
        reference: str,
        amount: int,
        expires_at: datetime,
        description: str,
        lines: Sequence[SimponiLine] = (),
    ) -> SimponiBilling:
        """Return the code for a reference; the same reference always gets the same code.

        ``lines``: the details of a code for several bills; together they are the amount.

        Raises:
            SimponiRefused: it will give no code for this.
        """
        ...

    async def cancel(self, billing_code: str) -> None:
        """Cancel an unpaid code, so that no bank takes money for it; a repeat changes nothing.

        Raises:
            SimponiRefused: there is money on it (`ALREADY_PAID`), or it is unknown there.
        """
        ...

    async def status(self, billing_code: str) -> SimponiBilling | None:
        """Return the record of a code with every payment on it; None if SIMPONI does not know the code."""
        ...

    async def statuses(self, billing_codes: Sequence[str]) -> Mapping[str, SimponiBilling]:
        """Return the records of some codes, in one call; a code that SIMPONI does not know is absent."""
        ...

    def settlement(self, day: date) -> AsyncIterator[bytes]:
        """Yield the settlement file of a day in Jakarta piece by piece; the caller checks that it is whole."""
        ...

    async def close(self) -> None:
        """End the connections."""
        ...
