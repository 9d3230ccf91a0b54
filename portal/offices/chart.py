"""The map of offices: dots over an outline of the country that we serve ourselves (`portal/static/map.svg`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

WEST: Final = 94.5
NORTH: Final = 6.5
UNITS_A_DEGREE: Final = 20
"""Longitude and latitude are drawn alike: near the equator a degree of either is as long."""

WIDE: Final = 940
HIGH: Final = 360
LEAST_WIDE: Final = 120
"""Six degrees: closer in, the outline is too rough."""

DOTS_ACROSS: Final = 110
"""A dot's radius is this part of the width that is seen."""


@dataclass(frozen=True)
class Dot:
    """An office on the map."""

    office_id: str
    name: str
    x: float
    y: float
    is_found: bool


@dataclass(frozen=True)
class Chart:
    """Dots, and the part of the country that is seen."""

    dots: tuple[Dot, ...]
    view_box: str
    radius: float


def chart_of(every: Iterable[Mapping[str, Any]], found: Iterable[str] = ()) -> Chart:
    """Return the map of offices with a known position, around those that were found, or of the whole country."""
    wanted = frozenset(found)
    dots = tuple(
        Dot(
            office["office_id"],
            office["name"],
            round((office["position"]["longitude"] - WEST) * UNITS_A_DEGREE, 1),
            round((NORTH - office["position"]["latitude"]) * UNITS_A_DEGREE, 1),
            office["office_id"] in wanted,
        )
        for office in every
        if office["position"] is not None
    )
    seen = [dot for dot in dots if dot.is_found]
    left, top, wide, high = _frame(seen) if seen else (0.0, 0.0, float(WIDE), float(HIGH))
    inside = tuple(dot for dot in dots if left <= dot.x <= left + wide and top <= dot.y <= top + high)
    return Chart(inside, f"{left:g} {top:g} {wide:g} {high:g}", round(wide / DOTS_ACROSS, 2))


def _frame(dots: list[Dot]) -> tuple[float, float, float, float]:
    """Return a frame of the map's own shape around the dots, with a margin."""
    left, right = min(dot.x for dot in dots), max(dot.x for dot in dots)
    top, bottom = min(dot.y for dot in dots), max(dot.y for dot in dots)
    wide = min(max((right - left) * 1.3, (bottom - top) * 1.3 * WIDE / HIGH, LEAST_WIDE), WIDE)
    high = wide * HIGH / WIDE
    x = min(max((left + right - wide) / 2, 0.0), WIDE - wide)
    y = min(max((top + bottom - high) / 2, 0.0), HIGH - high)
    return round(x, 1), round(y, 1), round(wide, 1), round(high, 1)
