"""Prometheus metrics of identity."""

from __future__ import annotations

from prometheus_client import Counter
from prometheus_client.registry import Collector


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self.unusual_readings = Counter(
            "paspor_identity_unusual_readings",
            "Members of staff who read unusually much personal data within an hour; any is an alert.",
            ["unusual"],
            registry=None,
        )
        self.breach_alerts = Counter(
            "paspor_identity_breach_notice_alerts",
            "Notices of a breach that are still due, by the hours since it was found; any is an alert.",
            ["hours"],
            registry=None,
        )

    def all(self) -> tuple[Collector, ...]:
        """Return all metrics."""
        return (self.unusual_readings, self.breach_alerts)
