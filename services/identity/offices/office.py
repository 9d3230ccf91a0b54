"""Offices as identity knows them: an id, the region that watches it, and for an outreach the office that keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Office:
    """One office of the delivered table."""

    office_id: str
    region_id: str


@dataclass(frozen=True)
class OpenedOffice:
    """An office that was opened after the delivery: an outreach of another one."""

    parent_id: str


class OfficeTable:
    """The offices as delivered."""

    def __init__(self, offices: Iterable[Office]) -> None:
        self._regions: Mapping[str, str] = {office.office_id: office.region_id for office in offices}

    def __contains__(self, office_id: str) -> bool:
        """Return whether the office is in the table."""
        return office_id in self._regions

    def has_region(self, region_id: str) -> bool:
        """Return whether there is an office in this region."""
        return region_id in self._regions.values()

    def of_region(self, region_id: str | None) -> tuple[str, ...]:
        """Return the ids of a region's offices, in order; none without a region."""
        return tuple(sorted(office for office, region in self._regions.items() if region == region_id))
