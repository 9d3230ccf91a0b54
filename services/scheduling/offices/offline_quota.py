"""Seats that an office head opens for a day on which the office works without the service (F9)."""

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
    """How many visits an office may receive by hand on one day while the service is away (F9)."""

    office_id: str
    date: date
    grants: tuple[OfflineGrant, ...] = ()
    used: int = 0
    """Visits that were imported; never above :attr:`seats`."""

    @property
    def seats(self) -> int:
        """All that was opened."""
        return sum(grant.seats for grant in self.grants)

    @property
    def left(self) -> int:
        """How many more visits may be imported."""
        return self.seats - self.used


def used_up(quota: OfflineQuota, used: int) -> OfflineQuota:
    """Return the quota with so many visits imported; of two counts the higher one stays, whichever is told last."""
    return replace(quota, used=max(quota.used, used))


def granted(quota: OfflineQuota, grant: OfflineGrant) -> OfflineQuota:
    """The quota with more seats; a repeat of the same change adds nothing."""
    if any(known.change_id == grant.change_id for known in quota.grants):
        return quota
    return replace(quota, grants=(*quota.grants, grant))
