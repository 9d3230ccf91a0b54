"""The reader of papers in worker processes: a job's head has the fields of `AskedPaper`, its bytes are the page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from pydantic import TypeAdapter, ValidationError

from services.application.paper_reading.ports import PageNotRead, ReaderUnavailable
from services.application.paper_reading.verdict import AskedPaper, Verdict
from shared.workers.limits import SIZES
from shared.workers.port import JobFailed, WorkerLost, WorkerNotStarted, Workers, WorkersBusy

_VERDICTS: Final = TypeAdapter(Verdict)


class ReadingWorkers:
    """The `PaperReader` whose pages are read by workers: a page that breaks one costs no other page anything."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def read(self, picture: bytes, asked: AskedPaper) -> Verdict:
        """Return the verdict; refuses with `ReaderUnavailable` or `PageNotRead`. A worker's word is not trusted."""
        try:
            answer = await self._workers.ask(asdict(asked), picture)
            return _VERDICTS.validate_python({name: told for name, told in answer.head.items() if name != SIZES})
        except (WorkersBusy, WorkerNotStarted):
            raise ReaderUnavailable from None
        except (WorkerLost, JobFailed, ValidationError):
            raise PageNotRead from None
