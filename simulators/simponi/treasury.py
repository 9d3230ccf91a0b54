"""The bank's knowledge of accounts and the treasury's orders to pay back. Plain data; the time is always an argument.

An order is known by its number: the same order again changes nothing, another order under the same number is refused.
It is paid ``pay_seconds`` after it came, unless it was rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from simulators.errors import Refusal, SimulatorFull

MAX_ORDERS = 100_000
UNKNOWN_ENDING = "0000"
"""Accounts that end so are known to no bank; any other is, under whatever name is given."""


class AccountUnknown(Refusal):
    status = 404
    code = "account_unknown"
    next_action = "Check the bank and the number."


class OrderUnknown(Refusal):
    status = 404
    code = "order_unknown"
    next_action = "Send the order."


class OrderDiffers(Refusal):
    code = "order_differs"
    next_action = "Use a new number for another order."


class OrderKnown(Refusal):
    code = "order_known"
    next_action = "Ask what became of it."


class OrderRejected(Refusal):
    status = 422
    code = "order_rejected"
    next_action = "Name another account, under a new number."


@dataclass(frozen=True, slots=True)
class Order:
    """An order to pay money back."""

    number: str
    ntpn: str
    amount: int
    bank_code: str
    account_number: str
    holder_name: str
    came_at: datetime
    rejected: bool = False

    def state(self, now: datetime, pay_seconds: float) -> str:
        """Return ``received``, ``paid`` or ``rejected``."""
        if self.rejected:
            return "rejected"
        return "paid" if now >= self.came_at + timedelta(seconds=pay_seconds) else "received"


class Treasury:
    """All orders."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}

    def inquire(self, account_number: str) -> None:
        """Refuse an account that no bank knows."""
        if account_number.endswith(UNKNOWN_ENDING):
            raise AccountUnknown("No bank knows this account.", field="account_number")

    def take(self, order: Order) -> tuple[Order, bool]:
        """Return the order under this number and whether it is new."""
        known = self._orders.get(order.number)
        if known is not None:
            if replace(order, came_at=known.came_at, rejected=known.rejected) != known:
                raise OrderDiffers("Another order has this number.", field="order_number")
            return known, False
        if len(self._orders) >= MAX_ORDERS:
            raise SimulatorFull(f"The treasury holds at most {MAX_ORDERS} orders.")
        self._orders[order.number] = order
        return order, True

    def all(self) -> list[Order]:
        """Return every order, in the order in which they came."""
        return list(self._orders.values())

    def take_up(self, orders: Sequence[Order]) -> None:
        """Know the orders of before a restart."""
        self._orders.update({order.number: order for order in orders})

    def order(self, number: str) -> Order:
        """Return an order; refuses an unknown number."""
        if number not in self._orders:
            raise OrderUnknown("There is no such order.", field="order_number")
        return self._orders[number]

    def reject(self, number: str) -> Order:
        """Reject an order that came: its money returns."""
        self._orders[number] = replace(self.order(number), rejected=True)
        return self._orders[number]

    def totals(self) -> dict[str, int]:
        """Return how many orders stand, and their rupiah."""
        standing = [order for order in self._orders.values() if not order.rejected]
        return {"orders": len(standing), "rupiah": sum(order.amount for order in standing)}
