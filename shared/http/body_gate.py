"""Limits requests whose body has not arrived: they wait outside the gate of requests under way, few of each sender.

A head is cheap to send and its body can be held back; so a request whose body is late takes no place among those that
are worked on. Most bodies come with their head or right behind it: only what is late by more than `PROMPT_SECONDS`
takes one of the few places here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final

from aiohttp import web

from shared.errors import Refusal
from shared.http.bodies import TooSlow
from shared.http.body_budget import BODY_SHARE
from shared.http.gates import FairGate, Sender

PROMPT_SECONDS: Final = 1.0
"""A body that comes within this time after its head is not counted: a crowd behind one address sends thousands so."""


class LateBodies:
    """Counts and limits the requests whose body is awaited."""

    def __init__(self, gate: FairGate, prompt_seconds: float = PROMPT_SECONDS) -> None:
        self._gate = gate
        self._prompt_seconds = prompt_seconds
        self._emptied = asyncio.Event()
        self.inside = 0
        """Requests whose body is awaited, late and prompt ones together."""

    @property
    def late(self) -> int:
        """The number of requests whose body is late."""
        return self._gate.inside

    def waiting(self, request: web.Request, sender: Sender) -> AwaitedBody:
        """Return a block that reads a body: `async with late_bodies.waiting(request, sender): body = await read(...)`.

        The block raises what `FairGate.enter` raises once the body is late and no place is free.
        """
        return AwaitedBody(self, request, sender, self._gate, self._prompt_seconds)

    def begin(self) -> None:
        """Count a request whose body is awaited."""
        self.inside += 1

    def end(self) -> None:
        """Count it no longer."""
        self.inside -= 1
        if not self.inside:
            self._emptied.set()

    async def empty(self) -> None:
        """Return once no body is awaited."""
        while self.inside:
            self._emptied.clear()
            await self._emptied.wait()


class AwaitedBody:
    """One request whose body is awaited: not counted while it is prompt, then in the gate or refused."""

    def __init__(
        self, all_of_them: LateBodies, request: web.Request, sender: Sender, gate: FairGate, prompt_seconds: float
    ) -> None:
        self._all = all_of_them
        self._request = request
        self._sender = sender
        self._gate = gate
        self._prompt_seconds = prompt_seconds
        self._counted = False
        self._refusal: Refusal | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        self._all.begin()
        self._timer = asyncio.get_running_loop().call_later(self._prompt_seconds, self._count)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._all.end()
        if self._counted:
            self._gate.leave(self._sender)
            self._request[BODY_SHARE].be_whole()
        if self._refusal is not None and self._task is not None and self._task.uncancel() == 0:
            raise self._refusal from None

    def _count(self) -> None:
        if self._request.content.is_eof():  # it has come; its reader has only not run yet
            return
        try:
            self._gate.enter(self._sender)
            self._counted = True
            self._request[BODY_SHARE].grow_late()
        except Refusal as refusal:
            self._refusal = refusal
            if self._task is not None:
                self._task.cancel()


async def keep_pace(pieces: AsyncIterator[bytes], free_seconds: float, bytes_per_second: float) -> AsyncIterator[bytes]:
    """Yield the pieces of an upload while they arrive at this pace on average; the first `free_seconds` do not count.

    Only the waiting for pieces counts, not the work of their reader. So one byte now and then does not hold a place for
    hours.

    Raises:
        TooSlow: fewer bytes arrived than the pace asks for.
    """
    now = asyncio.get_running_loop().time
    waited, received = 0.0, 0
    while True:
        begun = now()
        piece = await anext(pieces, b"")
        if not piece:
            return
        waited += now() - begun
        received += len(piece)
        if received < (waited - free_seconds) * bytes_per_second:
            raise TooSlow(
                f"Fewer than {bytes_per_second:g} bytes arrived in a second.",
                detail_id=f"Kurang dari {bytes_per_second:g} byte diterima tiap detik.",
            )
        yield piece
