"""Facts that the stream of an account's own things has told so far, so that nothing is asked for again and again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from typing import Final

import aiohttp

from journeys.api_client import Api, Refused, ServerSentEvent

TOLD_SECONDS: Final = 5.0
"""How long a fact is awaited before the thing itself is asked; a stream that is away is not waited for."""

RETRY_SECONDS: Final = 1.0
"""Between two tries to open the stream."""


class AccountEvents:
    """One account's stream, followed in the background from `begin` to `close`.

    It is opened again where it broke, after the last event that it told. A service that refuses it is not asked again:
    callers then look at things themselves.
    """

    def __init__(self, api: Api, url: str) -> None:
        self._api = api
        self._url = url
        self._last_id: str | None = None
        self._facts: list[tuple[str, str, str]] = []
        self._told = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self.is_away = False
        """Whether the stream broke or was refused, and is not open again."""

    def begin(self) -> None:
        """Follow the stream with the caller's token; calling it again does nothing while it is followed."""
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Leave the stream."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def wait_for(
        self, kind: str, facts: Collection[str], thing_id: str | None = None, *, seconds: float = TOLD_SECONDS
    ) -> str | None:
        """Return the id of the last thing of this kind of which one of these facts was told, also before this call.

        None where it is not told in time, or the stream is away.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._find(kind, facts, thing_id) is None and self._is_followed():
                    self._told.clear()
                    await self._told.wait()
        return self._find(kind, facts, thing_id)

    def _is_followed(self) -> bool:
        return self._following is not None and not self.is_away

    def _find(self, kind: str, facts: Collection[str], thing_id: str | None) -> str | None:
        for told_kind, told_id, fact in reversed(self._facts):
            if told_kind == kind and fact in facts and thing_id in (None, told_id):
                return told_id
        return None

    async def _follow(self) -> None:
        with contextlib.suppress(Refused):
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                    async for event in self._api.events(self._url, self._last_id):
                        self._take(event)
                self._lose()
                await asyncio.sleep(RETRY_SECONDS)
        self._lose()

    def _lose(self) -> None:
        self.is_away = True
        self._told.set()

    def _take(self, event: ServerSentEvent) -> None:
        self.is_away = False
        self._last_id = event.event_id or self._last_id
        if event.name == "change":
            self._facts.append((event.data["kind"], event.data["id"], event.data["fact"]))
        self._told.set()
