"""Streams of server-sent events that follow one record: each is sent what is new as soon as the record changes.

Unlike `events_stream` nothing is asked again and again: the process's stream of changes wakes the caller, as it wakes
calls that wait (docs/adr/0048). Such streams are in a gate of their own, and each is one task without a buffer.

An endpoint declares `answers={200: EVENT_STREAM}, long_lived=True, follows=KIND.name` and returns :func:`follow`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

from shared.http.app import RUNTIME
from shared.http.call import EVENT_STREAM, Answer, AnyCall
from shared.http.events_stream import RETRY_MILLISECONDS
from shared.http.responses import HEARTBEAT
from shared.http.runtime import HttpRuntime
from shared.store.changes import Changed, Watched

UNBUFFERED: Final = {"X-Accel-Buffering": "no"}
"""Asks proxies to pass each event on at once."""


@dataclass(frozen=True, slots=True)
class News:
    """Whole events that a caller is to be sent now, or none; and whether the stream ends after them."""

    events: bytes = b""
    is_last: bool = False


ReadNews = Callable[[], Awaitable[News]]
"""Reads the record and returns what is new since the last call; raises a refusal only the first time."""


async def follow(
    call: AnyCall, record_id: str, read_news: ReadNews, *, longest_seconds: float, last_words: bytes = b""
) -> Answer:
    """Return the answer of an endpoint that follows the record of this id, of the kind that it names.

    The stream ends after `longest_seconds`, with `last_words`; when its news are the last ones; and when this process
    drains: the client then comes back to another one.
    """
    kind = call.endpoint.follows
    assert kind is not None, "only an endpoint that follows a kind is answered so"  # noqa: S101 - narrows the type
    pieces = _pieces(call.app[RUNTIME], (kind, record_id), read_news, longest_seconds, last_words)
    return Answer(200, pieces, headers=UNBUFFERED, media_type=EVENT_STREAM)


async def _pieces(
    runtime: HttpRuntime, record: Changed, read_news: ReadNews, longest_seconds: float, last_words: bytes
) -> AsyncIterator[bytes]:
    """Yield what is new, and heartbeats between.

    The change to wait for is taken before each read, so that one which comes during the read is not missed.
    """
    changes, clock = runtime.waiting.changes, asyncio.get_running_loop().time
    ends = clock() + longest_seconds
    started = f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    with nullcontext(Watched()) if changes is None else changes.watch(*record) as watched:
        while True:
            change = watched.change
            async with runtime.waiting.reads:
                news = await read_news()
            if started or news.events:
                yield started + news.events
                started = b""
            if news.is_last:
                return
            while not runtime.draining.is_set() and not await _happens(change, ends, runtime.options.heartbeat_seconds):
                if clock() >= ends:
                    if last_words:
                        yield last_words
                    return
                yield HEARTBEAT
                if changes is None:  # nothing wakes the caller: look again
                    break
            if runtime.draining.is_set():
                return


async def _happens(change: asyncio.Event, ends: float, heartbeat_seconds: float) -> bool:
    """Return whether the change comes before the next heartbeat and the stream's end."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(min(ends, loop.time() + heartbeat_seconds)):
            await change.wait()
    except TimeoutError:
        return False
    return True
