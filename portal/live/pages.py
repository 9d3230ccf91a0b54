"""Streams for the script of open pages: they say that something changed, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from portal.api.problem import Problem, ServiceDown, SignedOut
from portal.api.streams import Listener, Told, TooManyPages
from portal.web.forms import Form
from portal.web.page import Access, Page, get
from portal.web.visit import Visit

ACCOUNT_PATH: Final = "/v1/account-events"

BEAT_SECONDS: Final = 20.0
"""Between two signs of life; proxies on the way close what is silent for a minute."""

LONGEST_SECONDS: Final = 600.0
"""The browser then comes back, with tokens that are renewed on the way."""

READER_SECONDS: Final = 20.0
"""A browser that takes nothing for this long is cut off."""

_CHANGED: Final = b"event: changed\ndata: 1\n\n"
_BEAT: Final = b": here\n\n"
_HEADERS: Final = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Cache-Control": "no-store"}


async def follow_account(visit: Visit, _form: Form) -> web.StreamResponse:
    """Say whenever something of the visitor's account changed."""
    return await _follow(visit, ACCOUNT_PATH)


async def follow_ticket(visit: Visit, _form: Form) -> web.StreamResponse:
    """Say whenever the visitor's place in the line of an opening changed."""
    opening_id, ticket_id = visit.place("opening_id"), visit.place("ticket_id")
    return await _follow(visit, f"/v1/openings/{opening_id}/tickets/{ticket_id}/events")


async def _follow(visit: Visit, path: str) -> web.StreamResponse:
    """Answer by a status alone where there is no stream: it is read by a script."""
    transport = visit.request.transport
    try:
        listener = await visit.streams.join(visit.api, path, lambda: transport is None or transport.is_closing())
    except SignedOut:
        return web.Response(status=401)
    except TooManyPages:
        return web.Response(status=429, headers={"Retry-After": "60"})
    except ServiceDown:
        return web.Response(status=503, headers={"Retry-After": "10"})
    except Problem as problem:
        return web.Response(status=problem.status)
    key = (visit.account_id, path)
    try:
        return await _send(visit, listener)
    finally:
        visit.streams.leave(listener, key)


async def _send(visit: Visit, listener: Listener) -> web.StreamResponse:
    response = web.StreamResponse(headers=_HEADERS)
    seconds = LONGEST_SECONDS
    if visit.session is not None:
        seconds = min(seconds, max(1.0, (visit.session.access_expires_at - visit.now).total_seconds()))
    visit.finish(response)
    await response.prepare(visit.request)
    if visit.request.method == "HEAD":
        return response
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    try:
        await response.write(_BEAT)
        while (left := ends - loop.time()) > 0 and not listener.is_gone():
            told = await listener.wait(min(BEAT_SECONDS, left))
            if told is Told.OVER:
                break
            async with asyncio.timeout(READER_SECONDS):
                await response.write(_CHANGED if told is Told.CHANGED else _BEAT)
        await response.write_eof()
    except (ConnectionError, TimeoutError):
        if visit.request.transport is not None:
            visit.request.transport.abort()
    return response


PAGES: Final[tuple[Page, ...]] = (
    get("/live", follow_account, Access.ANYBODY),
    get("/live/openings/{opening_id}/{ticket_id}", follow_ticket, Access.ANYBODY),
)
