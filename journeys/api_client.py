"""A patient JSON client: repeats what is safe to repeat, and turns a problem into one readable exception."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiohttp

T = TypeVar("T")

PATIENCE_SECONDS: Final = 60.0
"""How long a step may take before the journey gives up; a killed and restarted part fits into it."""

POLL_SECONDS: Final = 0.1
FIRST_LOOK_SECONDS: Final = 0.05
LONGEST_LOOK_SECONDS: Final = 0.5
"""Looks at something that is to happen come further apart, so that those who wait do not slow down those who work."""

LOOKS_GROW: Final = 1.4

WAIT_SECONDS: Final = 20
"""How long a service is asked to hold a call until there is another answer; services allow 25 s."""

ANSWER_SECONDS: Final = 10
"""How long an answer may take, beside the wait that was asked for."""

SILENCE_SECONDS: Final = 40
"""A stream of events that says nothing for so long is dead: services beat every 15 s."""

LARGEST_POOL: Final = 200
"""Connections of one pool."""
NOT_MODIFIED: Final = 304
REPEATABLE: Final = frozenset({429, 502, 503, 504})
NOT_KNOWN_YET: Final = frozenset(
    {
        *("not_known_yet", "someone_else_changed_it", "still_running", "upload_under_way"),
        *("application_not_submitted", "identity_awaited"),
    }
)


def new_session(*middlewares: aiohttp.ClientMiddlewareType) -> aiohttp.ClientSession:
    """Connections for one or many callers; no cookies, so that no caller is taken for another."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        connector=aiohttp.TCPConnector(limit=LARGEST_POOL),
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=middlewares,
    )


class Refused(Exception):
    """A service said no; ``problem`` is its RFC 9457 body."""

    def __init__(self, status: int, problem: Mapping[str, Any], where: str) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code", status))
        sentence = problem.get("detail") or problem.get("title") or "no reason given"
        super().__init__(f"{where}: {status} {self.code}: {sentence}")


class GaveUp(Exception):
    """Something that must happen did not, within the patience."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is no refusal."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def waited(self) -> bool:
        """Whether the service held the call until there was something to say."""
        return "Preference-Applied" in self.headers


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """An event of a stream."""

    name: str
    event_id: str
    data: Any


class Api:
    """One caller's view of all services: a connection pool, a bearer token, patience for restarts.

    ``address`` is sent as ``X-Forwarded-For``, so that many invented citizens on one machine are many addresses.
    """

    def __init__(
        self,
        *,
        address: str | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self._given = session
        self._session = session or new_session()
        self._address = address
        self._patience_seconds = patience_seconds
        self.token: str | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._given is None:
            await self._session.close()

    async def get(self, url: str, **params: Any) -> Any:
        """The JSON at this address."""
        return await self.call("GET", url, params={key: str(value) for key, value in params.items()})

    async def get_until(
        self, url: str, holds: Callable[[Any], bool], what: str, *, seconds: float = PATIENCE_SECONDS
    ) -> Any:
        """Return the JSON at this address once it holds.

        Raises:
            GaveUp: it does not, with what was seen last.
        """
        seen = await self.watch(url, holds, seconds)
        if not holds(seen):
            raise _gave_up(what, seconds, seen)
        return seen

    async def watch(self, url: str, holds: Callable[[Any], bool], seconds: float) -> Any:
        """Return the JSON at this address once it holds, or as it is after so many seconds.

        The service holds each call until there is another answer. Where it answers at once it is asked again and again.
        """
        give_up_at, pause = time.monotonic() + seconds, FIRST_LOOK_SECONDS
        answer = await self._answered("GET", url)
        while not holds(answer.body) and (left := give_up_at - time.monotonic()) > 0:
            next_answer = await self._another_answer(url, answer, left)
            if not next_answer.waited:
                await asyncio.sleep(pause)
                pause = min(pause * LOOKS_GROW, LONGEST_LOOK_SECONDS)
            if next_answer.status != NOT_MODIFIED:
                answer = next_answer
        return answer.body

    async def _another_answer(self, url: str, known: Answered, left_seconds: float) -> Answered:
        etag = known.headers.get("ETag")
        if etag is None:
            return await self._answered("GET", url)
        wait = max(1, min(WAIT_SECONDS, round(left_seconds)))
        headers = {"If-None-Match": etag, "Prefer": f"wait={wait}"}
        timeout = aiohttp.ClientTimeout(total=wait + ANSWER_SECONDS)
        return await self._answered("GET", url, headers=headers, timeout=timeout)

    async def events(self, url: str, last_event_id: str | None) -> AsyncIterator[ServerSentEvent]:
        """Yield the events of a stream until it ends.

        Raises:
            Refused: the service said no.
            ClientError, TimeoutError: the stream broke.
        """
        headers = {**self._headers(), **({"Last-Event-ID": last_event_id} if last_event_id else {})}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=SILENCE_SECONDS)
        async with self._session.get(url, headers=headers, timeout=timeout) as answer:
            if answer.status >= 400:
                raise Refused(answer.status, dict(await _json(answer)), f"GET {url}")
            fields: dict[str, str] = {}
            async for line in answer.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if line != b"\n":
                    fields[name] = value
                    continue
                if "data" in fields:
                    yield ServerSentEvent(fields.get("event", ""), fields.get("id", ""), _parsed(fields["data"]))
                fields = {}

    async def post(self, url: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """Send a command under an idempotency key, so that a repeat after a crash meets the first try."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return await self.call("POST", url, json=body or {}, headers=headers)

    async def put(self, url: str, body: Mapping[str, Any]) -> Any:
        """Replace what is at this address."""
        return await self.call("PUT", url, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})

    async def call(self, method: str, url: str, *, raw: bool = False, **request: Any) -> Any:
        """One call, repeated while the service is away or does not know yet.

        Raises:
            Refused: the service said no.
            GaveUp: no answer within the patience.
        """
        return (await self._answered(method, url, raw=raw, **request)).body

    async def _answered(self, method: str, url: str, *, raw: bool = False, **request: Any) -> Answered:
        headers = {**self._headers(), **request.pop("headers", {})}
        give_up_at = time.monotonic() + self._patience_seconds
        while True:
            try:
                async with self._session.request(method, url, headers=headers, **request) as answer:
                    body: Any = await answer.read() if raw and answer.status < 400 else await _json(answer)
                    wait = float(answer.headers.get("Retry-After", POLL_SECONDS))
                    if answer.status < 400:
                        return Answered(answer.status, answer.headers, body)
                    refusal = Refused(answer.status, dict(body), f"{method} {url}")
            except (aiohttp.ClientError, TimeoutError, OSError) as trouble:
                refusal, wait = None, POLL_SECONDS
                reason = f"{method} {url}: {type(trouble).__name__} {trouble}"
            if refusal is not None:
                reason = str(refusal)
                if refusal.status not in REPEATABLE and refusal.code not in NOT_KNOWN_YET:
                    raise refusal
            if time.monotonic() + wait > give_up_at:
                raise refusal or GaveUp(reason)
            await asyncio.sleep(wait)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Language": "en"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if self._address is not None:
            headers["X-Forwarded-For"] = self._address
        return headers


async def eventually(
    look: Callable[[], Awaitable[T]], holds: Callable[[T], bool], what: str, *, seconds: float = PATIENCE_SECONDS
) -> T:
    """Look again and again until what is seen holds.

    Raises:
        GaveUp: it did not, with what was seen last.
    """
    give_up_at = time.monotonic() + seconds
    wait = FIRST_LOOK_SECONDS
    while True:
        seen = await look()
        if holds(seen):
            return seen
        if time.monotonic() > give_up_at:
            raise _gave_up(what, seconds, seen)
        await asyncio.sleep(wait)
        wait = min(wait * LOOKS_GROW, LONGEST_LOOK_SECONDS)


def _gave_up(what: str, seconds: float, seen: Any) -> GaveUp:
    return GaveUp(f"{what} did not happen within {seconds:g} s; last seen: {seen}")


async def _json(answer: aiohttp.ClientResponse) -> Any:
    if answer.status == 204 or not answer.content_length:
        return {} if not (text := await answer.text()) else _parsed(text)
    return _parsed(await answer.text())


def _parsed(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except ValueError:
        return {"detail": text[:200]}
