"""Queries and writes of staff, the roster of operators and tried user names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.sessions.ended_events import ended_events, tokens_live
from services.identity.sessions.session import ended_sessions
from services.identity.staff.member import Staff, Stranger
from services.identity.staff.operator_roster import Roster
from shared.events.message import Message
from shared.store.kinds import Index, Kind, Range, Record

STAFF: Final[Kind[Staff]] = Kind(
    "staff",
    Staff,
    indexes=(
        Index("username", ("state.username",), unique=True),
        Index("office", ("state.office_id", "state.username")),
    ),
)

STRANGER: Final[Kind[Stranger]] = Kind("staff_stranger", Stranger, bare=True, kept_until="state.kept_until")
"""Named by the fingerprint of an unknown user name."""

ROSTER: Final[Kind[Roster]] = Kind("staff_roster", Roster, bare=True)
"""One document, :data:`OPERATORS`."""

OPERATORS: Final = "operators"


class StaffRepository:
    """Queries and writes of staff. A write that lets an open session go tells of it in the same write."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store
        self._tokens_live = tokens_live(context.settings.session_rules)

    async def staff(self, staff_id: str) -> Record[Staff] | None:
        """By its id."""
        return await self._store.get(STAFF, staff_id)

    async def staff_named(self, username: str) -> Record[Staff] | None:
        """By user name."""
        found = await self._store.find(STAFF, "username", {"state.username": username}, limit=1)
        return found[0] if found else None

    async def taken_names(self, usernames: Collection[str]) -> frozenset[str]:
        """Return which of these user names were ever given."""
        names = {"state.username": tuple(usernames)}
        found = await self._store.find(STAFF, "username", names, limit=max(1, len(usernames)))
        return frozenset(member.state.username for member in found)

    async def staff_from(self, office_id: str | None, first: str, limit: int) -> list[Record[Staff]]:
        """By user name, from this one on; of one office, or of all."""
        within = {"state.username": Range(first)}
        if office_id is None:
            return await self._store.find(STAFF, "username", within=within, limit=limit)
        return await self._store.find(STAFF, "office", {"state.office_id": office_id}, within=within, limit=limit)

    async def save_staff(
        self, record: Record[Staff], state: Staff, now: datetime, messages: Sequence[Message] = ()
    ) -> Record[Staff]:
        """Write the next state of a member of staff, with the messages that go out with it."""
        gone = ended_sessions(record.state.sessions, state.sessions, now)
        ended = ended_events(record.id, gone, now + self._tokens_live)
        return await self._store.save(STAFF, record, state, now=now, events=[*ended, *messages])

    async def stranger(self, stranger_id: str) -> Record[Stranger] | None:
        """Return an unknown user name if it was tried, else None."""
        return await self._store.get(STRANGER, stranger_id)

    async def roster(self) -> Record[Roster] | None:
        """Return the roster of operators."""
        return await self._store.get(ROSTER, OPERATORS)
