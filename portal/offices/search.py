"""A search for offices: what was asked, and what the API is asked for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from portal.web.visit import Visit

MOST_FOUND: Final = 12
"""Offices of one answer: about what a phone shows in three screens."""

MOST_TEXT: Final = 60
"""Of a town's name, as the API takes it."""

EVERY_OFFICE: Final = 200
"""More than there are; the API's largest page."""

POOLS: Final = ("regular", "priority")
KINDS: Final = ("electronic", "ordinary")
_NEAR: Final = re.compile(r"-?\d{1,2}(?:\.\d{1,6})?,-?\d{1,3}(?:\.\d{1,6})?")


@dataclass(frozen=True)
class Search:
    """The wishes of a search; every part is optional."""

    place: str = ""
    province: str = ""
    near: str = ""
    kind: str = ""
    pool: str = "regular"
    by_distance: bool = False
    """The nearest first; otherwise the earliest free date first, among those that are near."""

    @property
    def asks(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.place or self.province or self.near)

    def query(self) -> dict[str, Any]:
        """Return the query of `GET /v1/quota`."""
        asked: dict[str, Any] = {"pool": self.pool, "limit": MOST_FOUND}
        if self.near:
            asked["near"] = self.near
        elif self.place:
            asked["around"] = self.place
        if self.province and not self.place:
            asked["province"] = self.province
            asked["limit"] = 50
        if self.kind:
            asked["passport_kind"] = self.kind
        if not self.asks:
            asked["first_free"] = True
        return asked


def read_search(query: Mapping[str, str], kind: str = "", place: str = "") -> Search:
    """Return the search that an address asks for; what is no choice of ours is left out.

    `kind` and `place` hold where the address names none.
    """
    near = query.get("near", "").strip()
    pool, wished = query.get("pool", ""), query.get("kind", kind)
    return Search(
        place=" ".join(query.get("place", place).split())[:MOST_TEXT],
        province=query.get("province", "").strip()[:MOST_TEXT],
        near=near if _NEAR.fullmatch(near) and _is_on_earth(near) else "",
        kind=wished if wished in KINDS else "",
        pool=pool if pool in POOLS else POOLS[0],
        by_distance=query.get("order", "") == "distance",
    )


def _is_on_earth(near: str) -> bool:
    latitude, longitude = (abs(float(part)) for part in near.split(","))
    return latitude <= 90 and longitude <= 180


def in_order(offices: Iterable[Mapping[str, Any]], search: Search) -> list[Mapping[str, Any]]:
    """Return offices in the order that was asked for: those that offer the kind come before those that do not."""
    listed = list(offices)
    if search.by_distance:
        return sorted(listed, key=lambda office: office["offered"] is False)
    return sorted(
        listed,
        key=lambda office: (
            office["offered"] is False,
            office["first_free"]["starts_at"] if office["first_free"] else "9999",
        ),
    )


@dataclass(frozen=True)
class Found:
    """The offices that a search found, and every office for the map."""

    search: Search
    offices: list[Mapping[str, Any]]
    every: list[Mapping[str, Any]]

    @property
    def provinces(self) -> list[str]:
        """The provinces that have an office."""
        return sorted({office["province"] for office in self.every})

    @property
    def outreach(self) -> list[Mapping[str, Any]]:
        """Places where people of an office receive on days of their own."""
        return [office for office in self.every if office["kind"] == "outreach"]


async def find_offices(visit: Visit, kind: str = "", place: str = "") -> Found:
    """Return what the visitor's search finds; `kind` and `place` are asked for where the visitor asks for none.

    Raises:
        Problem, SignedOut, ServiceDown.
    """
    search = read_search(visit.request.query, kind, place)
    free, every = await visit.api.together(
        visit.api.get("/v1/quota", **search.query()), visit.api.get("/v1/offices", limit=EVERY_OFFICE)
    )
    return Found(search, in_order(free["offices"], search), every["offices"])
