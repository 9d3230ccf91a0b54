"""Where consents to see border crossings and the last answers live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from services.application.crossings.crossing import CrossingConsent, CrossingCopy, deadlines
from shared.clock import Clock
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Record
from shared.store.port import Store

MOST_OF_ACCOUNT: Final = 100
"""Answers of one account: it has at most ten applicants."""

CROSSING_CONSENT: Final[Kind[CrossingConsent]] = Kind("crossing_consent", CrossingConsent, bare=True)
CROSSING_COPY: Final[Kind[CrossingCopy]] = Kind(
    "crossing_copy",
    CrossingCopy,
    indexes=(Index("account", ("state.account_id",)),),
    deadlines=deadlines,
    bare=True,
)
KINDS: Final[tuple[Kind[Any], ...]] = (CROSSING_CONSENT, CROSSING_COPY)


class CrossingRepository:
    """The only place that names the collections, their indexes and their queries."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def has_consent(self, account_id: str) -> bool:
        """Return whether the account lets its crossings be shown."""
        record = await self._store.get(CROSSING_CONSENT, account_id)
        return record is not None and record.state.is_given

    async def change_consent(
        self, account_id: str, decide: Callable[[CrossingConsent], Decision[CrossingConsent] | None]
    ) -> Record[CrossingConsent]:
        """Change an account's consent."""
        return await change(self._store, self._clock, CROSSING_CONSENT, account_id, decide, fresh=CrossingConsent())

    async def consent(self, account_id: str) -> Record[CrossingConsent] | None:
        """Return what is known of an account's consent."""
        return await self._store.get(CROSSING_CONSENT, account_id)

    async def copy(self, applicant_id: str) -> Record[CrossingCopy] | None:
        """Return the last answer about an applicant."""
        return await self._store.get(CROSSING_COPY, applicant_id)

    async def keep(self, applicant_id: str, copy: CrossingCopy) -> None:
        """Keep an answer in place of the one before."""
        nothing = CrossingCopy(copy.account_id, copy.asked_at)
        await change(self._store, self._clock, CROSSING_COPY, applicant_id, lambda _: Decision(copy), fresh=nothing)

    async def change_copy(
        self, applicant_id: str, decide: Callable[[CrossingCopy], Decision[CrossingCopy] | None]
    ) -> None:
        """Change the last answer about an applicant; refuses with ``NotFound``."""
        await change(self._store, self._clock, CROSSING_COPY, applicant_id, decide)

    async def copies_of(self, *account_ids: str) -> list[Record[CrossingCopy]]:
        """Return the answers that were asked for by these accounts."""
        found: list[Record[CrossingCopy]] = []
        for account_id in account_ids:
            wanted = {"state.account_id": account_id}
            found += await self._store.find(CROSSING_COPY, "account", wanted, limit=MOST_OF_ACCOUNT)
        return found

    async def remove_copy(self, record: Record[CrossingCopy]) -> bool:
        """Remove an answer if it is unchanged; return whether it is gone."""
        return await self._store.remove(CROSSING_COPY, record)

    async def remove_consent(self, record: Record[CrossingConsent]) -> bool:
        """Remove a consent if it is unchanged; return whether it is gone."""
        return await self._store.remove(CROSSING_CONSENT, record)
