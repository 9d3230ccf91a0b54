"""Keeping a number of callers busy and writing down how long each thing took."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from bench.figures import percentile


@dataclass
class Tally:
    """Results of a load: durations in seconds by name, and outcomes by word."""

    durations: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def took(self, name: str, seconds: float) -> None:
        """Write one duration down."""
        self.durations[name].append(seconds)

    def share_ms(self, share: float, name: str | None = None) -> float:
        """A percentile in milliseconds, of one name or of all together."""
        if name is not None:
            values = sorted(self.durations[name])
        else:
            values = sorted(each for several in self.durations.values() for each in several)
        return percentile(values, share) * 1000
