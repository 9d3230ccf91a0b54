"""The roster of operators: who may act on operators, kept so that one always remains."""

from __future__ import annotations

from collections.abc import Callable

from services.identity.context import UseCaseContext
from services.identity.staff import operator_roster as rules
from services.identity.staff.errors import LastOperatorStays, StaffNotInService
from services.identity.staff.operator_roster import Roster, RosterProblem
from services.identity.staff.powers import Post
from services.identity.staff.repository import OPERATORS, ROSTER, STAFF, StaffRepository
from services.identity.staff.states import StaffState
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict
from shared.store.retry import again


class StaffRoster:
    """Puts operators on the roster and takes them off."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._staff = StaffRepository(context)

    async def join(self, staff_id: str) -> None:
        """Put somebody on the roster before they become an operator: a crash in between leaves an id too many."""
        await self._change(lambda roster: Decision(rules.joined(roster, staff_id)))

    async def take_off(self, staff_id: str, by: str) -> None:
        """Take an operator off the roster, before they stop being one; a repeat finds it done.

        Raises:
            LastOperatorStays: no other operator is on it.
            StaffNotInService: ``by`` was taken off in the meantime.
        """

        def decide(roster: Roster) -> Decision[Roster]:
            match rules.leave_problem(roster, staff_id, by):
                case RosterProblem.LAST_OPERATOR:
                    raise LastOperatorStays()
                case RosterProblem.NOT_ON_IT:
                    raise StaffNotInService()
            return Decision(rules.without(roster, staff_id))

        await self._change(decide)

    async def read(self) -> Record[Roster]:
        """Return the roster; made of the operators there are where an older version left none."""
        record = await self._staff.roster()
        if record is not None:
            return record
        store = self._context.store
        roster = Roster()
        async for member in store.scan(STAFF):
            if member.state.role == Post.OPERATOR and member.state.state is StaffState.ACTIVE:
                roster = rules.joined(roster, member.id)
        try:
            return await store.insert(ROSTER, OPERATORS, roster, now=self._context.now())
        except AlreadyExists:
            raise VersionConflict("the roster was made by somebody else") from None

    async def _change(self, decide: Callable[[Roster], Decision[Roster]]) -> None:
        roster = await again(self.read)
        await change(self._context.store, self._context.clock, ROSTER, OPERATORS, decide, first=roster)
