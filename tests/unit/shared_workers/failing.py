"""Workers that do not do their job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.workers.limits import JobAnswer


class Failing:
    """Workers whose every job ends in this error."""

    def __init__(self, error: type[Exception]) -> None:
        self._error = error

    async def start(self) -> None:
        return None

    async def ask(self, head: Mapping[str, Any], content: bytes = b"") -> JobAnswer:
        raise self._error

    async def close(self) -> None:
        return None
