"""Products: which office issues the one that an application asks for, and which are the nearest that do."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.scheduling.office import Office
from services.scheduling.offices.facts import (
    OfficeFacts,
    OfficeKind,
    Product,
    distance_km,
    offers,
    place_of,
)

_PRODUCTS: Final = frozenset(Product)


@dataclass(frozen=True)
class NearbyOffice:
    """An office that issues the product, and its distance; None where a position is not known."""

    office: Office
    distance_km: float | None


def lacks(facts: OfficeFacts, product: str | None, day: date) -> bool:
    """Return whether the office does not issue this product on that day; False for products not known here."""
    return product in _PRODUCTS and not offers(facts, Product(product), day)


def nearest_offering(
    here: Office,
    facts: OfficeFacts,
    others: Iterable[tuple[Office, OfficeFacts]],
    products: Collection[Product],
    day: date,
) -> list[NearbyOffice]:
    """Return the offices that issue all of these products on that day, the nearest first.

    Offices without a position follow by name, those of the same province before the others.
    """
    origin, found = place_of(facts), []
    for office, other in others:
        if other.kind is OfficeKind.OFFICE and all(offers(other, product, day) for product in products):
            place = place_of(other)
            far = distance_km(origin, place) if origin is not None and place is not None else None
            found.append(NearbyOffice(office, far))
    return sorted(found, key=lambda nearby: _order(nearby, here.province))


def _order(nearby: NearbyOffice, province: str) -> tuple[bool, float, bool, str]:
    return (
        nearby.distance_km is None,
        nearby.distance_km or 0.0,
        nearby.office.province != province,
        nearby.office.name,
    )
