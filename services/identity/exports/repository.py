"""Queries and writes of exports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.exports import export as rules
from services.identity.exports.export import Export, ExportState
from shared.events.identity import DataExportAsked
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Record

EXPORT: Final[Kind[Export]] = Kind(
    "data_export",
    Export,
    indexes=(
        Index("account", ("state.account_id", "-state.asked_at")),
        Index("running", ("state.account_id",), unique=True, where={"state.state": ExportState.COLLECTING.value}),
    ),
    deadlines=rules.deadlines,
)

MOST_OF_ACCOUNT: Final = 50
"""Exports of an account that are not over: three a day for seven days are fewer."""


class ExportRepository:
    """Queries and writes of exports."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store
        self._clock = context.clock

    async def export(self, export_id: str) -> Record[Export] | None:
        """Return an export that is not over, or None."""
        return await self._store.get(EXPORT, export_id)

    async def exports_of(self, account_id: str) -> list[Record[Export]]:
        """Return the exports of an account that are not over, the newest first."""
        return await self._store.find(EXPORT, "account", {"state.account_id": account_id}, limit=MOST_OF_ACCOUNT)

    async def add(self, export_id: str, export: Export, asked: DataExportAsked, now: datetime) -> None:
        """Insert a new export with its question to all services.

        Raises:
            AlreadyExists: it was begun before, or another one of the account is running.
        """
        await self._store.insert(EXPORT, export_id, export, now=now, events=[asked])

    async def change_export(
        self, export_id: str, decide: Callable[[Export], Decision[Export] | None], *, received: str | None = None
    ) -> Record[Export]:
        """Load the export, decide, save, and return the record.

        Raises:
            NotFound: it is over.
        """
        return await change(self._store, self._clock, EXPORT, export_id, decide, received=received)

    async def remove(self, record: Record[Export]) -> bool:
        """Remove an export that is over; return whether it is gone: one with something left to publish is not."""
        return await self._store.remove(EXPORT, record)
