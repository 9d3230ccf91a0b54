"""Flags: what the office sees of bookings that look like a broker's, and what it says of them."""

from __future__ import annotations

from services.scheduling import errors
from services.scheduling.booking.abuse import flag as flags
from services.scheduling.booking.abuse.flag import Flag, FlagChangeIllegal, FlagCommand, FlagStatus
from services.scheduling.context import Desk, Who
from shared.store.kinds import Record
from shared.store.retry import again


class Flags:
    """An office's flags, for its own administrators."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._repository = desk.repository

    async def of_office(self, office_id: str, status: FlagStatus, who: Who) -> list[Record[Flag]]:
        """The office's flags that stand so, the newest first; refuses others with ``NotYourOffice``."""
        if who.office_id != office_id:
            raise errors.NotYourOffice
        return await self._repository.flags_of(office_id, status)

    async def review(
        self, office_id: str, flag_id: str, command: FlagCommand, who: Who, command_id: str
    ) -> Record[Flag]:
        """The office has looked at a flag. Refuses with ``NotYourOffice``, ``FlagNotFound`` or ``FlagReviewed``."""
        if who.office_id != office_id:
            raise errors.NotYourOffice

        async def attempt() -> Record[Flag]:
            record = await self._repository.flag(flag_id)
            if record is None or record.state.office_id != office_id:
                raise errors.FlagNotFound
            if record.has_received(command_id):
                return record
            try:
                judged = flags.review(record.state, command, by=who.account_id, now=self._desk.now())
            except FlagChangeIllegal:
                raise errors.FlagReviewed(state=record.state.status.value) from None
            return await self._repository.save_flag(record, judged, self._desk.now(), command_id)

        return await again(attempt)
