"""The ground on which a priority seat is held, found in memory: no round trip."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.scheduling.applications import ApplicationCopy
from services.scheduling.booking.appointments import priority
from services.scheduling.booking.appointments.priority import Need, Priority, PriorityProblem
from services.scheduling.booking.appointments.priority_errors import NotInPriorityGroup, PriorityNeedMissing
from services.scheduling.offices.facts import limits_on
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.terms import Pool


class PriorityGrounds:
    """Checks who may have a priority seat, from memory."""

    def __init__(self, facts_cache: OfficeFactsCache) -> None:
        self._facts_cache = facts_cache

    def ground(self, pool: Pool, need: Need | None, copy: ApplicationCopy, day: date) -> Priority | None:
        """Return the ground of a hold in that pool, or None where it needs none.

        Refuses with ``PriorityNeedMissing`` and ``NotInPriorityGroup``, which names the limits of the day.
        """
        if pool is not Pool.PRIORITY:
            return None
        limits = limits_on(self._facts_cache.table.priority, day)
        found = priority.priority_of(need, priority.band_of(copy.age_band), limits)
        if isinstance(found, Priority):
            return found
        named: dict[str, Any] = {
            "child_below_years": limits.child_below_years if limits else None,
            "elderly_above_years": limits.elderly_above_years if limits else None,
        }
        if found is PriorityProblem.NEED_MISSING:
            raise PriorityNeedMissing(field="/priority_need", **named)
        raise NotInPriorityGroup(field="/priority_need", **named)
