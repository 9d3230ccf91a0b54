"""Inspecting uploads: decoded in worker processes with limits on memory and time, or in a thread of this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.application.documents import picture_worker
from services.application.documents.picture_decoding import (
    LEAST_SIDE_PIXELS,
    LONGEST_KEPT_SIDE_PIXELS,
    MOST_PIXELS,
)
from services.application.documents.picture_worker import PAGES, REFUSED, answer_job
from services.application.documents.ports import (
    Inspected,
    InspectedPage,
    InspectionBusy,
    InspectionUnavailable,
    PictureRefused,
)
from services.application.documents.unusable import BROKEN
from shared.workers.in_thread import JobsInThread
from shared.workers.limits import JobAnswer, WorkerLimits
from shared.workers.pool import WorkerFigures, WorkerPool
from shared.workers.port import JobFailed, WorkerLost, WorkerNotStarted, Workers, WorkersBusy

__all__ = ["LEAST_SIDE_PIXELS", "LONGEST_KEPT_SIDE_PIXELS", "MOST_PIXELS", "PictureInspector", "picture_pool"]

JPEG: Final = "image/jpeg"
LIMITS: Final = WorkerLimits(memory_bytes=192 * 1024 * 1024, job_seconds=20.0, idle_seconds=20.0, niceness=5)
"""Memory: what the largest picture takes (150 MiB, see `LARGEST_DECODED_BYTES`), its file of 10 MiB, and a fifth more.
Time: the largest takes half a second of a whole processor. An idle worker holds 20 to 50 MiB.
Niceness: a picture waits before a seat or a payment does."""

NOT_DECODED: Final = "not_decoded"


def picture_pool(most: int, figures: WorkerFigures) -> Workers:
    """Return the processes that decode pictures, so many at a time."""
    return WorkerPool("pictures", picture_worker.__name__, LIMITS, most=most, figures=figures)


class PictureInspector:
    """The `Inspector` that has pictures decoded by workers; without any, in a thread, of which the caller limits how
    many run."""

    def __init__(self, workers: Workers | None = None, *, least_side_pixels: int = LEAST_SIDE_PIXELS) -> None:
        self._workers = workers or JobsInThread(answer_job)
        self._least_side_pixels = least_side_pixels

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        """The pages; refuses with `PictureRefused`, also what a decoder breaks on, or because no worker is there:
        `InspectionUnavailable`, `InspectionBusy`."""
        try:
            return _inspected(await self._workers.ask(self._job, content))
        except JobFailed:
            raise PictureRefused(BROKEN) from None
        except WorkerLost:
            raise PictureRefused(NOT_DECODED) from None
        except WorkerNotStarted:
            raise InspectionUnavailable from None
        except WorkersBusy:
            raise InspectionBusy from None

    def look_at(self, content: bytes, media_type: str) -> Inspected:
        """As `inspect`, in the calling thread; what a decoder raises comes through."""
        return _inspected(answer_job(self._job, content))

    @property
    def _job(self) -> Mapping[str, Any]:
        return {"least_side_pixels": self._least_side_pixels}


def _inspected(answer: JobAnswer) -> Inspected:
    if REFUSED in answer.head:
        raise PictureRefused(answer.head[REFUSED])
    told = zip(answer.head[PAGES], answer.blobs, strict=True)
    return Inspected(
        tuple(
            InspectedPage(content, JPEG, page["width"], page["height"], tuple(page["flags"])) for page, content in told
        )
    )
