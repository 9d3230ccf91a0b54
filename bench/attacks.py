"""Attacks from outside, bounded, with honest callers measured beside them; for services of one's own."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

MOST_CONNECTIONS: Final = 2000
"""More than the attack that was seen (560) and fewer than a process may open."""

HONEST_CALLERS: Final = 8
PAUSE_SECONDS: Final = 0.02
"""Between two calls of one honest caller."""

REFUSED_LINE: Final = 0
"""In place of a status: the line was closed without an answer, or none came in time."""

ANSWER_SECONDS: Final = 10.0


@dataclass(frozen=True)
class HalfSent:
    """Result of an attack with half-sent bodies: how often each status was answered, to whom."""

    attackers: Counter[int] = field(default_factory=Counter)
    """Statuses of those half-sent requests that were answered while the attack lasted."""
    unanswered: int = 0
    honest: Counter[int] = field(default_factory=Counter)

    @property
    def honest_shut_out(self) -> int:
        """Honest calls that were told to come again (503), or not answered at all."""
        return self.honest[503] + self.honest[REFUSED_LINE]


async def half_sent_bodies(
    host: str,
    port: int,
    count: int,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    source: str | None = None,
    seconds: float = 3.0,
    honest_callers: int = HONEST_CALLERS,
) -> HalfSent:
    """Send `count` heads of `POST path`, each with one byte of its body, and hold them open for `seconds`.

    Meanwhile `honest_callers` call the same path with whole bodies. Everything is closed at the end.

    `headers` are added to the half-sent heads, as signatures that look right; `source` is the attackers' own address,
    as 127.0.0.2. `ValueError` beyond `MOST_CONNECTIONS`.
    """
    if not 0 < count <= MOST_CONNECTIONS:
        raise ValueError(f"at most {MOST_CONNECTIONS} connections")
    extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    half = _post(host, path, extra, 4096) + b"{"
    whole = _post(host, path, "", 2) + b"{}"
    lines = await asyncio.gather(*(_open(host, port, half, source) for _ in range(count)))
    honest, ends = Counter[int](), time.monotonic() + seconds

    async def call_honestly() -> None:
        while time.monotonic() < ends:
            honest[await _call(host, port, whole)] += 1
            await asyncio.sleep(PAUSE_SECONDS)

    try:
        await asyncio.gather(*(call_honestly() for _ in range(honest_callers)))
        statuses = [_status_so_far(reader) if reader else REFUSED_LINE for reader, _ in lines]
    finally:
        await asyncio.gather(*(_close(writer) for _, writer in lines if writer is not None))
    attackers = Counter(status for status in statuses if status is not None)
    return HalfSent(attackers, sum(status is None for status in statuses), honest)


def _post(host: str, path: str, extra: str, length: int) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{extra}"
    return f"{head}Content-Length: {length}\r\n\r\n".encode()


Line = tuple[asyncio.StreamReader | None, asyncio.StreamWriter | None]


async def _open(host: str, port: int, sent: bytes, source: str | None = None) -> Line:
    try:
        reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0) if source else None)
        writer.write(sent)
        await writer.drain()
    except OSError:
        return None, None
    return reader, writer


async def _call(host: str, port: int, sent: bytes) -> int:
    reader, writer = await _open(host, port, sent)
    if reader is None or writer is None:
        return REFUSED_LINE
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return _status_of(await reader.readline())
    except (OSError, TimeoutError):
        return REFUSED_LINE
    finally:
        await _close(writer)


def _status_so_far(reader: asyncio.StreamReader) -> int | None:
    """The status that has arrived, without waiting for one."""
    arrived = bytes(getattr(reader, "_buffer", b""))
    if arrived:
        return _status_of(arrived)
    return REFUSED_LINE if reader.at_eof() else None


def _status_of(line: bytes) -> int:
    words = line.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else REFUSED_LINE


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
