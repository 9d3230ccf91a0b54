"""Prometheus metrics of the process that reads papers."""

from __future__ import annotations

from typing import Final

from prometheus_client import Histogram
from prometheus_client.registry import Collector

SECONDS_BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)


class ReadingFigures:
    """The time that each page took, by the outcome."""

    def __init__(self) -> None:
        self._seconds = Histogram(
            "paspor_paper_reading_seconds",
            "Time from a page in memory to its verdict, waiting for a worker included.",
            ("outcome",),
            buckets=SECONDS_BUCKETS,
            registry=None,
        )

    @property
    def collectors(self) -> tuple[Collector, ...]:
        """Collectors for the process's metrics page."""
        return (self._seconds,)

    def note(self, outcome: str, seconds: float) -> None:
        """Count one page."""
        self._seconds.labels(outcome).observe(seconds)
