"""Prometheus metrics of billing."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram
from prometheus_client.registry import Collector

CODE_WAIT_BUCKETS: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 21_600.0)
"""Limits of interest: after 120 s the applicant is told, after 900 s the operators are."""

CODES_BUCKETS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


class Metrics:
    """Histograms and counters of one process."""

    def __init__(self) -> None:
        self.code_wait = Histogram(
            "paspor_billing_code_wait_seconds",
            "Time from the request of a bill to its code.",
            buckets=CODE_WAIT_BUCKETS,
            registry=None,
        )
        self.codes_per_call = Histogram(
            "paspor_billing_simponi_codes_per_call",
            "Codes that one call to SIMPONI asked about.",
            buckets=CODES_BUCKETS,
            registry=None,
        )
        self.unanswered_calls = Counter(
            "paspor_billing_simponi_unanswered_calls", "Calls about codes that SIMPONI did not answer.", registry=None
        )

    def all(self) -> tuple[Collector, ...]:
        """Return all metrics."""
        return (self.code_wait, self.codes_per_call, self.unanswered_calls)
