"""Papers as PDF: typeset by worker processes from the shipped templates, or in a thread of this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.application.applications.next_step import local_time
from services.application.letters import letter_worker
from services.application.letters.letter_worker import answer_job
from services.application.letters.ports import LetterContent, NotTypeset
from shared.errors import Unavailable
from shared.workers.in_thread import JobsInThread
from shared.workers.limits import WorkerLimits
from shared.workers.pool import WorkerFigures, WorkerPool
from shared.workers.port import JobFailed, WorkerLost, WorkerNotStarted, Workers, WorkersBusy

LETTER: Final = "letter.typ"
FORM: Final = "form.typ"
FORMS: Final = {"letter_of_authority": "letter_of_authority.typ"}
"""Templates of forms that do not look like the usual one."""
LIMITS: Final = WorkerLimits(memory_bytes=128 * 1024 * 1024, job_seconds=20.0, idle_seconds=20.0)
"""A letter takes 27 MiB of private memory and a twentieth of a second; the process with typst is 60 MiB large."""


def letter_pool(figures: WorkerFigures) -> Workers:
    """Return the process that typesets papers, one at a time."""
    return WorkerPool("letters", letter_worker.__name__, LIMITS, figures=figures)


class TypstWriter:
    """The `LetterWriter` that typesets with typst, by workers; without any, in a thread."""

    def __init__(self, workers: Workers | None = None) -> None:
        self._workers = workers or JobsInThread(answer_job)

    async def letter(self, content: LetterContent) -> bytes:
        """A cover letter with its QR code."""
        return await self._typeset(letter_job(content))

    async def form(self, requirement: str, title: str) -> bytes:
        """An empty form."""
        template = FORMS.get(requirement, FORM)
        return await self._typeset({"template": template, "data": {"requirement": requirement, "title": title}})

    async def _typeset(self, job: Mapping[str, Any]) -> bytes:
        try:
            return (await self._workers.ask(job)).blobs[0]
        except JobFailed as failed:
            raise NotTypeset(failed.error) from None
        except WorkerLost:
            raise NotTypeset(WorkerLost.__name__) from None
        except (WorkerNotStarted, WorkersBusy):
            raise Unavailable from None


def write_letter(content: LetterContent) -> bytes:
    """The letter, in the calling thread; what typst raises comes through."""
    return answer_job(letter_job(content), b"").blobs[0]


def letter_job(content: LetterContent) -> dict[str, Any]:
    """Return the job of a cover letter."""
    data = {
        "full_name": content.full_name,
        "number": content.number,
        "office_name": content.office_name,
        "when_id": local_time(content.starts_at, content.office_timezone, indonesian=True),
        "when_en": local_time(content.starts_at, content.office_timezone, indonesian=False),
        "queue_number": content.queue_number,
        "bring": [list(pair) for pair in content.bring],
        "made_at": local_time(content.made_at, content.office_timezone, indonesian=True),
    }
    return {"template": LETTER, "data": data, "queue_code": content.queue_code}
