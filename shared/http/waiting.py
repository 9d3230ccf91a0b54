"""Answers of endpoints that name the record behind them: with an ETag, and to those who wait for its next change.

A waiting call is in a gate of its own, not in that of requests under way (docs/adr/0048). It reads once at first and
once after each change; beyond the gate's limits it is answered at once, so that asking to wait is never refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from aiohttp import web

from shared.http.call import Answer, AnyCall
from shared.http.conditions import NOT_MODIFIED, PREFERENCE_APPLIED, Condition
from shared.http.gates import FairGate, Place, Sender, TooBusy, TooManyAtOnce
from shared.store.changes import Changed, RecordChanges, Watched

READS_AT_ONCE: Final = 32
"""Waiting calls that read again at the same time: a thousand woken together leave room for other requests."""

WAITED_SECONDS: Final[web.RequestKey[float]] = web.RequestKey("waited_seconds", float)
"""How long a request waited for a change; its answer's time is measured without it."""

Read = Callable[[AnyCall], Awaitable[Answer]]
"""Returns the present answer, with its ETag."""


class WaitingCalls:
    """The calls of one process that wait for a change."""

    def __init__(self, gate: FairGate, changes: RecordChanges | None) -> None:
        """Let calls wait in `gate`; without `changes` all are answered at once."""
        self.gate = gate
        self.changes = changes
        """Shared with streams that follow a record."""
        self.reads = asyncio.Semaphore(READS_AT_ONCE)

    async def answer(
        self, call: AnyCall, place: Place, sender: Sender, read: Read, condition: Condition, record: Changed
    ) -> Answer:
        """Return the answer, or 304 to a caller who has it already: at once, or after the wait that they prefer.

        Raises:
            TooBusy: the record changed and no place is left to read it. Nothing is lost: the caller may ask again.
        """
        applied: dict[str, str] = {}
        changes = self.changes
        if condition.wait_seconds and changes is not None and not changes.ended and self._enter(sender):
            try:
                with changes.watch(*record) as watched:
                    answer = await self._wait(call, place, read, condition, watched)
            finally:
                self.gate.leave(sender)
            if not changes.ended:
                applied[PREFERENCE_APPLIED] = f"wait={condition.wait_seconds:g}"
        else:
            answer = condition.applied_to(await read(call))
        return replace(answer, headers={**answer.headers, **applied})

    def end(self) -> None:
        """Answer all who wait, since this process drains."""
        if self.changes is not None:
            self.changes.end()

    async def close(self) -> None:
        """Close the stream of changes."""
        if self.changes is not None:
            await self.changes.close()

    def _enter(self, sender: Sender) -> bool:
        try:
            self.gate.enter(sender)
        except (TooBusy, TooManyAtOnce):
            return False
        return True

    async def _wait(self, call: AnyCall, place: Place, read: Read, condition: Condition, watched: Watched) -> Answer:
        """Return the first answer that the caller does not have, or 304 when the wait is over.

        The change to wait for is taken before each read, so that one which comes during the read is not missed.
        """
        ends = _now() + condition.wait_seconds
        change = watched.change
        answer = condition.applied_to(await read(call))
        while answer.status == NOT_MODIFIED and await self._happens(change, ends, call, place):
            async with self.reads:
                place.enter()
                change = watched.change
                answer = condition.applied_to(await read(call))
        return answer

    async def _happens(self, change: asyncio.Event, ends: float, call: AnyCall, place: Place) -> bool:
        """Return whether the change comes before the end; the call's place among those under way is free meanwhile."""
        if self.changes is None or self.changes.ended:
            return False
        place.leave()
        began = _now()
        try:
            async with asyncio.timeout(ends - began):
                await change.wait()
        except TimeoutError:
            return False
        finally:
            call.request[WAITED_SECONDS] = call.request.get(WAITED_SECONDS, 0.0) + _now() - began
        return True


def _now() -> float:
    return asyncio.get_running_loop().time()
