"""Server-sent events over something that changes: a call display, a place in a queue.

Watchers of the same thing share one read of it, and an unchanged state is not sent again. ``responses.py`` adds
heartbeats and ends every stream when the process drains; more watchers than ``HttpOptions`` allows get 503.
Reconnecting is cheap: browsers send ``Last-Event-ID``, and a watcher that has seen the present state is sent the next
one.

An endpoint that streams is declared with ``answers={200: EVENT_STREAM}, long_lived=True`` and returns
:func:`event_stream`; its OpenAPI description then says ``text/event-stream``.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel

from shared.clock import Clock
from shared.http.call import EVENT_STREAM, Answer, AnyCall, server_sent_event

LAST_EVENT_ID: Final = "Last-Event-ID"
LONGEST_SECONDS: Final = 600.0
"""Longest duration of a stream; the browser then reconnects, so that watchers spread over all replicas."""
RETRY_MILLISECONDS: Final = 3000
"""Wait before a browser reconnects."""
MOST_KEPT: Final = 1000
"""States that one process keeps; beyond it all are dropped and read again."""

Look = Callable[[], Awaitable[BaseModel]]
"""Returns the present state; raises a refusal where there is nothing to watch any more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A state and the id that names it."""

    data: BaseModel
    event_id: str


def event_id_of(data: BaseModel) -> str:
    """Return the id of a state: the same in every replica, so that Last-Event-ID may go to another one."""
    return hashlib.sha256(data.model_dump_json().encode()).hexdigest()[:16]


class Watching:
    """The watched states of one process: each is read once in ``every_seconds``, however many watchers it has."""

    def __init__(self, clock: Clock, every_seconds: float = 1.0) -> None:
        self._clock = clock
        self.every_seconds = every_seconds
        self._kept: dict[Hashable, tuple[datetime, Seen]] = {}
        self._looking: dict[Hashable, asyncio.Task[Seen]] = {}

    async def seen(self, key: Hashable, look: Look) -> Seen:
        """Return the state under ``key``, at most ``every_seconds`` old."""
        now = self._clock.now()
        kept = self._kept.get(key)
        if kept is not None and kept[0] > now:
            return kept[1]
        running = self._looking.get(key)
        if running is None:
            running = self._looking[key] = asyncio.create_task(self._read(key, look))
            running.add_done_callback(lambda _: self._looking.pop(key, None))
        return await asyncio.shield(running)

    async def _read(self, key: Hashable, look: Look) -> Seen:
        data = await look()
        seen = Seen(data, event_id_of(data))
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = (self._clock.now() + timedelta(seconds=self.every_seconds), seen)
        return seen

    async def events(
        self, key: Hashable, look: Look, *, event: str, last_event_id: str | None, longest_seconds: float
    ) -> AsyncIterator[bytes]:
        """Yield the states under ``key`` as they change, the present one first unless its id is ``last_event_id``."""
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        ends = self._clock.now() + timedelta(seconds=longest_seconds)
        known = last_event_id
        while self._clock.now() < ends:
            seen = await self.seen(key, look)
            if seen.event_id != known:
                known = seen.event_id
                yield server_sent_event(seen.data, event=event, event_id=known)
            await self._clock.sleep(self.every_seconds)


async def event_stream(
    call: AnyCall,
    watching: Watching,
    key: Hashable,
    look: Look,
    *,
    event: str,
    longest_seconds: float = LONGEST_SECONDS,
) -> Answer:
    """Return the answer of a streaming endpoint, after one read of the state: a refusal is still an answer then."""
    await watching.seen(key, look)
    last_event_id = call.request.headers.get(LAST_EVENT_ID)
    stream = watching.events(key, look, event=event, last_event_id=last_event_id, longest_seconds=longest_seconds)
    return Answer(200, stream, headers={"X-Accel-Buffering": "no"}, media_type=EVENT_STREAM)
