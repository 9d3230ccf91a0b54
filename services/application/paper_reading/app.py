"""How the process that reads papers is put together: application's store and vault, a reader, and its room's queue."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from services.application.applications.repository import KINDS
from services.application.applications.service import Applications
from services.application.config import Settings
from services.application.context import UseCaseContext
from services.application.paper_reading.metrics import ReadingFigures
from services.application.paper_reading.page_reader import PageReader
from services.application.paper_reading.ports import PaperReader
from services.application.paper_reading.service import PaperReadings
from services.application.requirements.rule_set import load_rules
from shared.events.application import DocumentReceived
from shared.service import Parts, Platform, RoomConsumer

ROOM: Final = "paper_reading"
NICENESS: Final = 5
"""Of this process and its workers: a page waits before a seat or a payment does, and is still read."""

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
