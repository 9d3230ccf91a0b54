"""Prometheus metrics of HTTP, in a registry of the application's own, labelled by route template, never by path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from shared.http.refusal_counts import RefusalCounts

SECONDS_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.4, 1.0, 2.5, 10.0)
"""0.4 s is the target for the slowest tenth of the journey's steps."""


class Metrics:
    """Metrics of one application. Other parts register theirs in `registry`, so that one page shows all."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, service_name: str, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._seconds = Histogram(
            "paspor_http_request_seconds",
            "Time from the request's headers to its answer.",
            ("service", "method", "route", "status"),
            buckets=SECONDS_BUCKETS,
            registry=self.registry,
        )
        self.refusals = RefusalCounts(service_name, self.registry)
        self._broken = Gauge(
            "paspor_invariant_broken",
            "Things that break a running rule at the last check; -1 if it could not be checked.",
            ("service", "rule"),
            registry=self.registry,
        )
        self._service = service_name
        self._in_flight = Gauge(
            "paspor_http_in_flight", "Requests under way.", ("service", "kind"), registry=self.registry
        )
        self._body_bytes = Gauge(
            "paspor_http_body_bytes", "Bytes of request bodies in memory.", ("service",), registry=self.registry
        )
        self._children: dict[tuple[str, str, int], Histogram] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer. `route` is a template and `status` is ours, so the labels stay few."""
        child = self._children.get((method, route, status))
        if child is None:
            child = self._seconds.labels(self._service, method, route, str(status))
            self._children[method, route, status] = child
        child.observe(seconds)

    def watch(self, kind: str, inside: Callable[[], int]) -> None:
        """Show the number of requests of this kind (call, stream) under way, read when the page is."""
        self._in_flight.labels(self._service, kind).set_function(inside)

    def watch_bodies(self, held: Callable[[], int]) -> None:
        """Show the bytes of bodies in memory, read when the page is."""
        self._body_bytes.labels(self._service).set_function(held)

    def invariant(self, rule: str, broken: int | None) -> None:
        """Show how many things break the rule; None: it was not checked."""
        self._broken.labels(self._service, rule).set(-1 if broken is None else broken)

    def page(self) -> bytes:
        """Return all metrics in Prometheus's text form."""
        return generate_latest(self.registry)
