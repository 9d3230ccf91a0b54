"""Callers who wait on connections of their own, with little memory and processor time on their own side."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

_IN_FLIGHT: Final = re.compile(r'paspor_http_in_flight\{(?=[^}]*kind="([a-z_]+)")[^}]*\} ([0-9.e+]+)')
WAIT_SECONDS: Final = 25
ARRIVALS_AT_ONCE: Final = 64
"""Callers who connect and have their first answer at the same time; more would be turned away with 503."""

Told = Callable[[bytes], None]
"""Takes what a caller was told: the body of a new answer, or the data of an event."""


@dataclass(frozen=True)
class Awaited:
    """The thing that one caller waits for."""

    url: str
    token: str
    address: str = "10.9.0.1"

    def request(self, more: str) -> bytes:
        """Return the bytes of the call, with further lines of the head."""
        parts = urlsplit(self.url)
        return (
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {self.token}\r\n"
            f"X-Forwarded-For: {self.address}\r\n{more}\r\n"
        ).encode()


@dataclass
class Callers:
    """Callers who wait until they are sent home."""

    answers: Counter[str] = field(default_factory=Counter)
    """Status of each answer to a caller's first call, and `waited` for each wait that was held."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _arriving: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ARRIVALS_AT_ONCE))

    def wait(self, wish: Awaited, told: Told | None = None) -> None:
        """Let one caller read a thing and wait for its changes, again and again."""
        self._tasks.append(asyncio.create_task(self._wait(wish, told)))

    def follow(self, wish: Awaited, told: Told | None = None) -> None:
        """Let one caller follow a stream."""
        self._tasks.append(asyncio.create_task(self._follow(wish, told)))

    async def go_home(self) -> None:
        """Close every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wait(self, wish: Awaited, told: Told | None) -> None:
        async with self._arriving:
            reader, writer = await _connect(wish)
            writer.write(wish.request(""))
            status, headers, _ = await _answer(reader)
        self.answers[status] += 1
        try:
            while status in ("200", "304"):
                etag = headers["etag"]
                writer.write(wish.request(f"If-None-Match: {etag}\r\nPrefer: wait={WAIT_SECONDS}\r\n"))
                status, headers, body = await _answer(reader)
                self.answers["waited"] += "preference-applied" in headers
                if status == "200" and told is not None:
                    told(body)
        finally:
            writer.close()

    async def _follow(self, wish: Awaited, told: Told | None) -> None:
        async with self._arriving:
            reader, writer = await _connect(wish)
            writer.write(wish.request("Accept: text/event-stream\r\n"))
            head = await reader.readuntil(b"\r\n\r\n")
        self.answers[head[9:12].decode()] += 1
        try:
            while line := await reader.readline():
                if told is not None and line.startswith(b"data: "):
                    told(line[6:])
        finally:
            writer.close()


async def _connect(wish: Awaited) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(wish.url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def _answer(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Return status, headers and body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = [line.partition(": ") for line in head.splitlines()[1:] if line]
    headers = {name.lower(): value for name, _, value in lines}
    body = b"" if head[9:12] == "304" else await reader.readexactly(int(headers.get("content-length", 0)))
    return head[9:12], headers, body


def in_flight(metrics: str, kind: str) -> int:
    """Return how many calls of a kind are under way, by a service's page of metrics."""
    return round(sum(float(value) for found, value in _IN_FLIGHT.findall(metrics) if found == kind))
