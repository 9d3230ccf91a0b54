"""Reads request bodies within their limits of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from shared.errors import Refusal, TooLarge, Unreadable, WrongMediaType
from shared.http.body_budget import BodyShare


class TooSlow(Refusal):
    """The body did not arrive in its time."""

    status = 408
    code = "too_slow"
    title = "The request took too long to arrive."
    title_id = "Permintaan terlalu lama diterima."
    next_action = "Send it again over a better connection."
    next_action_id = "Kirim ulang dengan koneksi yang lebih baik."


class BodyCut(Unreadable):
    """The body broke off, or its framing is wrong."""

    code = "body_cut"
    title = "The request broke off before its end."
    title_id = "Permintaan terputus sebelum selesai."
    next_action = "Send it again from where it broke off."
    next_action_id = "Kirim ulang mulai dari bagian yang terputus."


def refuse_declared_size(request: web.Request, limit_bytes: int) -> None:
    """Raise `TooLarge` before reading if the declared length is over the limit."""
    if (request.content_length or 0) > limit_bytes:
        raise _too_large(limit_bytes)


def refuse_wrong_type(request: web.Request, accepted: tuple[str, ...]) -> None:
    """Raise `WrongMediaType` for a body of another type, without a type, or with a Content-Encoding."""
    if "Content-Encoding" in request.headers:
        raise WrongMediaType("Send the body without a Content-Encoding.", accepted=list(accepted))
    declared = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if declared not in accepted:
        raise WrongMediaType(
            f"Accepted here: {', '.join(accepted)}.",
            detail_id=f"Diterima: {', '.join(accepted)}.",
            accepted=[*accepted],
        )


async def read_whole(
    request: web.Request, limit_bytes: int, timeout_seconds: float, share: BodyShare | None = None
) -> bytes:
    """Return the whole body, at most `limit_bytes`, counted in `share`.

    Raises:
        TooLarge: it is longer than `limit_bytes`.
        TooSlow: it did not arrive within `timeout_seconds`.
        BodyCut: it broke off.
        NoRoomForBody: `share` did not get room for it.
    """
    stream = request.content
    if stream.is_eof() and stream.exception() is None:  # the usual case: the body came in one piece with the headers
        body = stream.read_nowait(-1)
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
        if share is not None:
            await share.grow(len(body))
        return body
    try:
        async with asyncio.timeout(timeout_seconds):
            pieces: list[bytes] = []
            async for piece in _checked(request, limit_bytes):
                if share is not None:
                    await share.grow(len(piece))
                pieces.append(piece)
            return b"".join(pieces)
    except TimeoutError:
        raise TooSlow(f"The whole body must arrive within {timeout_seconds:g} seconds.") from None


async def read_chunks(request: web.Request, limit_bytes: int, idle_seconds: float) -> AsyncIterator[bytes]:
    """Yield the body in pieces as they arrive (up to 32 KiB behind `shared.http.server`), at most `limit_bytes`.

    Raises:
        TooLarge: it is longer than `limit_bytes`.
        TooSlow: no byte arrived for `idle_seconds`.
        BodyCut: it broke off.
    """
    pieces = _checked(request, limit_bytes)
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                piece = await anext(pieces, b"")
        except TimeoutError:
            raise TooSlow(f"No byte arrived for {idle_seconds:g} seconds.") from None
        if not piece:
            return
        yield piece


async def _checked(request: web.Request, limit_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    try:
        # `read(n)` would raise the mark above which nothing more is taken from the connection to twice `n` bytes
        while piece := await request.content.readany():
            size += len(piece)
            if size > limit_bytes:
                raise _too_large(limit_bytes)
            yield piece
    except (ConnectionError, HttpProcessingError, RequestPayloadError):
        raise BodyCut from None


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(
        f"At most {limit_bytes} bytes are taken here.",
        detail_id=f"Paling banyak {limit_bytes} byte diterima di sini.",
        limit_bytes=limit_bytes,
    )
