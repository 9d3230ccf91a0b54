"""Queries and writes of second factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.second_factors.factors import SecondFactors
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind

SECOND_FACTORS: Final[Kind[SecondFactors]] = Kind("staff_second_factors", SecondFactors, bare=True)
"""Named by the id of the member of staff."""


class SecondFactorRepository:
    """Reads and changes the second factors of one member of staff; a member without a document has none."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context

    async def of_member(self, staff_id: str) -> SecondFactors:
        """Return the second factors of this member."""
        record = await self._context.store.get(SECOND_FACTORS, staff_id)
        return record.state if record is not None else SecondFactors()

    async def change_of_member(self, staff_id: str, decide: Callable[[SecondFactors], SecondFactors]) -> SecondFactors:
        """Write what is decided in one write and return it; decided again where somebody else wrote meanwhile."""
        record = await change(
            self._context.store,
            self._context.clock,
            SECOND_FACTORS,
            staff_id,
            lambda factors: Decision(decide(factors)),
            fresh=SecondFactors(),
        )
        return record.state
