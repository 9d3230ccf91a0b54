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

    @property
    def all_durations(self) -> list[float]:
        """Of all names together."""
        return [seconds for several in self.durations.values() for seconds in several]

    def took(self, name: str, seconds: float) -> None:
        """Write one duration down."""
        self.durations[name].append(seconds)

    def share_ms(self, share: float, name: str | None = None) -> float:
        """A percentile in milliseconds, of one name or of all together."""
        values = sorted(self.durations[name]) if name is not None else sorted(self.all_durations)
        return percentile(values, share) * 1000

    def row(self, name: str, *shares: float) -> tuple[str, ...]:
        """One name's row of a table of details: how many, and these percentiles in milliseconds."""
        return (name, str(len(self.durations[name])), *(f"{self.share_ms(share, name):.0f}" for share in shares))
