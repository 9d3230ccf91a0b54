"""Papers as PDF: typeset by worker processes from shipped templates, or in a thread of this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.errors import Unavailable
from shared.typesetting import typeset_worker
from shared.typesetting.typeset_worker import answer_job
from shared.workers.in_thread import JobsInThread
from shared.workers.limits import WorkerLimits
from shared.workers.pool import WorkerFigures, WorkerPool
from shared.workers.port import JobFailed, WorkerLost, WorkerNotStarted, Workers, WorkersBusy

LIMITS: Final = WorkerLimits(memory_bytes=128 * 1024 * 1024, job_seconds=20.0, idle_seconds=20.0)
"""A letter takes 27 MiB of private memory and a twentieth of a second; the process with typst is 60 MiB large."""


class NotTypeset(Exception):
    """A paper cannot be typeset; ``problem`` is the class of what was raised: its text may hold a name."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def typesetting_pool(name: str, figures: WorkerFigures, *, most: int = 1, warm: int = 0) -> Workers:
    """Return the processes that typeset papers, ``most`` at a time; ``warm`` of them stay from the first paper on."""
    return WorkerPool(name, typeset_worker.__name__, LIMITS, most=most, warm=warm, figures=figures)


class Typesetter:
    """Typesets papers by workers; without any, in a thread."""

    def __init__(self, workers: Workers | None = None) -> None:
        self._workers = workers or JobsInThread(answer_job)

    async def typeset(self, job: Mapping[str, Any]) -> bytes:
        """Return the paper of a job (`shared.typesetting.typeset_worker`).

        Raises:
            NotTypeset: it cannot be typeset. Unavailable: the typesetter is busy, or cannot be started.
        """
        try:
            return (await self._workers.ask(job)).blobs[0]
        except JobFailed as failed:
            raise NotTypeset(failed.error) from None
        except WorkerLost:
            raise NotTypeset(WorkerLost.__name__) from None
        except (WorkerNotStarted, WorkersBusy):
            raise Unavailable from None


def typeset(job: Mapping[str, Any]) -> bytes:
    """Return the paper of a job, in the calling thread; what typst raises comes through."""
    return answer_job(job, b"").blobs[0]
