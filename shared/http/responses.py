"""Writes answers: from a handler's result to the HTTP response, whole or streamed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Final, NoReturn

from aiohttp import web
from pydantic import BaseModel

from shared.context import trace_id
from shared.http.call import EVENT_STREAM, HTML, JSON, Answer
from shared.http.deprecation import deprecation_headers
from shared.http.endpoint import Endpoint, Result
from shared.http.unknown_members import name_ignored
from shared.logs import get_logger

log = get_logger(__name__)

TRACE_HEADER: Final = "X-Trace-Id"
USUAL_HEADERS: Final = {
    "Cache-Control": "no-store",  # answers speak of persons
    "Server": "paspor",
    "X-Content-Type-Options": "nosniff",
}
READER_SECONDS: Final = 20.0
"""A client that reads nothing of a stream for this long, with its buffers full (64 KiB here), is cut off."""

_NAME_IN_PATH: Final = re.compile(r"{([a-z_.]+)}")
HEARTBEAT: Final = b": still here\n\n"


def add_usual_headers(response: web.StreamResponse, trace: str) -> None:
    """Add the headers that every answer carries; headers that the handler set stay."""
    headers = response.headers
    headers[TRACE_HEADER] = trace
    for name, value in USUAL_HEADERS.items():
        headers.setdefault(name, value)


class StreamBroke(ConnectionResetError):
    """A stream failed after its head was sent: the connection is cut."""


class ReaderStalled(StreamBroke):
    """The client does not read its stream."""


class UndeclaredAnswer(Exception):
    """A handler answered with a status or a shape that its endpoint does not declare: a programming error."""


def as_answer(endpoint: Endpoint, result: Result) -> Answer:
    """Return the handler's result as an answer with its status.

    Raises:
        UndeclaredAnswer: the endpoint does not declare this status or this shape.
    """
    answer = result if isinstance(result, Answer) else Answer(endpoint.usual_status, result)
    if answer.status not in endpoint.answers:
        _undeclared(endpoint, f"status {answer.status}")
    shape = endpoint.answers[answer.status]
    body = answer.body
    if shape is None:
        fits = body is None
    elif isinstance(shape, str):
        fits = body is not None and not isinstance(body, BaseModel)
    elif isinstance(body, bytes):
        fits = answer.media_type in endpoint.other_media_types
    else:
        fits = isinstance(body, shape) or (body is None and endpoint.method == "HEAD")
    if not fits:
        _undeclared(endpoint, f"{type(body).__name__} with status {answer.status}")
    return answer


def located(endpoint: Endpoint, answer: Answer, places: Mapping[str, str]) -> Answer:
    """Return the answer to a call that made something with its address (`Location`), as its endpoint tells it."""
    if answer.status != 201 or not endpoint.location or "Location" in answer.headers:
        return answer

    def value_of(name: re.Match[str]) -> str:
        found: Any = answer.body
        for member in name[1].split("."):
            found = getattr(found, member, None)
        return str(found or places[name[1]])

    path = _NAME_IN_PATH.sub(value_of, endpoint.location)
    return replace(answer, headers={**answer.headers, "Location": path})


def _undeclared(endpoint: Endpoint, what: str) -> NoReturn:
    raise UndeclaredAnswer(f"{endpoint.method} {endpoint.path} does not declare {what}")


def whole_response(endpoint: Endpoint, answer: Answer) -> web.Response:
    """Return the response of an answer that is not a stream."""
    body = answer.body
    if body is None:
        return web.Response(status=answer.status, headers=answer.headers or None)
    if isinstance(body, BaseModel):
        payload = body.__pydantic_serializer__.to_json(body)
    else:
        assert isinstance(body, bytes), "streams are sent by send_stream"  # noqa: S101 - narrows the type
        payload = body
    deprecated = deprecation_headers(endpoint.answers[answer.status])
    headers = {**deprecated, **answer.headers, "Content-Type": media_type(endpoint, answer)}
    if headers["Content-Type"] == HTML:
        headers["Content-Type"] = f"{HTML}; charset=utf-8"
    return web.Response(body=payload, status=answer.status, headers=headers)


def media_type(endpoint: Endpoint, answer: Answer) -> str:
    """Return the media type of the answer: its own, else its endpoint's."""
    if answer.media_type is not None:
        return answer.media_type
    shape = endpoint.answers[answer.status]
    return shape if isinstance(shape, str) else JSON


def is_stream(answer: Answer) -> bool:
    """Return whether the body is sent piece by piece."""
    return answer.body is not None and not isinstance(answer.body, BaseModel | bytes)


async def send_stream(
    request: web.Request,
    answer: Answer,
    headers: Mapping[str, str],
    *,
    draining: asyncio.Event,
    heartbeat_seconds: float | None,
) -> web.StreamResponse:
    """Send a stream until it ends, the client leaves or, for events, this process drains.

    Without `heartbeat_seconds` a stream of events beats by itself, and ends by itself when the process drains.

    A failure before the first piece is answered with a problem. After it the connection is cut, so that the client sees
    that the answer is incomplete.
    """
    stream = answer.body
    assert isinstance(stream, AsyncIterable)  # noqa: S101 - checked by is_stream
    beats_for = heartbeat_seconds if headers.get("Content-Type", "").startswith(EVENT_STREAM) else None
    pieces = aiter(stream)
    first = None if beats_for is not None or request.method == "HEAD" else await anext(pieces, None)
    response = web.StreamResponse(status=answer.status, headers=headers)
    add_usual_headers(response, trace_id() or "")
    name_ignored(request, response)
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    try:
        if beats_for is not None:
            await _pump_events(pieces, response, draining, beats_for)
        elif first is not None:
            await _write(response, first)
            async for piece in pieces:
                await _write(response, piece)
    except ConnectionError:
        raise
    except Exception as error:
        log.exception("http.stream_broke", path=request.rel_url.raw_path)
        raise StreamBroke("the stream broke off") from error
    await response.write_eof()
    return response


async def _write(response: web.StreamResponse, piece: bytes) -> None:
    """Send a piece.

    Raises:
        ReaderStalled: the client read nothing for `READER_SECONDS`.
    """
    try:
        async with asyncio.timeout(READER_SECONDS):
            await response.write(piece)
    except TimeoutError:
        raise ReaderStalled(f"nothing was read for {READER_SECONDS:g} s") from None


async def _pump_events(
    events: AsyncIterator[bytes], response: web.StreamResponse, draining: asyncio.Event, heartbeat_seconds: float
) -> None:
    stop: asyncio.Task[Any] = asyncio.ensure_future(draining.wait())
    following = _next_event(events)
    try:
        while True:
            await asyncio.wait({stop, following}, timeout=heartbeat_seconds, return_when=asyncio.FIRST_COMPLETED)
            if stop.done():
                return
            if not following.done():
                await _write(response, HEARTBEAT)
                continue
            event = following.result()
            if event is None:
                return
            await _write(response, event)
            following = _next_event(events)
    finally:
        stop.cancel()
        following.cancel()
        await asyncio.gather(stop, following, return_exceptions=True)


def _next_event(events: AsyncIterator[bytes]) -> asyncio.Task[Any]:
    async def following() -> bytes | None:
        return await anext(events, None)

    return asyncio.create_task(following())
