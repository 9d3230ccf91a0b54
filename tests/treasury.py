"""The bank and the treasury in memory, on the simulator's own books: how refunds are paid in assembled tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from services.billing.refunds.treasury import OrderState, Payee, RefundOrder
from shared.clock import Clock
from simulators.errors import Refusal
from simulators.simponi.treasury import AccountUnknown, Order, OrderRejected, OrderUnknown, Treasury

T = TypeVar("T")

_STATES = {"received": OrderState.RECEIVED, "paid": OrderState.PAID, "rejected": OrderState.REJECTED}


class SimulatedTreasury:
    """Billing's port; an order is paid so many seconds after it came."""

    def __init__(self, clock: Clock, *, pay_seconds: float = 0.0) -> None:
        self.books = Treasury()
        self.pay_seconds = pay_seconds
        self._clock = clock

    async def matches(self, payee: Payee) -> bool:
        """Whether the bank knows the account."""
        return await self._asked(lambda: self._matches(payee))

    async def order(self, order: RefundOrder) -> OrderState:
        """Take an order; the same again changes nothing."""
        return await self._asked(lambda: self._order(order))

    async def order_state(self, order_number: str) -> OrderState:
        """What became of an order."""
        return await self._asked(lambda: self._state(order_number))

    async def close(self) -> None:
        """Nothing is open."""

    async def _asked(self, work: Callable[[], T]) -> T:
        """The way there and back; others make it break."""
        return work()

    def _matches(self, payee: Payee) -> bool:
        try:
            self.books.inquire(payee.account_number)
        except AccountUnknown:
            return False
        return True

    def _order(self, order: RefundOrder) -> OrderState:
        payee = order.payee
        wanted = Order(
            order.order_number,
            order.receipt_id,
            order.amount,
            payee.bank_code,
            payee.account_number,
            payee.holder_name,
            self._clock.now(),
        )
        try:
            taken, _ = self.books.take(wanted)
        except OrderRejected:
            return OrderState.REJECTED
        except Refusal as refusal:
            raise AssertionError(f"the treasury refuses an order: {refusal.code}") from None
        return _STATES[taken.state(self._clock.now(), self.pay_seconds)]

    def _state(self, order_number: str) -> OrderState:
        try:
            return _STATES[self.books.order(order_number).state(self._clock.now(), self.pay_seconds)]
        except OrderUnknown:
            return OrderState.UNKNOWN
