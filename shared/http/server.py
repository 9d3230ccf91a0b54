"""Serves an application until it is told to stop, then drains requests under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from shared.context import new_causation
from shared.errors import Unreadable
from shared.http.app import RUNTIME
from shared.http.connections import Connections
from shared.http.language import DEFAULT_LANGUAGE
from shared.http.problems import SomethingBroke, problem_response
from shared.http.responses import add_usual_headers
from shared.logs import get_logger

log = get_logger(__name__)

BACKLOG: Final = 1024
KEEPALIVE_SECONDS: Final = 75.0
LINGERING_SECONDS: Final = 3.0
"""After a refusal by its head the rest of a body is read and dropped this long, so that the client sees the refusal."""

READ_AT_ONCE_BYTES: Final = 16 * 1024
"""Bytes that are read of one connection at a time. With 512 requests 16 MiB at most wait in memory; the usual 256 KiB,
and twice that in the buffer, would be 384 MiB."""

BUFFER_BYTES: Final = 8 * 1024
"""Above twice this many unread bytes, nothing more is read from a connection."""

LAST_BYTES_SECONDS: Final = 2.0
"""Time for finished answers to leave the socket, after the `shutdown_seconds` of their requests."""


class NotHttp(Unreadable):
    """The bytes are not valid HTTP: broken framing, over-long lines or headers."""

    code = "not_http"
    title = "The request is not valid HTTP, or its head is too long."
    title_id = "Permintaan bukan HTTP yang sah, atau bagian kepalanya terlalu panjang."
    next_action = "Send a valid HTTP/1.1 request with a head of at most 8 KiB."
    next_action_id = "Kirim permintaan HTTP/1.1 yang sah dengan kepala paling banyak 8 KiB."


class _Protocol(RequestHandler):
    """Counts its connection, and answers with a problem to errors before a request reaches the application."""

    __slots__ = ()

    connections: ClassVar[Connections]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio reads 256 KiB at a time, which is more than most bodies and waits in memory whole
        if hasattr(transport, "max_size"):
            transport.max_size = READ_AT_ONCE_BYTES
        peer = transport.get_extra_info("peername")
        super().connection_made(transport)
        if not self.connections.opened(self, peer[0] if peer else None, self.force_close):
            self.force_close()

    def data_received(self, data: bytes) -> None:
        self.connections.note_bytes(self)
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.connections.closed(self)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun; it cannot become another")
        trace = new_causation().correlation_id
        refusal = NotHttp() if status < 500 else SomethingBroke()
        log.info("http.not_understood", code=refusal.code, error=type(exc).__name__, trace_id=trace)
        response = problem_response(refusal, language=DEFAULT_LANGUAGE, instance="/", trace_id=trace)
        add_usual_headers(response, trace)
        response.force_close()
        return response


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

    Draining: readiness answers 503 while calls are still served for `notice_seconds`, so that a gateway turns away in
    time; then no new connection is accepted, requests under way have `shutdown_seconds` to finish, and everything is
    closed. Port 0 takes a free one; `listening` gets the host and port once connections are accepted.

    Raises:
        OSError: the port is in use.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=LAST_BYTES_SECONDS,
        keepalive_timeout=KEEPALIVE_SECONDS,
        lingering_time=LINGERING_SECONDS,
        read_bufsize=BUFFER_BYTES,
        auto_decompress=False,  # encoded bodies are refused: one that lies, or is a bomb, must not be unpacked to be so
    )
    await runner.setup()
    watching = asyncio.create_task(app[RUNTIME].connections.watch())
    try:
        listener = await _listen(runner, host, port, app[RUNTIME].connections)
        bound_port = int(listener.sockets[0].getsockname()[1])
        log.info("http.listening", host=host, port=bound_port)
        if listening is not None:
            listening(host, bound_port)
        try:
            await stop.wait()
            await _notify(app, notice_seconds)
        finally:
            listener.close()
        await _finish(app, shutdown_seconds)
    finally:
        watching.cancel()
        await runner.cleanup()
    log.info("http.closed")


async def _listen(runner: web.AppRunner, host: str, port: int, connections: Connections) -> asyncio.Server:
    server = runner.server
    if server is None:
        raise RuntimeError("the runner is not set up")
    counting = type("_CountedProtocol", (_Protocol,), {"__slots__": (), "connections": connections})

    def protocol() -> RequestHandler:
        made = server()
        made.__class__ = counting
        return made

    return await asyncio.get_running_loop().create_server(protocol, host, port, backlog=BACKLOG)


async def _notify(app: web.Application, notice_seconds: float) -> None:
    runtime = app[RUNTIME]
    runtime.drain()
    log.info("http.draining", in_flight=runtime.inside, streams=runtime.streams_inside)
    if notice_seconds > 0:
        await asyncio.sleep(notice_seconds)


async def _finish(app: web.Application, shutdown_seconds: float) -> None:
    runtime = app[RUNTIME]
    with suppress(TimeoutError):
        async with asyncio.timeout(shutdown_seconds):
            await runtime.empty()
    if runtime.inside or runtime.streams_inside:
        log.warning("http.cut_short", in_flight=runtime.inside, streams=runtime.streams_inside)
