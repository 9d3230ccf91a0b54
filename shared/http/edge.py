"""The outermost ring of every request: its trace, its log line, its count, and the problem that tells a refusal.

It is the only middleware: what belongs to one endpoint is bound once by `shared.http.binding`.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from aiohttp import web

from shared.context import bound, new_causation
from shared.errors import Refusal
from shared.http.language import language_of
from shared.http.layer import Layer
from shared.http.problems import SomethingBroke, as_refusal, problem_response
from shared.http.sending import StreamBroke, dress
from shared.logs import get_logger

log = get_logger(__name__)

UNMATCHED: Final = "unmatched"
OTHER_METHOD: Final = "OTHER"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET_ROUTES: Final = frozenset({"/health/live", "/health/ready", "/health/invariants", "/metrics"})
"""Asked every few seconds by machines; logged only when a level below info is written."""


def edge(layer: Layer) -> Any:
    """The middleware of one application."""
    metrics, draining = layer.metrics, layer.draining

    @web.middleware
    async def around(request: web.Request, handler: Any) -> web.StreamResponse:
        started = perf_counter()
        causation = new_causation(traceparent=request.headers.get("traceparent"))
        trace = causation.correlation_id
        route = route_of(request)
        metrics.in_flight.inc()
        with bound(causation):
            try:
                response = await _answer(request, handler, route, trace, layer)
            finally:
                metrics.in_flight.dec()
            if not response.prepared:
                dress(response, trace)
                if draining.is_set():
                    response.force_close()
            seconds = perf_counter() - started
            method = request.method if request.method in METHODS else OTHER_METHOD
            metrics.answered(method, route, response.status, seconds)
            write = log.debug if route in QUIET_ROUTES else log.info
            write(
                "http.answered",
                method=request.method,
                route=route,
                status=response.status,
                ms=round(seconds * 1000, 1),
            )
        return response

    return around


def route_of(request: web.Request) -> str:
    """The template of the request's route; one word for all that matches none, so that labels stay few."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else UNMATCHED


async def _answer(request: web.Request, handler: Any, route: str, trace: str, layer: Layer) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
        return response
    except Exception as error:
        if _cannot_be_told(error, request):
            log.info("http.client_left", method=request.method, route=route)
            raise
        refusal = _told(error, request, route)
    layer.metrics.refused(route, refusal.code)
    return problem_response(
        refusal,
        language=language_of(request.headers.get("Accept-Language")),
        instance=request.rel_url.raw_path,
        trace_id=trace,
    )


def _cannot_be_told(error: Exception, request: web.Request) -> bool:
    gone = request.transport is None or request.transport.is_closing()
    return isinstance(error, StreamBroke) or (isinstance(error, ConnectionError) and gone)


def _told(error: Exception, request: web.Request, route: str) -> Refusal:
    refusal = as_refusal(error)
    if refusal is None:
        log.error("http.broke", method=request.method, route=route, exc_info=error)
        return SomethingBroke()
    write = log.warning if refusal.status >= 500 else log.info
    write("http.refused", method=request.method, route=route, code=refusal.code, status=refusal.status)
    return refusal
