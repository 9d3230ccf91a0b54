"""The port of what does jobs: processes (`shared.workers.pool`), or a thread (`shared.workers.in_thread`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from shared.workers.limits import JobAnswer


class WorkerLost(Exception):
    """The worker was killed, crashed, or did not answer in time, and so was the one that tried again."""


class WorkerNotStarted(Exception):
    """No worker could be started."""


class WorkersBusy(Exception):
    """All workers are busy, and no turn came in time."""


class JobFailed(Exception):
    """The job raised unexpectedly in its worker."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error
        """Name of the exception's class."""


class Workers(Protocol):
    """Does jobs."""

    async def start(self) -> None:
        """Start what is kept warm, if anything is."""
        ...

    async def ask(self, head: Mapping[str, Any], content: bytes = b"") -> JobAnswer:
        """Have one job done.

        Raises:
            WorkersBusy, WorkerNotStarted: it was not begun, by no fault of its own.
            WorkerLost, JobFailed: it cannot be done.
        """
        ...

    async def close(self) -> None:
        """End all workers."""
        ...
