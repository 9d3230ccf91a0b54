"""The middleware of every request: sets its trace, logs and counts it, and turns an exception into a problem.

It is the only one: everything that belongs to one endpoint is bound once by `shared.http.binding`.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from aiohttp import web

from shared.context import bound, new_causation
from shared.http.language import language_of
from shared.http.problem_calls import problem_call
from shared.http.problems import SomethingBroke, as_refusal, problem_response
from shared.http.responses import StreamBroke, add_usual_headers
from shared.http.runtime import CALLER_ROLE, HttpRuntime
from shared.http.unknown_members import name_ignored
from shared.http.waiting import WAITED_SECONDS
from shared.logs import get_logger

log = get_logger(__name__)

UNMATCHED: Final = "unmatched"
OTHER_METHOD: Final = "OTHER"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET_ROUTES: Final = frozenset({"/health/live", "/health/ready", "/health/invariants", "/metrics"})
"""Probes that call every few seconds: logged at debug level only."""


def outer_middleware(runtime: HttpRuntime) -> Any:
    """Return the middleware of one application."""
    draining, connections = runtime.draining, runtime.connections

    @web.middleware
    async def around(request: web.Request, handler: Any) -> web.StreamResponse:
        started = perf_counter()
        causation = new_causation(traceparent=request.headers.get("traceparent"))
        trace = causation.correlation_id
        route = route_of(request)
        line = request.protocol
        connections.understood(line)
        try:
            with bound(causation):
                response, code = await _answer(request, handler, route, trace)
        finally:
            connections.answered(line)
        if not response.prepared:
            add_usual_headers(response, trace)
            name_ignored(request, response)
            if draining.is_set():
                response.force_close()
        seconds = perf_counter() - started - request.get(WAITED_SECONDS, 0.0)
        _tell(runtime, request.method, route, response.status, code, seconds, trace)
        return response

    return around


def route_of(request: web.Request) -> str:
    """Return the template of the request's route, `UNMATCHED` where there is none, so that metric labels stay few."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else UNMATCHED


async def _answer(request: web.Request, handler: Any, route: str, trace: str) -> tuple[web.StreamResponse, str | None]:
    try:
        return await handler(request), None
    except Exception as error:
        if _cannot_be_told(error, request):
            log.info("http.client_left", method=request.method, route=route)
            raise
        refusal = as_refusal(error)
        if refusal is None:
            log.exception("http.broke", method=request.method, route=route)
            refusal = SomethingBroke()
    instance = request.rel_url.raw_path
    response = problem_response(
        refusal,
        language=language_of(request.headers.get("Accept-Language")),
        instance=instance,
        trace_id=trace,
        next_call=problem_call(
            refusal,
            request.get(CALLER_ROLE),
            request.method,
            request.rel_url.raw_path_qs,
            {**request.query, **request.match_info},
        ),
    )
    return response, refusal.code


def _cannot_be_told(error: Exception, request: web.Request) -> bool:
    gone = request.transport is None or request.transport.is_closing()
    return isinstance(error, StreamBroke) or (isinstance(error, ConnectionError) and gone)


def _tell(
    runtime: HttpRuntime, asked: str, route: str, status: int, code: str | None, seconds: float, trace: str
) -> None:
    """Count the answer and log it: refusals at info level, faults of the service (5xx) as warnings."""
    method = asked if asked in METHODS else OTHER_METHOD
    runtime.metrics.answered(method, route, status, seconds)
    members = {"trace_id": trace, "method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
    if code is not None:
        runtime.metrics.refusals.count(route, code)
        runtime.access_log.write("warning" if status >= 500 else "info", "http.refused", code=code, **members)
    else:
        runtime.access_log.write("debug" if route in QUIET_ROUTES else "info", "http.answered", **members)
