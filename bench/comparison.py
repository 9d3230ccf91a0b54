"""Comparison of two builds' runs: ratios of pairs, their median, spread, and whether a target is met. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

AT_LEAST: Final[Mapping[str, float]] = {
    "seats.hot": 0.95,
    "journey.rate": 0.95,
    "money.confirm_p99": 0.95,
    "otp.create": 0.8,
    "otp.verify": 0.8,
    "addresses.peak": 1 / 1.2,
    "journey.cpu": 1 / 1.05,
    "work.files": 1 / 0.65,
    "work.statements": 1 / 0.93,
}
"""How good this build must at least be, as a part of the other: 0.95 is a ratio of 0.95 where more is better, and of
1/0.95 where less is better."""


@dataclass(frozen=True)
class FigureRun:
    """One figure of one run."""

    name: str
    value: float
    unit: str
    less_is_better: bool
    target: float | None = None
    floor: float | None = None


@dataclass(frozen=True)
class Compared:
    """One figure of both builds over all pairs of runs."""

    name: str
    unit: str
    less_is_better: bool
    this: tuple[float, ...]
    other: tuple[float, ...]
    target: float | None = None
    """This build's own, in the figure's unit."""

    at_least: float | None = None
    """How good this build must be as a part of the other."""

    @property
    def this_median(self) -> float:
        """Of this build's runs."""
        return median(self.this)

    @property
    def other_median(self) -> float | None:
        """Of the other build's runs; none if it has no such figure."""
        return median(self.other) if self.other else None

    @property
    def ratios(self) -> tuple[float, ...]:
        """This by other of each pair, as far as both were run; pairs whose other is zero have no ratio."""
        return tuple(mine / theirs for mine, theirs in zip(self.this, self.other, strict=False) if theirs)

    @property
    def ratio(self) -> float | None:
        """The median of the pairs' ratios."""
        return median(self.ratios) if self.ratios else None

    @property
    def wanted_ratio(self) -> float | None:
        """The ratio that must be reached (or not be passed, where less is better)."""
        if self.at_least is None:
            return None
        return 1 / self.at_least if self.less_is_better else self.at_least

    @property
    def met(self) -> bool | None:
        """Whether every declared target is met; none where there is none, or nothing to hold it against."""
        held = [self._own_target(), self._ratio_target()]
        known = [item for item in held if item is not None]
        return all(known) if known else None

    def _own_target(self) -> bool | None:
        if self.target is None:
            return None
        return self.this_median <= self.target if self.less_is_better else self.this_median >= self.target

    def _ratio_target(self) -> bool | None:
        wanted, ratio = self.wanted_ratio, self.ratio
        if wanted is None or ratio is None:
            return None
        return ratio <= wanted if self.less_is_better else ratio >= wanted

    def as_json(self) -> str:
        """The line that ``--json`` prints."""
        line = {
            **asdict(self),
            "better": "less" if self.less_is_better else "more",
            "this_median": self.this_median,
            "other_median": self.other_median,
            "ratio": self.ratio,
            "ratio_wanted": self.wanted_ratio,
            "spread_this": spread(self.this),
            "spread_other": spread(self.other),
            "met": self.met,
        }
        return json.dumps(line)


def spread(values: Sequence[float]) -> float | None:
    """Largest less smallest value as a part of the median: how much runs of one build differ. None below two runs."""
    middle = median(values) if values else 0.0
    return (max(values) - min(values)) / abs(middle) if len(values) > 1 and middle else None


def read_figures(fields: Sequence[Mapping[str, Any]]) -> tuple[FigureRun, ...]:
    """The figures that a run said; one with a floor loses its own target, which is a part of that floor.

    Raises:
        ValueError: a figure has no name, or its value is no number.
    """
    return tuple(_figure(field) for field in fields)


def _figure(fields: Mapping[str, Any]) -> FigureRun:
    name, value, floor = fields.get("name"), fields.get("value"), fields.get("floor")
    if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"this is no figure: {dict(fields)}")
    return FigureRun(
        name=name,
        value=float(value),
        unit=str(fields.get("unit", "")),
        less_is_better=bool(fields.get("less_is_better", False)),
        target=None if floor else fields.get("target"),
        floor=floor,
    )


def compare(this: Sequence[Sequence[FigureRun]], other: Sequence[Sequence[FigureRun]]) -> tuple[Compared, ...]:
    """Every figure of this build's runs beside the other build's, in the order of the first run."""
    names = list(dict.fromkeys(figure.name for run in this for figure in run))
    compared = []
    for name in names:
        mine = [figure for run in this for figure in run if figure.name == name]
        theirs = [figure for run in other for figure in run if figure.name == name]
        first = mine[0]
        compared.append(
            Compared(
                name=name,
                unit=first.unit,
                less_is_better=first.less_is_better,
                this=tuple(figure.value for figure in mine),
                other=tuple(figure.value for figure in theirs),
                target=first.target,
                at_least=AT_LEAST.get(name),
            )
        )
    return tuple(compared)


def missing_figures(this: Sequence[Sequence[FigureRun]], other: Sequence[Sequence[FigureRun]]) -> list[str]:
    """Names of figures that only one of the builds has."""
    mine = {figure.name for run in this for figure in run}
    theirs = {figure.name for run in other for figure in run}
    return sorted(mine ^ theirs)
