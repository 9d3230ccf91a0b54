"""Flags: an office lists and reviews bookings that look like a broker's."""

from __future__ import annotations

from services.scheduling.booking.abuse import flag as flags
from services.scheduling.booking.abuse.errors import FlagNotFound, FlagReviewed
from services.scheduling.booking.abuse.flag import Flag, FlagCommand, FlagStatus
from services.scheduling.booking.abuse.repository import ActivityRepository
from services.scheduling.context import Actor, UseCaseContext, refuse_unless_own_office
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition


class Flags:
    """Flags of an office, for its own administrators."""

    def __init__(self, context: UseCaseContext, activity_days: ActivityRepository) -> None:
        self._context = context
        self._activity_days = activity_days

    async def find_by_office(self, office_id: str, status: FlagStatus, actor: Actor) -> list[Record[Flag]]:
        """The office's flags that stand so, the newest first; refuses others with ``NotYourOffice``."""
        refuse_unless_own_office(actor, office_id)
        return await self._activity_days.flags_of(office_id, status)

    async def review(
        self, office_id: str, flag_id: str, command: FlagCommand, actor: Actor, command_id: str
    ) -> Record[Flag]:
        """Review a flag. Refuses with ``NotYourOffice``, ``FlagNotFound`` or ``FlagReviewed``."""
        refuse_unless_own_office(actor, office_id)
        record = await self._activity_days.flag(flag_id)
        if record is None or record.state.office_id != office_id:
            raise FlagNotFound

        def decide(flag: Flag) -> Decision[Flag]:
            try:
                return flags.review(flag, command, by=actor.account_id, now=self._context.now())
            except IllegalTransition:
                raise FlagReviewed(state=flag.status.value) from None

        return await self._activity_days.change_flag(record, decide, self._context.clock, received=command_id)
