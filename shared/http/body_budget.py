"""Limits the bytes of request bodies that one process holds in memory, over all requests together."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from aiohttp import web

from shared.errors import Unavailable

BODY_BUDGET_BYTES: Final = 12 * 1024 * 1024
"""Of one process: 512 requests with a form of 24 KiB each, or 48 pieces of a picture. A container has 384 MiB."""

SPARE_SHARE: Final = 2
"""Of the budget only one part in so many is given to bodies that could go straight to the store instead."""

LATE_SHARE: Final = 4
"""Of the budget only one part in so many is given to late bodies: half-sent ones never keep prompt ones out."""

WAIT_FOR_ROOM_SECONDS: Final = 2.0
"""How long a body waits for room: longer than a piece needs to be stored, shorter than a person's patience."""


class NoRoomForBody(Unavailable):
    """The bodies that are being received take all the memory that is set aside for them."""

    code = "no_room_for_body"
    title = "Too much is being sent at this moment."
    title_id = "Terlalu banyak data sedang dikirim pada saat ini."
    retry_after_seconds = 2


class BodyBudget:
    """Counts bytes of bodies in memory. Room is given first come, first served; waiting too long is refused.

    ``held_bytes`` is taken now, ``peak_bytes`` is the most that was ever taken.
    """

    def __init__(self, limit_bytes: int = BODY_BUDGET_BYTES, *, wait_seconds: float = WAIT_FOR_ROOM_SECONDS) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self.peak_bytes = 0
        self.late_bytes = 0
        self._wait_seconds = wait_seconds
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def open_share(self) -> BodyShare:
        """Return the share of one request, empty at first. Its ``release`` must be called when the request ends."""
        return BodyShare(self)

    def try_take(self, size_bytes: int, *, of_bytes: int | None = None) -> bool:
        """Take room if it is free and no request waits for it; return whether. ``of_bytes`` replaces the limit."""
        limit = self.limit_bytes if of_bytes is None else of_bytes
        if self._waiting or self.held_bytes + size_bytes > limit:
            return False
        self._hold(size_bytes)
        return True

    async def take(self, size_bytes: int) -> None:
        """Take room, waiting up to the budget's ``wait_seconds`` for it.

        Raises:
            NoRoomForBody: none came free in time, or the budget is smaller than that.
        """
        if self.try_take(size_bytes):
            return
        if size_bytes > self.limit_bytes:
            raise NoRoomForBody
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (size_bytes, given)
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(self._wait_seconds):
                await given
        except BaseException as ended:
            if given.done() and not given.cancelled():
                self.give_back(size_bytes)
            else:
                with suppress(ValueError):
                    self._waiting.remove(entry)
                self._serve_waiting()
            if isinstance(ended, TimeoutError):
                raise NoRoomForBody from None
            raise

    def give_back(self, size_bytes: int) -> None:
        """Give room back and serve the requests that wait for it."""
        self.held_bytes -= size_bytes
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self._waiting:
            size_bytes, given = self._waiting[0]
            if given.done():  # cancelled: its owner takes nothing
                self._waiting.popleft()
                continue
            if self.held_bytes + size_bytes > self.limit_bytes:
                return
            self._waiting.popleft()
            self._hold(size_bytes)
            given.set_result(None)

    def _hold(self, size_bytes: int) -> None:
        self.held_bytes += size_bytes
        self.peak_bytes = max(self.peak_bytes, self.held_bytes)


class BodyShare:
    """The bytes of the budget that one request holds."""

    __slots__ = ("_budget", "_is_late", "held_bytes")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._is_late = False
        self.held_bytes = 0

    def try_grow(self, size_bytes: int) -> bool:
        """Take room for bytes that could go straight to the store, while the budget is half empty; return whether."""
        if not self._budget.try_take(size_bytes, of_bytes=self._budget.limit_bytes // SPARE_SHARE):
            return False
        self.held_bytes += size_bytes
        return True

    async def grow(self, size_bytes: int) -> None:
        """Take room for bytes that must be in memory, waiting for it.

        Raises:
            NoRoomForBody: none came free in time.
        """
        self._refuse_too_late(size_bytes)
        await self._budget.take(size_bytes)
        self.held_bytes += size_bytes
        if self._is_late:
            self._budget.late_bytes += size_bytes

    def grow_late(self) -> None:
        """Count this body as late from now on.

        Raises:
            NoRoomForBody: late bodies hold all that they may.
        """
        self._is_late = True
        self._budget.late_bytes += self.held_bytes
        self._refuse_too_late(0)

    def be_whole(self) -> None:
        """Count this body as late no more: it has arrived."""
        if self._is_late:
            self._is_late = False
            self._budget.late_bytes -= self.held_bytes

    def _refuse_too_late(self, size_bytes: int) -> None:
        if self._is_late and self._budget.late_bytes + size_bytes > self._budget.limit_bytes // LATE_SHARE:
            raise NoRoomForBody

    def shrink(self, size_bytes: int) -> None:
        """Give back bytes that are no longer in memory."""
        self.held_bytes -= size_bytes
        if self._is_late:
            self._budget.late_bytes -= size_bytes
        self._budget.give_back(size_bytes)

    def release(self) -> None:
        """Give everything back; calling it again does nothing."""
        if self.held_bytes:
            self.shrink(self.held_bytes)


BODY_SHARE: Final = web.RequestKey("body_share", BodyShare)
"""The key of a request's share."""
