"""Removes files that no application refers to."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.application.applications.service import Applications
from services.application.context import UseCaseContext


class Sweeper:
    """Removes files that nothing refers to: what a crash between two writes left behind."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications
        self._swept_until: datetime | None = None

    async def sweep(self) -> int:
        """Remove what is older than the grace and referred to by nothing; tells how many files went."""
        end = self._context.now() - timedelta(seconds=self._context.settings.upload_rules.sweep_grace_seconds)
        removed = 0
        async for file_id in self._context.files.older_than(end, not_before=self._swept_until):
            if not await self._applications.repository.refers_to(file_id):
                await self._context.files.delete(file_id)
                removed += 1
        # One window is looked at twice: a file may lose its last reference after it was looked at.
        self._swept_until = end - timedelta(seconds=self._context.settings.upload_rules.sweep_grace_seconds)
        return removed
