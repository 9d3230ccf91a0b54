"""Builds one application from a list of endpoints: routes, OpenAPI document, health, metrics and middleware."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from aiohttp import web

from shared.clock import Clock
from shared.http.access_log import AccessLog
from shared.http.agencies import Agencies
from shared.http.binding import bind
from shared.http.body_budget import BodyBudget
from shared.http.body_gate import LateBodies
from shared.http.connections import Connections
from shared.http.docs_page import add_docs_page
from shared.http.endpoint import Endpoint
from shared.http.gates import FairGate, Gate
from shared.http.health import Check, Invariants, Readiness
from shared.http.idempotency import AnswerCache
from shared.http.metrics import Metrics
from shared.http.middleware import outer_middleware
from shared.http.openapi import build_openapi, refuse_twins
from shared.http.options import HttpOptions
from shared.http.rate_limit import InProcessRateLimiter, RateLimiter
from shared.http.runtime import HttpRuntime, Verifier
from shared.http.trial_examples import with_trial_examples
from shared.http.waiting import WaitingCalls
from shared.service import InvariantCheck
from shared.sessions import SessionCheck
from shared.store.changes import ChangeSource, RecordChanges

RUNTIME: Final = web.AppKey("runtime", HttpRuntime)
"""Where the running application keeps its shared parts; `app[RUNTIME].draining` is set when it is about to end."""

ENDPOINTS: Final = web.AppKey("endpoints", tuple[Endpoint, ...])
"""The endpoints of the application, for tests over every route."""

OPENAPI_PATH: Final = "/v1/openapi.json"


class Description:
    """The OpenAPI document of a service, made when it is first asked for: that takes a good part of a second, which a
    start can do without. A thread makes it, so that its first reader holds up no other call.
    """

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._document: dict[str, Any] | None = None
        self._page = b""
        self._making = asyncio.Lock()

    async def read_document(self) -> dict[str, Any]:
        """Return the document."""
        async with self._making:
            if self._document is None:
                self._document = await asyncio.to_thread(self._make)
        return self._document

    async def read_page(self) -> bytes:
        """Return the document as JSON."""
        if not self._page:
            document = await self.read_document()
            self._page = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return self._page


def build_app(
    endpoints: Sequence[Endpoint],
    *,
    service_name: str,
    clock: Clock,
    verifier: Verifier | None = None,
    options: HttpOptions | None = None,
    readiness: Mapping[str, Check] | None = None,
    invariants: Mapping[str, InvariantCheck] | None = None,
    metrics: Metrics | None = None,
    limiter: RateLimiter | None = None,
    sessions: SessionCheck | None = None,
    changes: ChangeSource | None = None,
    docs: bool = False,
    trial: bool = False,
) -> web.Application:
    """Return the application, ready for `shared.http.server.serve` or a test client.

    `changes` tells of changed records; without it no call waits for one. `docs` serves `/docs`, in a `trial` with its
    people and staff in the examples. The service adds its own parts by
    `app[KEY] = part`.

    Raises:
        ValueError: endpoints contradict each other, or one asks for a token and there is no `verifier`, or one is
            sensitive and there is no `sessions`.
    """
    options = options or HttpOptions()
    metrics = metrics or Metrics(service_name)
    waiting = _make_waiting(options, endpoints, changes, clock)
    runtime = _make_runtime(options, service_name, clock, verifier, limiter, metrics, waiting)
    runtime.sessions = sessions
    app = web.Application(middlewares=[outer_middleware(runtime)])
    app[RUNTIME] = runtime
    app[ENDPOINTS] = tuple(endpoints)

    async def close_waiting(_app: web.Application) -> None:
        await waiting.close()

    app.on_cleanup.append(close_waiting)
    has_head_of_its_own = {endpoint.path for endpoint in endpoints if endpoint.method == "HEAD"}
    for endpoint in endpoints:
        answer = bind(endpoint, runtime)
        app.router.add_route(endpoint.method, endpoint.path, answer, expect_handler=_go_on)
        if endpoint.method == "GET" and endpoint.safe and endpoint.path not in has_head_of_its_own:
            app.router.add_route("HEAD", endpoint.path, answer, expect_handler=_go_on)
    refuse_twins(endpoints)
    description = Description(partial(build_openapi, endpoints, service_name, options.api_version))
    _describe(app, description)
    if docs:
        add_docs_page(app, description.read_document, with_trial_examples if trial else None)
    _add_health(app, Readiness(readiness or {}, clock), Invariants(invariants or {}, metrics, clock))
    return app


def _make_waiting(
    options: HttpOptions, endpoints: Sequence[Endpoint], changes: ChangeSource | None, clock: Clock
) -> WaitingCalls:
    gate = FairGate(options.max_waiting, options.waiting_each, for_callers=options.waiting_of_callers)
    named = {name for endpoint in endpoints for name in (endpoint.watches, endpoint.follows)}
    watched = sorted(name for name in named if name is not None)
    return WaitingCalls(gate, RecordChanges(changes, watched, clock) if changes is not None else None)


def _make_runtime(
    options: HttpOptions,
    service_name: str,
    clock: Clock,
    verifier: Verifier | None,
    limiter: RateLimiter | None,
    metrics: Metrics,
    waiting: WaitingCalls,
) -> HttpRuntime:
    """Make the shared parts and register their gauges."""
    late = FairGate(
        options.max_late_bodies,
        options.late_bodies_each,
        for_callers=options.late_bodies_of_callers,
        for_agencies=options.kept_for_agencies,
    )
    agencies = Agencies(options.agency_networks)
    runtime = HttpRuntime(
        options=options,
        clock=clock,
        verifier=verifier,
        limiter=limiter or InProcessRateLimiter(),
        metrics=metrics,
        access_log=AccessLog(service_name),
        answers=AnswerCache(),
        gate=Gate(options.max_in_flight, options.kept_for_agencies),
        bodies=BodyBudget(options.body_budget_bytes),
        late_bodies=LateBodies(late, options.prompt_seconds),
        uploads=FairGate(options.max_uploads, options.uploads_each),
        public_streams=FairGate(options.max_public_streams, options.public_streams_each),
        own_streams=FairGate(options.max_own_streams, options.own_streams_each),
        followed_streams=FairGate(options.max_followed_streams, options.followed_streams_each),
        downloads=FairGate(options.max_downloads, options.downloads_each),
        waiting=waiting,
        agencies=agencies,
        connections=Connections(
            options.max_connections,
            options.connections_each,
            options.head_seconds,
            options.trusted_proxies,
            lambda address: agencies.knows(address, clock.now()),
        ),
    )
    metrics.watch("call", lambda: runtime.gate.inside)
    metrics.watch("late_body", lambda: runtime.late_bodies.late)
    metrics.watch("upload", lambda: runtime.uploads.inside)
    metrics.watch("download", lambda: runtime.downloads.inside)
    metrics.watch("waiting", lambda: waiting.gate.inside)
    metrics.watch("public_stream", lambda: runtime.public_streams.inside)
    metrics.watch("own_stream", lambda: runtime.own_streams.inside)
    metrics.watch("followed_stream", lambda: runtime.followed_streams.inside)
    metrics.watch("connection", lambda: runtime.connections.open)
    metrics.watch_bodies(lambda: runtime.bodies.held_bytes)
    return runtime


async def _go_on(request: web.Request) -> None:
    """Answer `Expect: 100-continue`; ignore other expectations (RFC 9110, 10.1.1 lets a server do so)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # the interim answer must not count as the beginning of the real one
        request.writer.output_size = 0


def _describe(app: web.Application, description: Description) -> None:
    async def openapi(_request: web.Request) -> web.Response:
        page = await description.read_page()
        return web.Response(body=page, content_type="application/json", headers={"Cache-Control": "max-age=60"})

    app.router.add_get(OPENAPI_PATH, openapi)


def _add_health(app: web.Application, readiness: Readiness, invariants: Invariants) -> None:
    runtime = app[RUNTIME]

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"state": "live"})

    async def ready(_request: web.Request) -> web.Response:
        checks = await readiness.run_checks()
        well = all(state.ok for state in checks.values())
        said = "draining" if runtime.draining.is_set() else "ready" if well else "not_ready"
        shown = {
            name: {
                "ok": state.ok,
                "since": state.since.isoformat(),
                **({"reason": state.reason} if state.reason else {}),
            }
            for name, state in checks.items()
        }
        return web.json_response({"state": said, "checks": shown}, status=200 if said == "ready" else 503)

    async def hold(_request: web.Request) -> web.Response:
        report = await invariants.run()
        return web.json_response({"holds": all(line["holds"] for line in report), "invariants": report})

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=runtime.metrics.page(), headers={"Content-Type": runtime.metrics.content_type})

    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/health/invariants", hold)
    app.router.add_get("/metrics", metrics)
