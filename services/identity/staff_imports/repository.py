"""Stores imports of staff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.staff_imports.staff_import import StaffImport
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record

STAFF_IMPORT: Final[Kind[StaffImport]] = Kind("staff_import", StaffImport, bare=True, kept_until="state.kept_until")


class ImportRepository:
    """Imports, each with its state."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context

    async def staff_import(self, import_id: str) -> Record[StaffImport] | None:
        """Return the import, or None."""
        return await self._context.store.get(STAFF_IMPORT, import_id)

    async def add(self, import_id: str, checked: StaffImport) -> None:
        """Write an import whose file was checked."""
        await self._context.store.insert(STAFF_IMPORT, import_id, checked, now=self._context.now())

    async def change(self, import_id: str, decide: Callable[[StaffImport], Decision[StaffImport] | None]) -> None:
        """Decide about an import and save it, as `shared.store.change` does."""
        await change(self._context.store, self._context.clock, STAFF_IMPORT, import_id, decide)
