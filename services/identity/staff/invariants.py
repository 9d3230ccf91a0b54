"""The rule of staff that is checked while the service runs."""

from __future__ import annotations

from services.identity.context import UseCaseContext
from services.identity.staff.powers import Post
from services.identity.staff.repository import STAFF
from services.identity.staff.states import StaffState
from shared.service import InvariantReport


class StaffInvariants:
    """Checks over every member of staff."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store

    async def an_operator_remains(self) -> InvariantReport:
        """Once there was an operator there is one who can act."""
        were = {StaffState.ACTIVE, StaffState.LOCKED, StaffState.LEFT}
        states = [member.state.state async for member in self._store.scan(STAFF) if member.state.role == Post.OPERATOR]
        broken = were.intersection(states) and StaffState.ACTIVE not in states
        return InvariantReport(len(states), ("operator",) if broken else ())
