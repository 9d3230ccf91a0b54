"""Ports of refunds: the bank that verifies accounts, and the treasury that pays orders."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.errors import UpstreamDown


class OrderState(StrEnum):
    """States of an order at the treasury."""

    RECEIVED = "received"
    PAID = "paid"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """It never arrived."""


@dataclass(frozen=True)
class Payee:
    """The payee, in clear: only ever on the way to the bank or the treasury."""

    bank_code: str
    account_number: str
    holder_name: str

    def __repr__(self) -> str:
        """Return a text that shows nothing of it."""
        return "Payee(...)"


@dataclass(frozen=True)
class RefundOrder:
    """One order to pay; its number makes a repeat safe."""

    order_number: str
    receipt_id: str
    amount: int
    payee: Payee


class Treasury(Protocol):
    """The bank and the treasury. Every call may refuse with :class:`shared.errors.UpstreamDown`: nothing is known."""

    async def matches(self, payee: Payee) -> bool:
        """Return whether the bank knows the account under that holder's name."""
        ...

    async def order(self, order: RefundOrder) -> OrderState:
        """Order a payment; the same number is paid at most once, however often it is sent."""
        ...

    async def order_state(self, order_number: str) -> OrderState:
        """Return the state of an order."""
        ...

    async def close(self) -> None:
        """End the connections."""
        ...


class NoTreasury:
    """The treasury when none is configured: it never answers, so refunds wait and are escalated."""

    async def matches(self, payee: Payee) -> bool:
        """See the port."""
        raise UpstreamDown("treasury", "not_wired")

    async def order(self, order: RefundOrder) -> OrderState:
        """See the port."""
        raise UpstreamDown("treasury", "not_wired")

    async def order_state(self, order_number: str) -> OrderState:
        """See the port."""
        raise UpstreamDown("treasury", "not_wired")

    async def close(self) -> None:
        """See the port."""
