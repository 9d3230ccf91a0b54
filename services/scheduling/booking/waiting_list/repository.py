"""How the waiting list is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Final

from services.scheduling.booking.waiting_list.entry import Waiting, WaitingStatus, waiting_deadlines
from services.scheduling.store_part import OnStore
from shared.clock import Clock
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.newest import newest_of

LINE_PAGE: Final = 50
MOST_ENTRIES_SHOWN: Final = 50

WAITING: Final = Kind(
    name="waiting",
    state=Waiting,
    deadlines=waiting_deadlines,
    indexes=(
        Index("live_person", ("state.person_id",), unique=True, where={"state.live": True}),
        Index(
            "line",
            ("state.office_ids", "state.pool", "state.queued_at"),
            where={"state.status": WaitingStatus.WAITING},
        ),
        Index("account", ("state.account_id", "state.made_at")),
    ),
)


class WaitingListRepository(OnStore):
    """Entries of the waiting list, each saved with its events."""

    async def waiting(self, waiting_id: str) -> Record[Waiting] | None:
        """Return the entry, or None."""
        return await self._store.get(WAITING, waiting_id)

    async def live_waiting_of(self, person_id: str) -> Record[Waiting] | None:
        """Return the one live entry of a person, or None."""
        found = await self._store.find(WAITING, "live_person", {"state.person_id": person_id}, limit=1)
        return found[0] if found else None

    async def waiting_of_accounts(self, account_ids: tuple[str, ...]) -> list[Record[Waiting]]:
        """Return the entries of an account and those joined into it, the newest first."""

        async def find(account_id: str) -> list[Record[Waiting]]:
            equals = {"state.account_id": account_id}
            return await self._store.find(WAITING, "account", equals, limit=MOST_ENTRIES_SHOWN, descending=True)

        return await newest_of(account_ids, find, lambda state: state.made_at, MOST_ENTRIES_SHOWN)

    async def line(self, office_id: str, pool: str) -> AsyncIterator[Record[Waiting]]:
        """Yield the entries waiting for this office and pool, oldest first."""
        equals = {"state.office_ids": office_id, "state.pool": pool}
        seen: set[str] = set()
        since: datetime | None = None
        while True:
            within = {"state.queued_at": Range(low=since)}
            page = await self._store.find(WAITING, "line", equals, within=within, limit=LINE_PAGE + len(seen))
            new = [record for record in page if record.id not in seen]
            for record in new:
                yield record
            if len(new) < LINE_PAGE:
                return
            since = new[-1].state.queued_at
            # those of the same instant come again with the next page
            seen = {record.id for record in page if record.state.queued_at == since}

    async def ahead_in_line(self, office_id: str, pool: str, queued_at: datetime) -> int:
        """Return how many wait for seats of this office and pool since before that time."""
        equals = {"state.office_ids": office_id, "state.pool": pool}
        return await self._store.count(WAITING, "line", equals, within={"state.queued_at": Range(high=queued_at)})

    async def begin_waiting(self, waiting_id: str, entry: Waiting, now: datetime) -> Record[Waiting]:
        """Insert a new entry. Raises AlreadyExists."""
        return await self._store.insert(WAITING, waiting_id, entry, now=now)

    async def change_waiting(
        self,
        record: Record[Waiting],
        decide: Callable[[Waiting], Decision[Waiting] | None],
        clock: Clock,
        *,
        received: str | None = None,
    ) -> Record[Waiting]:
        """Decide about an entry that was read and save it, as `shared.store.change` does."""
        return await change(self._store, clock, WAITING, record.id, decide, received=received, first=record)

    def every_waiting(self) -> AsyncIterator[Record[Waiting]]:
        """Yield all entries, for checks."""
        return self._store.scan(WAITING)
