"""Where imports of passports live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.application.context import UseCaseContext
from services.application.passport_imports.passport_import import PassportImport
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record

PASSPORT_IMPORT: Final[Kind[PassportImport]] = Kind(
    "passport_import", PassportImport, bare=True, kept_until="state.kept_until"
)


class PassportImportRepository:
    """Imports, each with its state."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context

    async def passport_import(self, import_id: str) -> Record[PassportImport] | None:
        """Return the import, or None."""
        return await self._context.store.get(PASSPORT_IMPORT, import_id)

    async def add(self, import_id: str, checked: PassportImport) -> None:
        """Write an import whose file was checked."""
        await self._context.store.insert(PASSPORT_IMPORT, import_id, checked, now=self._context.now())

    async def change(self, import_id: str, decide: Callable[[PassportImport], Decision[PassportImport] | None]) -> None:
        """Decide about an import and save it, as `shared.store.change` does."""
        await change(self._context.store, self._context.clock, PASSPORT_IMPORT, import_id, decide)
