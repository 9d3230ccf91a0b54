"""One measured figure: what it is, what it was held against, and whether that was reached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

WHOLE_FROM: Final = 9_999.5


@dataclass(frozen=True)
class Figure:
    """A figure with its unit and, where there is one, its floor (the bare driver doing the same) and its target.

    With a floor the target is a ratio of it; without, it is in the figure's own unit. ``less_is_better`` turns the
    sign.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    target: float | None = None
    less_is_better: bool = False
    why: str = ""
    """The meaning, and why it is less than the target where it is."""

    @property
    def ratio(self) -> float | None:
        """The value as a part of its floor."""
        return round(self.value / self.floor, 3) if self.floor else None

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; none where there is no target."""
        if self.target is None:
            return None
        reached = self.value if self.ratio is None else self.ratio
        return reached <= self.target if self.less_is_better else reached >= self.target

    def as_json(self) -> str:
        """The line that ``--json`` prints."""
        line: dict[str, object] = {"name": self.name, "value": round(self.value, 3), "unit": self.unit}
        if self.floor is not None:
            line |= {"floor": round(self.floor, 3), "ratio": self.ratio}
        if self.target is not None:
            line |= {"target": self.target, "met": self.met}
        return json.dumps(line)


@dataclass(frozen=True)
class Table:
    """Figures that belong together, with what was done to get them and a table of details."""

    title: str
    method: str
    figures: tuple[Figure, ...]
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = field(default=())


def format_value(value: float) -> str:
    """Return a value with four digits, or whole where it has more before its point."""
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:.4g}"


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """The value below which this share of the sorted values lies (nearest rank); 0 where there are none."""
    if not sorted_values:
        return 0.0
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]
