"""Removes files that nothing refers to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from services.application.context import UseCaseContext

RefersTo = Callable[[str], Awaitable[bool]]
"""Whether something of one kind refers to a file."""


class Sweeper:
    """Removes files that nothing refers to: what a crash between two writes left behind."""

    def __init__(self, context: UseCaseContext, referring: Sequence[RefersTo]) -> None:
        self._context = context
        self._referring = referring
        self._swept_until: datetime | None = None

    async def sweep(self) -> int:
        """Remove what is older than the grace and referred to by nothing; tells how many files went."""
        end = self._context.now() - timedelta(seconds=self._context.settings.upload_rules.sweep_grace_seconds)
        removed = 0
        async for file_id in self._context.files.older_than(end, not_before=self._swept_until):
            if not any([await refers_to(file_id) for refers_to in self._referring]):
                await self._context.files.delete(file_id)
                removed += 1
        # One window is looked at twice: a file may lose its last reference after it was looked at.
        self._swept_until = end - timedelta(seconds=self._context.settings.upload_rules.sweep_grace_seconds)
        return removed
