"""The five services as one API: which of them answers a path, and one pool of connections to them all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, Mapping
from typing import Any, Final

import aiohttp

from portal.api.problem import ServiceDown

_BY_PATTERN: Final = ((re.compile(r"/v1/applicants/[^/]+/border-crossings$"), "application"),)

_BY_FIRST: Final = {
    name: service
    for service, names in {
        "identity": "registrations logins challenges tokens account privacy-notice address-undo leaving-undo leavings "
        "leaving-agreements applicants assistances",
        "application": "requirements questionnaire forms paper-examples applications evidence passports exported-files",
        "scheduling": "offices appointments sessions quota queue-code-keys waiting-list parties openings",
        "billing": "tariffs bills joint-bills credits refunds refund-guide receipts receipt-checks payment-channels",
        "notification": "deliveries preferences account-events",
    }.items()
    for name in names.split()
}

TRY_SECONDS: Final = 10.0
"""A visitor waits no longer for one call: what is not done then is told as a state."""

UPLOAD_SECONDS: Final = 120.0
"""A picture of 10 MB on a slow line."""

SILENT_SECONDS: Final = 45.0
"""A stream that says nothing for this long is lost: services beat every 15 s."""

MOST_BYTES: Final = 4 * 1024 * 1024
"""Of an answer that is held as a whole."""

STREAM_BUFFER_BYTES: Final = 4096
"""Read ahead of a stream's events; each is under 1 KiB, and a thousand streams may be open."""

CONNECTIONS: Final = 256
"""Open to each service, streams apart."""


def service_of(path: str) -> str:
    """Return the service that answers this path of the API.

    Raises:
        LookupError: visitors' pages call no such path.
    """
    for pattern, service in _BY_PATTERN:
        if pattern.fullmatch(path):
            return service
    return _BY_FIRST[path.split("/")[2]]


class Services:
    """Connections to the services."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """`urls` names each service's address."""
        self._urls = {name: url.rstrip("/") for name, url in urls.items()}
        self._session: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The services."""
        return tuple(self._urls)

    def url_of(self, path: str) -> str:
        """Return the whole address of a path of the API."""
        return self._urls[service_of(path)] + path

    async def is_ready(self, service: str) -> bool:
        """Return whether a service says that it is ready."""
        try:
            async with self.session.get(
                f"{self._urls[service]}/health/ready", timeout=aiohttp.ClientTimeout(total=2)
            ) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    @property
    def session(self) -> aiohttp.ClientSession:
        """The pool of connections; made at its first use."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=0, limit_per_host=CONNECTIONS, keepalive_timeout=60)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        body: bytes | AsyncIterable[bytes] | None = None,
        seconds: float = TRY_SECONDS,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Call once and return status, headers and body of the answer.

        Raises:
            ServiceDown: no answer, or one that says "not now" (502, 503, 504).
        """
        service = service_of(path)
        try:
            async with self.session.request(
                method,
                self._urls[service] + path,
                params=query,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as answer:
                said = await read_at_most(answer, service)
        except TimeoutError:
            raise ServiceDown(service, "timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ServiceDown(service, type(error).__name__) from None
        if answer.status in (502, 503, 504):
            retry = answer.headers.get("Retry-After", "")
            raise ServiceDown(
                service,
                f"status_{answer.status}",
                int(retry) if retry.isdigit() else None,
                answer.headers.get("X-Trace-Id", ""),
            )
        return answer.status, answer.headers, said

    async def open_stream(self, path: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Return the answer of a stream of events, its body not yet read. Each has a connection of its own.

        Raises:
            ServiceDown: no answer, or one that says "not now" (502, 503, 504).
        """
        service = service_of(path)
        if self._streams is None or self._streams.closed:
            connector = aiohttp.TCPConnector(limit=0, force_close=True)
            self._streams = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=STREAM_BUFFER_BYTES
            )
        try:
            async with asyncio.timeout(TRY_SECONDS):
                answer = await self._streams.get(
                    self._urls[service] + path,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, sock_read=SILENT_SECONDS),
                )
        except TimeoutError:
            raise ServiceDown(service, "timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ServiceDown(service, type(error).__name__) from None
        if answer.status in (502, 503, 504):
            answer.close()
            raise ServiceDown(service, f"status_{answer.status}")
        return answer

    async def open(self, path: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Return the answer of a GET before its body is read: who asks reads it piece by piece and closes it.

        Raises:
            ServiceDown: no answer, or one that says "not now" (502, 503, 504).
        """
        service = service_of(path)
        limits = aiohttp.ClientTimeout(total=UPLOAD_SECONDS, sock_connect=TRY_SECONDS, sock_read=TRY_SECONDS)
        try:
            answer = await self.session.get(
                self._urls[service] + path, headers=headers, allow_redirects=False, timeout=limits
            )
        except TimeoutError:
            raise ServiceDown(service, "timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ServiceDown(service, type(error).__name__) from None
        if answer.status in (502, 503, 504):
            answer.close()
            raise ServiceDown(service, f"status_{answer.status}")
        return answer

    async def close(self) -> None:
        """Close the connections."""
        for session in (self._session, self._streams):
            if session is not None:
                await session.close()


async def read_at_most(answer: aiohttp.ClientResponse, service: str) -> bytes:
    """Return the body of an answer.

    Raises:
        ServiceDown: it is larger than `MOST_BYTES`.
    """
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.content.iter_any():
        size += len(piece)
        if size > MOST_BYTES:
            raise ServiceDown(service, "answer_too_large")
        pieces.append(piece)
    return b"".join(pieces)


Json = Any
"""An answer of a service: members as docs/api describes them."""
