"""Batches concurrent calls: calls made while a batch is in flight join the next one.

A single call is sent at once and alone, so that no call waits on an idle collection.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

W = TypeVar("W")
A = TypeVar("A")

LARGEST_BATCH: Final = 100
"""Largest batch: MongoDB runs the members of a command one after the other, so that more of them only wait longer."""

BATCHES_IN_FLIGHT: Final = 2
"""Batches in flight at the same time."""


@dataclass(eq=False)
class PendingCall(Generic[W, A]):
    """One call of a batch, and the future of its answer."""

    wanted: W
    answer: asyncio.Future[A]

    def tell(self, answer: A) -> None:
        """Set the answer, unless it was set before or its caller is gone."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def refuse(self, trouble: Exception) -> None:
        """Raise this error in the caller."""
        if not self.answer.done():
            self.answer.set_exception(trouble)


class Batcher(Generic[W, A]):
    """Calls ``carry`` with up to ``LARGEST_BATCH`` calls; it answers each, or raises an error for all of them."""

    def __init__(
        self, carry: Callable[[Sequence[PendingCall[W, A]]], Awaitable[None]], *, at_once: int = BATCHES_IN_FLIGHT
    ) -> None:
        self._carry = carry
        self._at_once = at_once
        self._waiting: deque[PendingCall[W, A]] = deque()
        self._senders: set[asyncio.Task[None]] = set()
        self._sending = 0  # counted by the senders themselves: a task that has just ended is still in the set

    async def ask(self, wanted: W) -> A:
        """Send the call, alone or in a batch, and return its answer."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append(PendingCall(wanted, answer))
        if self._sending < self._at_once:
            self._sending += 1
            sender = asyncio.create_task(self._send())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return await answer

    async def _send(self) -> None:
        try:
            while self._waiting:
                together = [self._waiting.popleft() for _ in range(min(LARGEST_BATCH, len(self._waiting)))]
                await self._answer(together)
        finally:
            self._sending -= 1

    async def _answer(self, together: Sequence[PendingCall[W, A]]) -> None:
        try:
            await self._carry(together)
        except Exception as trouble:
            for item in together:
                item.refuse(trouble)
        except BaseException:
            for item in [*together, *self._waiting]:
                item.answer.cancel()
            raise
