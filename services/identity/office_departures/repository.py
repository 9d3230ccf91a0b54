"""Stores departures of offices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.office_departures.departure import OfficeDeparture
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind

OFFICE_DEPARTURE: Final[Kind[OfficeDeparture]] = Kind(
    "office_departure", OfficeDeparture, bare=True, kept_until="state.kept_until"
)


class DepartureRepository:
    """Departures, each with its state."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context

    async def departure(self, departure_id: str) -> OfficeDeparture | None:
        """Return the departure, or None."""
        record = await self._context.store.get(OFFICE_DEPARTURE, departure_id)
        return record.state if record is not None else None

    async def add_once(self, departure_id: str, plan: OfficeDeparture) -> OfficeDeparture:
        """Write a plan and return it; return the first one that was written under this id."""
        await self._context.store.insert_missing(OFFICE_DEPARTURE, [(departure_id, plan)], now=self._context.now())
        return await self.departure(departure_id) or plan

    async def change(
        self, departure_id: str, decide: Callable[[OfficeDeparture], Decision[OfficeDeparture] | None]
    ) -> OfficeDeparture:
        """Decide about a departure and save it, as `shared.store.change` does."""
        store, clock = self._context.store, self._context.clock
        return (await change(store, clock, OFFICE_DEPARTURE, departure_id, decide)).state
