"""Facts of an office: kind, booths, staff, hours, holidays, products with dates, place, opening rule.

`open_days` says on which days the office is open.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from enum import StrEnum
from typing import Any, Final

from services.scheduling.office import Office
from services.scheduling.offices.release_rule import OpeningRule
from services.scheduling.offices.session import SessionPlan, capacity

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

EARTH_RADIUS_KM: Final = 6371.0


class OfficeKind(StrEnum):
    """A permanent office, or an outreach: staff of an office who receive elsewhere on dates of their own."""

    OFFICE = "office"
    OUTREACH = "outreach"


class Product(StrEnum):
    """The kinds of ordinary passport that are applied for."""

    __schema_name__ = "PassportProduct"

    ORDINARY = "ordinary"
    ELECTRONIC = "electronic"


@dataclass(frozen=True)
class Hours:
    """When an office is open on a weekday (0 is Monday), on its own clock."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True)
class OfferedProduct:
    """One product that an office issues; both days inclusive, none: without end."""

    product: Product
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class OfficeFacts:
    """The facts of an office that its administrator maintains."""

    office_id: str
    kind: OfficeKind
    booths: int
    staff: int
    hours: tuple[Hours, ...]
    products: tuple[OfferedProduct, ...]
    holidays: tuple[date, ...] = ()
    """Days on which this office is closed besides the fixed national holidays (`open_days`)."""
    latitude: float | None = None
    longitude: float | None = None
    own_dates: tuple[date, ...] = ()
    """Outreach only: the days on which it receives; it receives on no other."""
    opening: OpeningRule | None = None
    """None: the usual rule, each new day as it comes into sight."""
    parent_id: str | None = None
    """Outreach only: the office whose administrator keeps it."""
    change_id: str | None = None
    """The change that made it so; none: as delivered."""
    address: str | None = None
    telephone: str | None = None
    """Of the office itself, as E.164: both are public and stand on the letter of a visit."""


@dataclass(frozen=True)
class GeoPoint:
    """A point on the earth, in degrees."""

    latitude: float
    longitude: float


def with_facts(office: Office, facts: OfficeFacts | None) -> Office:
    """Return the office with the facts by which visitors find and reach it."""
    if facts is None:
        return office
    return replace(
        office,
        address=facts.address,
        telephone=facts.telephone,
        latitude=facts.latitude,
        longitude=facts.longitude,
    )


def offers(facts: OfficeFacts, product: Product, day: date) -> bool:
    """Return whether the office issues this product on that day."""
    return any(
        offered.product is product
        and (offered.since is None or offered.since <= day)
        and (offered.until is None or day <= offered.until)
        for offered in facts.products
    )


def plan_capacity(plan: SessionPlan, facts: OfficeFacts) -> int:
    """Return how many visitors a session can serve with the booths and staff that both plan and office have."""
    return capacity(
        booths=min(plan.booths, facts.booths),
        staff=min(plan.staff, facts.staff),
        minutes=max(plan.minutes, 0),
        service_minutes=plan.service_minutes,
    )


def place_of(facts: OfficeFacts) -> GeoPoint | None:
    """Return the position of the office's town, or None if it is not known."""
    if facts.latitude is None or facts.longitude is None:
        return None
    return GeoPoint(facts.latitude, facts.longitude)


def distance_km(one: GeoPoint, other: GeoPoint) -> float:
    """Return the great-circle distance in kilometres."""
    first, second = math.radians(one.latitude), math.radians(other.latitude)
    north, east = second - first, math.radians(other.longitude - one.longitude)
    chord = math.sin(north / 2) ** 2 + math.cos(first) * math.cos(second) * math.sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))


@dataclass(frozen=True)
class PriorityLimits:
    """The ages, in whole years, that entitle to a priority seat for a visit from that day on."""

    since: date
    child_below_years: int
    elderly_above_years: int


class PriorityGroup(StrEnum):
    """Grounds for a priority seat."""

    CHILD = "child"
    ELDERLY = "elderly"
    DISABLED = "disabled"


def limits_on(limits: tuple[PriorityLimits, ...], day: date) -> PriorityLimits | None:
    """Return the limits in force on that day; none before the first."""
    in_force = [limit for limit in limits if limit.since <= day]
    return max(in_force, key=lambda limit: limit.since, default=None)


def age_on(birth_date: date, day: date) -> int:
    """Return the age in whole years on that day."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def priority_group(age_years: int, limits: PriorityLimits | None, *, disabled: bool = False) -> PriorityGroup | None:
    """Return why a visitor of that age may have a priority seat, or None. Disability counts at any age and date."""
    if disabled:
        return PriorityGroup.DISABLED
    if limits is None:
        return None
    if age_years < limits.child_below_years:
        return PriorityGroup.CHILD
    if age_years > limits.elderly_above_years:
        return PriorityGroup.ELDERLY
    return None


@dataclass(frozen=True)
class FactsTable:
    """The facts of offices in the shipped files."""

    booths_by_class: Mapping[str, tuple[int, int]]
    """Office class to booths and staff."""
    hours: tuple[Hours, ...]
    electronic_only: tuple[tuple[date, frozenset[str], frozenset[str]], ...]
    """Since when, which offices, which provinces."""
    places: Mapping[str, GeoPoint]
    priority: tuple[PriorityLimits, ...]

    def facts_of(self, office: Office) -> OfficeFacts:
        """Return the first facts of an office."""
        booths, staff = self.booths_by_class[office.office_class]
        place = self.places.get(office.office_id)
        return OfficeFacts(
            office_id=office.office_id,
            kind=OfficeKind.OFFICE,
            booths=booths,
            staff=staff,
            hours=self.hours,
            products=self._products(office),
            latitude=place.latitude if place else None,
            longitude=place.longitude if place else None,
        )

    def _products(self, office: Office) -> tuple[OfferedProduct, ...]:
        since = [
            since
            for since, offices, provinces in self.electronic_only
            if office.office_id in offices or office.province in provinces
        ]
        last = date.fromordinal(min(since).toordinal() - 1) if since else None
        return (OfferedProduct(Product.ORDINARY, until=last), OfferedProduct(Product.ELECTRONIC))


def facts_table(
    content: Mapping[str, Any], products: Mapping[str, Any], positions: Sequence[Mapping[str, str]]
) -> FactsTable:
    """Return the table that the parsed files hold.

    Raises:
        KeyError, ValueError: a part is missing or misspelt.
    """
    return FactsTable(
        booths_by_class={name: (part["booths"], part["staff"]) for name, part in content["by_class"].items()},
        hours=tuple(
            Hours(WEEKDAYS.index(day), time.fromisoformat(opens), time.fromisoformat(closes))
            for day, (opens, closes) in content["hours"].items()
        ),
        electronic_only=tuple(
            (rule["since"], frozenset(rule.get("offices", ())), frozenset(rule.get("provinces", ())))
            for rule in products["electronic_only"]
        ),
        places={row["office_id"]: GeoPoint(float(row["latitude"]), float(row["longitude"])) for row in positions},
        priority=tuple(
            PriorityLimits(limit["since"], limit["child_below_years"], limit["elderly_above_years"])
            for limit in content["priority"]
        ),
    )
