"""Serving an application until told to stop, and stopping without breaking off what is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import web

from shared.http.app import LAYER
from shared.logs import get_logger

log = get_logger(__name__)

BACKLOG: Final = 1024
KEEPALIVE_SECONDS: Final = 75.0
LAST_BYTES_SECONDS: Final = 2.0
"""For answers that are ready to leave the socket; what they answer had its `shutdown_seconds` before."""


async def serve(
    app: web.Application,
    host: str,
    port: int,
    stop: asyncio.Event,
    shutdown_seconds: float,
    *,
    notice_seconds: float = 0.0,
    listening: Callable[[str, int], None] | None = None,
) -> None:
    """Serve until `stop` is set, then drain and return.

    Draining: readiness says 503 while calls are still served for `notice_seconds`, so that a gateway turns away in
    time; then nobody new is let in, what is under way has `shutdown_seconds` to finish, and everything is closed.
    Port 0 takes a free one; `listening` is told the host and port once connections are accepted. `OSError` if the port
    is in use.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=LAST_BYTES_SECONDS,
        keepalive_timeout=KEEPALIVE_SECONDS,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=BACKLOG)
        await site.start()
        bound_port = int(runner.addresses[0][1])
        log.info("http.listening", host=host, port=bound_port)
        if listening is not None:
            listening(host, bound_port)
        await stop.wait()
        await _drain(app, site, shutdown_seconds, notice_seconds)
    finally:
        await runner.cleanup()
    log.info("http.closed")


async def _drain(app: web.Application, site: web.TCPSite, shutdown_seconds: float, notice_seconds: float) -> None:
    layer = app[LAYER]
    layer.draining.set()
    log.info("http.draining", in_flight=layer.gate.inside, streams=layer.streams.inside)
    if notice_seconds > 0:
        await asyncio.sleep(notice_seconds)
    await site.stop()
    with suppress(TimeoutError):
        async with asyncio.timeout(shutdown_seconds):
            await layer.gate.empty()
            await layer.streams.empty()
    if layer.gate.inside or layer.streams.inside:
        log.warning("http.cut_short", in_flight=layer.gate.inside, streams=layer.streams.inside)
