"""How the process that reads papers is put together: application's store and vault, a reader, and its room's queue."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiohttp import web

from services.application.applications.repository import KINDS
from services.application.applications.service import Applications
from services.application.config import Settings
from services.application.context import UseCaseContext
from services.application.paper_reading.metrics import ReadingFigures
from services.application.paper_reading.page_reader import PageReader
from services.application.paper_reading.ports import PaperReader
from services.application.paper_reading.reading_workers import ReadingWorkers
from services.application.paper_reading.service import PaperReadings
from services.application.requirements.rule_set import load_rules
from shared.events.application import DocumentReceived
from shared.service import Parts, Platform, RoomConsumer
from shared.workers.limits import WorkerLimits
from shared.workers.pool import WorkerFigures, WorkerPool

ROOM: Final = "paper_reading"
NICENESS: Final = 5
"""Of this process, which opens pictures and keeps verdicts: a page waits before a seat or a payment does."""

READERS_NICENESS: Final = 5
"""Of its workers, beside that of this process: ten in all, a tenth of a service's share of a busy processor."""

WORKER: Final = "services.application.paper_reading.reader_worker"

LIMITS: Final = WorkerLimits(
    memory_bytes=1024 * 1024 * 1024, job_seconds=30.0, idle_seconds=600.0, niceness=READERS_NICENESS
)
"""Of one worker. Reserved memory is more than what is used, at most 800 MB; a page takes two seconds, and twenty beside
full load. Two tries end before the time of a reading does."""

PAGE_READER: Final[web.AppKey[PageReader]] = web.AppKey("page_reader")


def build_reading(settings: Settings, platform: Platform, *, reader: PaperReader) -> Parts:
    """The parts of the process beside application's own, on the same database: it answers health and metrics only."""
    context = UseCaseContext.on_platform(settings, platform)
    applications = Applications(context, load_rules())
    figures = ReadingFigures()
    page_reader = PageReader(context, applications, PaperReadings(context, applications), reader, figures)
    return Parts(
        name="application",
        service=page_reader,
        key=PAGE_READER,
        kinds=KINDS,
        endpoints=(),
        events={DocumentReceived: page_reader.read},
        figures=figures.collectors,
        room=RoomConsumer(ROOM, settings.readers),
    )


def assemble(settings: Settings, platform: Platform) -> Parts:
    """The parts with readers in worker processes, which are warm before the first page comes."""
    figures = WorkerFigures()
    workers = WorkerPool("papers", WORKER, LIMITS, most=settings.readers, warm=settings.readers, figures=figures)
    parts = build_reading(settings, platform, reader=ReadingWorkers(workers))
    return replace(parts, figures=(*parts.figures, *figures.collectors), start=workers.start, close=workers.close)
