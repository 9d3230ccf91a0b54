"""Streams of the services, shared by a visitor's open pages: one upstream for an account, or for a place in a line.

A page is told only that something changed, and then reads itself again with its visitor's own rights. A page that is
slow to read is told once, however much has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum, auto
from typing import Final

import aiohttp

from portal.api.client import Api
from portal.api.problem import ServiceDown, SignedOut
from portal.api.services import Services
from shared.logs import get_logger

log = get_logger(__name__)

MOST_PAGES: Final = 5000
"""Open at one process; a page without its stream is loaded again by hand."""

PAGES_EACH: Final = 12
"""Of one account: windows on two or three devices. Hidden pages leave their streams after a minute."""

LINGER_SECONDS: Final = 10.0
"""An upstream without pages is kept this long: whoever goes from one page to the next opens no other."""

SHORTEST_RETRY_SECONDS: Final = 1.0
LONGEST_RETRY_SECONDS: Final = 30.0
"""Between two tries to open an upstream that broke."""

_FIRST_WORDS: Final = frozenset({b"begin"})
"""Events that tell of the stream alone."""

_LAST_WORD: Final = b"end"


class TooManyPages(Exception):
    """More pages are open than one account, or this process, may have."""


class Told(Enum):
    """The words to a page."""

    NOTHING = auto()
    CHANGED = auto()
    OVER = auto()
    """The upstream ended: the page comes back with its own cookies."""


class Listener:
    """One open page."""

    __slots__ = ("_has_news", "_is_over", "_woken", "is_gone")

    def __init__(self, is_gone: Callable[[], bool]) -> None:
        """`is_gone` tells whether the browser has left."""
        self.is_gone = is_gone
        self._has_news = False
        self._is_over = False
        self._woken = asyncio.Event()

    def tell(self) -> None:
        """Say that something changed."""
        self._has_news = True
        self._woken.set()

    def end(self) -> None:
        """Say that the stream is over."""
        self._is_over = True
        self._woken.set()

    async def wait(self, seconds: float) -> Told:
        """Return what is new, `NOTHING` after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()
        if self._has_news:
            self._has_news = False
            if self._is_over:
                self._woken.set()
            return Told.CHANGED
        return Told.OVER if self._is_over else Told.NOTHING


class _Feed:
    """One upstream and the pages that it is for."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.listeners: set[Listener] = set()
        self.headers: Mapping[str, str] = {}
        self.last_id = ""
        self.opening: asyncio.Task[None] | None = None
        self.reading: asyncio.Task[None] | None = None

    def tell(self) -> None:
        for listener in self.listeners:
            listener.tell()

    async def read(self, answer: aiohttp.ClientResponse) -> bool:
        """Read until the upstream breaks off; return whether it said that it is over."""
        skips_first = not self.last_id
        name, event_id = b"", self.last_id
        async with answer:
            async for line in answer.content:
                member, _, value = line.rstrip(b"\r\n").partition(b": ")
                if member == b"event":
                    name = value
                elif member == b"id":
                    event_id = value.decode("ascii", "ignore")
                elif not member and name:
                    self.last_id = event_id
                    if name == _LAST_WORD:
                        return True
                    if not skips_first and name not in _FIRST_WORDS:
                        self.tell()
                    skips_first, name = False, b""
        return False


class Streams:
    """The upstreams of one process."""

    def __init__(
        self,
        services: Services,
        *,
        most_pages: int = MOST_PAGES,
        pages_each: int = PAGES_EACH,
        linger_seconds: float = LINGER_SECONDS,
        retry_seconds: float = SHORTEST_RETRY_SECONDS,
    ) -> None:
        """Open nothing yet: an upstream begins with its first page."""
        self._services = services
        self._most_pages = most_pages
        self._pages_each = pages_each
        self._linger_seconds = linger_seconds
        self._retry_seconds = retry_seconds
        self._feeds: dict[tuple[str, str], _Feed] = {}
        self._is_closed = False

    @property
    def upstreams(self) -> int:
        """The number of open upstreams."""
        return len(self._feeds)

    @property
    def pages(self) -> int:
        """The number of open pages."""
        return sum(len(feed.listeners) for feed in self._feeds.values())

    async def join(self, api: Api, path: str, is_gone: Callable[[], bool]) -> Listener:
        """Let a page listen to the upstream at this path of the API, for this visitor.

        Raises:
            TooManyPages, SignedOut, Problem, ServiceDown.
        """
        await api.renew_if_due()
        if api.session is None:
            raise SignedOut
        account_id = api.session.account_id
        self._refuse_too_many(account_id)
        key = (account_id, path)
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = _Feed(path)
            feed.opening = asyncio.create_task(self._open(key, feed, api))
        listener = Listener(is_gone)
        feed.listeners.add(listener)
        try:
            if feed.opening is not None:
                # one page that leaves does not end the opening that others wait for
                await asyncio.shield(feed.opening)
        except BaseException:
            self.leave(listener, key)
            raise
        # the newest token ends last
        feed.headers = api.headers()
        return listener

    def leave(self, listener: Listener, key: tuple[str, str]) -> None:
        """Let a page go; the upstream lingers for the next one."""
        feed = self._feeds.get(key)
        if feed is None:
            return
        feed.listeners.discard(listener)
        if not feed.listeners:
            asyncio.get_running_loop().call_later(self._linger_seconds, self._drop_if_left, key, feed)

    def close(self) -> None:
        """End all streams: the process drains."""
        self._is_closed = True
        for feed in list(self._feeds.values()):
            for task in (feed.opening, feed.reading):
                if task is not None:
                    task.cancel()
            for listener in feed.listeners:
                listener.end()
        self._feeds.clear()

    def _refuse_too_many(self, account_id: str) -> None:
        mine = [feed for (owner, _path), feed in self._feeds.items() if owner == account_id]
        open_pages = sum(not listener.is_gone() for feed in mine for listener in feed.listeners)
        if self._is_closed or open_pages >= self._pages_each or self.pages >= self._most_pages:
            raise TooManyPages

    def _drop_if_left(self, key: tuple[str, str], feed: _Feed) -> None:
        if not feed.listeners and self._feeds.get(key) is feed:
            del self._feeds[key]
            if feed.reading is not None:
                feed.reading.cancel()

    async def _open(self, key: tuple[str, str], feed: _Feed, api: Api) -> None:
        try:
            answer = await api.follow(feed.path)
        except BaseException:
            self._feeds.pop(key, None)
            raise
        finally:
            feed.opening = None
        feed.headers = api.headers()
        feed.reading = asyncio.create_task(self._keep_reading(key, feed, answer))

    async def _keep_reading(self, key: tuple[str, str], feed: _Feed, answer: aiohttp.ClientResponse | None) -> None:
        """Read the upstream, and open it again where it broke, until it is over or has no page."""
        wait_seconds = self._retry_seconds
        try:
            while True:
                if answer is not None:
                    wait_seconds = self._retry_seconds
                    with suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
                        if await feed.read(answer):
                            return
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(wait_seconds * 2, LONGEST_RETRY_SECONDS)
                answer = await self._open_again(feed)
                if answer is not None and answer.status != 200:
                    answer.close()
                    if answer.status != 429:
                        return
                    answer = None
        finally:
            if self._feeds.get(key) is feed:
                del self._feeds[key]
            for listener in feed.listeners:
                listener.end()

    async def _open_again(self, feed: _Feed) -> aiohttp.ClientResponse | None:
        """Return the answer to the newest token known; none is renewed here, since no page would get it."""
        last = {"Last-Event-ID": feed.last_id} if feed.last_id else {}
        try:
            return await self._services.open_stream(feed.path, {**feed.headers, **last})
        except ServiceDown as down:
            log.info("portal.stream_down", service=down.service, reason=down.reason)
            return None
