"""Counts refused requests by their stable code: holds that found no seat, wrong codes, limits that were passed."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class RefusalCounts:
    """The counter `paspor_http_refusals` of one service, labelled by route template and problem code."""

    def __init__(self, service_name: str, registry: CollectorRegistry) -> None:
        self._service = service_name
        self._counter = Counter(
            "paspor_http_refusals",
            "Requests refused, by stable code.",
            ("service", "route", "code"),
            registry=registry,
        )

    def count(self, route: str, code: str) -> None:
        """Count one refusal. `route` is a template and `code` is ours, so the labels stay few."""
        self._counter.labels(self._service, route, code).inc()
