"""Ports of receipts: the opener of refund cases."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from services.billing.receipts.refund_subject import RefundSubject


class RefundOpener(Protocol):
    """Opens and withdraws the refund cases of money that goes back by itself."""

    async def open(self, refund_id: str, subject: RefundSubject, cause: str, now: datetime) -> None:
        """Open a case; one of that id that is there already stays as it is."""
        ...

    async def open_or_reopen(
        self, refund_id: str, subject: RefundSubject, cause: str, now: datetime, entry: int
    ) -> None:
        """Open a case, or open a withdrawn one of that id again. ``entry``: which time its money is in refund."""
        ...

    async def withdraw(self, refund_id: str, note: str) -> bool:
        """Withdraw a case whose money found its use after all; False: it is decided already."""
        ...
