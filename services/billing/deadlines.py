"""Deadlines as use cases take them: the record that is due, whichever of its names fell due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from shared.service import DeadlineHandler
from shared.store.kinds import Record


def due(use_case: Callable[[Record[Any]], Awaitable[Any]]) -> DeadlineHandler:
    """Return the handler that gives the record to the use case."""

    async def handle(record: Record[Any], _name: str) -> None:
        await use_case(record)

    return handle
