"""HTTP client for outside systems: limits of time, size and retries, and a circuit breaker.

Every failure on the way raises `UpstreamDown`, a state that callers expect. Whatever the other side answers, 2xx or
not, is an answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from shared.clock import Clock
from shared.context import child_traceparent
from shared.errors import UpstreamDown
from shared.logs import get_logger
from shared.randomness import Randomness

log = get_logger(__name__)

MAX_ANSWER_BYTES: Final = 1024 * 1024
RETRIED_STATUSES: Final = frozenset({429, 502, 503, 504})
"""Statuses that mean "not now". All others, 500 too, are the answer to this request."""

IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})

ModelT = TypeVar("ModelT", bound=BaseModel)


class Circuit(StrEnum):
    """State of a circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Stops calls to a system that keeps failing.

    Opens after `failures_to_open` failures in a row, and after `open_seconds` lets one call probe.
    """

    def __init__(self, name: str, clock: Clock, *, failures_to_open: int = 5, open_seconds: float = 10.0) -> None:
        if failures_to_open < 1 or open_seconds <= 0:
            raise ValueError("a breaker opens after at least one failure, for a positive time")
        self.name = name
        self._clock = clock
        self._failures_to_open = failures_to_open
        self._open_for = timedelta(seconds=open_seconds)
        self._failures = 0
        self._opened_at: datetime | None = None
        self._probing = False

    @property
    def state(self) -> Circuit:
        """The state now."""
        if self._opened_at is None:
            return Circuit.CLOSED
        return Circuit.OPEN if self._clock.now() < self._opened_at + self._open_for else Circuit.HALF_OPEN

    def before(self) -> None:
        """Ask to call. A call that is let through must end with `succeeded`, `failed` or `abandoned`.

        Raises:
            UpstreamDown: the circuit is open, or another call is the probe (`circuit_open`).
        """
        state = self.state
        if state is Circuit.CLOSED:
            return
        if state is Circuit.OPEN or self._probing:
            raise UpstreamDown(self.name, "circuit_open", retry_after_seconds=self._seconds_left())
        self._probing = True

    def succeeded(self) -> None:
        """Note an answered call: close the circuit."""
        if self._opened_at is not None:
            log.info("circuit.closed", upstream=self.name)
        self._failures, self._opened_at, self._probing = 0, None, False

    def failed(self) -> None:
        """Note a failed call: open the circuit after enough of them."""
        self._failures += 1
        probe_failed = self._probing
        self._probing = False
        if probe_failed or (self._opened_at is None and self._failures >= self._failures_to_open):
            self._opened_at = self._clock.now()
            log.warning("circuit.opened", upstream=self.name, failures=self._failures)

    def abandoned(self) -> None:
        """Note a call that we cancelled: it says nothing about the other side."""
        self._probing = False

    def _seconds_left(self) -> int:
        if self._opened_at is None:
            return 1
        left = (self._opened_at + self._open_for - self._clock.now()).total_seconds()
        return max(1, round(left))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try: seconds for one try, number of tries, and the pause before the next, doubled each time."""

    try_seconds: float = 3.0
    tries: int = 3
    first_pause_seconds: float = 0.1
    longest_pause_seconds: float = 2.0

    def pause_seconds(self, tries_done: int, fraction: float) -> float:
        """Return the pause after this many tries; `fraction` (0 to 1) spreads it between half and the whole."""
        whole = min(self.longest_pause_seconds, self.first_pause_seconds * 2.0 ** (tries_done - 1))
        return whole * (0.5 + fraction / 2)


@dataclass(frozen=True, slots=True)
class ClientAnswer:
    """The answer of the other side."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            ValueError: it is not JSON.
        """
        return from_json(self.body)


class _NotNow(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Pieces:
    """A body that is read piece by piece, and remembers what went wrong on our own side."""

    def __init__(self, pieces: AsyncIterable[bytes]) -> None:
        self._pieces = pieces
        self.failure: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._pieces:
                yield piece
        except Exception as error:
            self.failure = error
            raise


class JsonClient:
    """A client of one outside system. Follows no redirect, sends the trace along, reads at most `MAX_ANSWER_BYTES`."""

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        clock: Clock,
        randomness: Randomness,
        patience: Patience | None = None,
        breaker: CircuitBreaker | None = None,
        headers: Mapping[str, str] | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        """`name` is how logs and refusals call the system. Without a `session` one is made on first use and closed by
        `close`.
        """
        self.name = name
        self.breaker = breaker or CircuitBreaker(name, clock)
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._randomness = randomness
        self._patience = patience or Patience()
        self._headers = dict(headers or {})
        self._session = session
        self._owns_session = session is None

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: BaseModel | Mapping[str, Any] | bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> ClientAnswer:
        """Call and return the answer. Only idempotent calls are tried again: GET, HEAD, PUT, DELETE, and those with
        `idempotent=True` (a POST with a key).

        Raises:
            UpstreamDown: no try was answered.
        """
        payload = body if isinstance(body, bytes) or body is None else to_json(body)
        again = idempotent if idempotent is not None else method.upper() in IDEMPOTENT_METHODS
        tries = self._patience.tries if again else 1
        sent = {**self._headers, **(headers or {}), "traceparent": child_traceparent()}
        if payload is not None:
            sent.setdefault("Content-Type", "application/json")
        for tried in range(1, tries + 1):
            try:
                return await self._try(method, path, payload, query, sent)
            except _NotNow as trouble:
                log.warning("upstream.failed", upstream=self.name, reason=trouble.reason, tried=tried, tries=tries)
                if tried == tries:
                    raise UpstreamDown(self.name, trouble.reason) from None
            await self._clock.sleep(self._patience.pause_seconds(tried, self._randomness.fraction()))
        raise AssertionError("a call is tried at least once")

    async def call_for(self, answer: type[ModelT], method: str, path: str, **words: Any) -> ModelT:
        """Call, and return a 2xx answer as a model.

        Raises:
            UpstreamDown: no try was answered, the status is not 2xx (`status_404`), or the body does not fit the model
                (`unreadable`).
        """
        said = await self.call(method, path, **words)
        if not said.ok:
            raise UpstreamDown(self.name, f"status_{said.status}")
        try:
            return answer.model_validate_json(said.body)
        except ValidationError as error:
            log.error("upstream.unreadable", upstream=self.name, model=answer.__name__, errors=error.error_count())
            raise UpstreamDown(self.name, "unreadable") from None

    async def stream(self, path: str, *, limit_bytes: int, idle_seconds: float) -> AsyncIterator[bytes]:
        """Yield a long answer of a GET piece by piece, never held as a whole; tried once.

        Raises:
            UpstreamDown: the status is not 2xx, no piece came for `idle_seconds`, or more than `limit_bytes` came. The
                pieces read so far must be thrown away.
        """
        headers = {**self._headers, "traceparent": child_traceparent()}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=idle_seconds, sock_read=idle_seconds)
        size = 0
        try:
            async with self._watched():
                try:
                    async with self._open_session().get(
                        self._base_url + path, headers=headers, allow_redirects=False, timeout=timeout
                    ) as response:
                        if not 200 <= response.status < 300:
                            raise _NotNow(f"status_{response.status}")
                        async for piece in response.content.iter_any():
                            size += len(piece)
                            if size > limit_bytes:
                                raise _NotNow("answer_too_large")
                            yield piece
                except TimeoutError:
                    raise _NotNow("timeout") from None
                except (aiohttp.ClientError, OSError) as error:
                    raise _NotNow(_reason(error)) from None
        except _NotNow as trouble:
            raise UpstreamDown(self.name, trouble.reason) from None

    async def send(
        self,
        method: str,
        path: str,
        pieces: AsyncIterable[bytes],
        *,
        query: Mapping[str, str] | None = None,
        try_seconds: float,
    ) -> ClientAnswer:
        """Call with a body that is read piece by piece, never held as a whole; tried once.

        Raises:
            UpstreamDown: it was not answered within ``try_seconds``.
            Exception: whatever ``pieces`` raise, which says nothing about the other side.
        """
        sent = {**self._headers, "Content-Type": "application/octet-stream", "traceparent": child_traceparent()}
        try:
            return await self._try(method, path, _Pieces(pieces), query, sent, try_seconds)
        except _NotNow as trouble:
            log.warning("upstream.failed", upstream=self.name, reason=trouble.reason, tried=1, tries=1)
            raise UpstreamDown(self.name, trouble.reason) from None

    async def close(self) -> None:
        """Close the connections that this client opened."""
        if self._owns_session and self._session is not None:
            await self._session.close()
            self._session = None

    async def _try(
        self,
        method: str,
        path: str,
        payload: bytes | _Pieces | None,
        query: Mapping[str, str] | None,
        headers: dict[str, str],
        try_seconds: float | None = None,
    ) -> ClientAnswer:
        async with self._watched():
            try:
                async with self._open_session().request(
                    method,
                    self._base_url + path,
                    data=payload,
                    params=query,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=try_seconds or self._patience.try_seconds),
                ) as response:
                    body = await _read(response)
            except TimeoutError:
                raise _NotNow("timeout") from None
            except (aiohttp.ClientError, OSError) as error:
                if isinstance(payload, _Pieces) and payload.failure is not None:
                    raise payload.failure from None
                raise _NotNow(_reason(error)) from None
            if response.status in RETRIED_STATUSES:
                raise _NotNow(f"status_{response.status}")
            return ClientAnswer(response.status, dict(response.headers), body)

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        self.breaker.before()
        try:
            yield
        except _NotNow:
            self.breaker.failed()
            raise
        except BaseException:
            self.breaker.abandoned()
            raise
        self.breaker.succeeded()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(auto_decompress=True)
            self._owns_session = True
        return self._session


async def _read(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise _NotNow("answer_too_large")
        parts.append(piece)
    return b"".join(parts)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError | ConnectionRefusedError):
        return "connection_refused"
    return "connection_lost"
