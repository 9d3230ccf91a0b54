"""Offline quota: visits that an office may receive by hand on a day without the service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime


@dataclass(frozen=True)
class OfflineGrant:
    """Offline seats that an office head opened for a day, and why."""

    seats: int
    by: str
    at: datetime
    reason: str
    change_id: str


@dataclass(frozen=True)
class OfflineQuota:
    """How many visits an office may receive by hand on one day while the service is away."""

    office_id: str
    date: date
    grants: tuple[OfflineGrant, ...] = ()
    used: int = 0
    """Visits that were imported; never above :attr:`seats`."""

    @property
    def seats(self) -> int:
        """Return the seats of all grants together."""
        return sum(grant.seats for grant in self.grants)

    @property
    def left(self) -> int:
        """Return how many more visits may be imported."""
        return self.seats - self.used


def used_up(quota: OfflineQuota, used: int) -> OfflineQuota:
    """Return the quota with so many visits imported; of two counts the higher one stays, whichever is told last."""
    return replace(quota, used=max(quota.used, used))


def granted(quota: OfflineQuota, grant: OfflineGrant) -> OfflineQuota:
    """Return the quota with more seats; a repeat of the same change adds nothing."""
    if any(known.change_id == grant.change_id for known in quota.grants):
        return quota
    return replace(quota, grants=(*quota.grants, grant))
