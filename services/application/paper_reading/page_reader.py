"""Reads the pages that were received: the picture and the typed facts are opened in memory, the verdict is kept."""

from __future__ import annotations

from collections.abc import Mapping

from services.application.applications.application import Application
from services.application.applications.document import NOT_READ, Document
from services.application.applications.service import Applications
from services.application.context import UseCaseContext
from services.application.paper_reading.metrics import ReadingFigures
from services.application.paper_reading.ports import PageNotRead, PaperReader, ReaderUnavailable
from services.application.paper_reading.service import PaperReadings
from services.application.paper_reading.transitions import codes_of, is_being_read, is_compared
from services.application.paper_reading.verdict import (
    BIRTH_DATE,
    BIRTH_PLACE,
    FULL_NAME,
    NIK,
    SEX,
    AskedPaper,
    Verdict,
)
from shared.errors import NotFound
from shared.events.application import DocumentReceived
from shared.events.envelope import Envelope
from shared.files.port import FileUnknown
from shared.logs import get_logger
from shared.service import NotYet

log = get_logger(__name__)


class PageReader:
    """The use case of the process that reads papers. Reading a page twice is harmless: the first verdict stands."""

    def __init__(
        self,
        context: UseCaseContext,
        applications: Applications,
        readings: PaperReadings,
        reader: PaperReader,
        figures: ReadingFigures,
    ) -> None:
        self._context = context
        self._applications = applications
        self._readings = readings
        self._reader = reader
        self._figures = figures

    async def read(self, received: DocumentReceived, _envelope: Envelope) -> None:
        """Read a page and decide on it. Does nothing where it is decided, replaced or gone.

        Raises:
            NotYet: no reader can be had at this moment. PersonErased: the applicant's key is destroyed.
        """
        record = await self._applications.repository.application(received.application_id)
        document = record.state.document(received.document_id) if record is not None else None
        if record is None or document is None or not is_being_read(document):
            return
        try:
            picture = await self._picture(document)
        except FileUnknown:  # replaced or erased since
            return
        asked = AskedPaper(
            document.requirement, document.paper, document.page, await self._facts(record.state, document)
        )
        began = self._context.now()
        try:
            verdict: Verdict | None = await self._reader.read(picture, asked)
        except ReaderUnavailable:
            raise NotYet from None
        except PageNotRead:
            verdict = None
        seconds = (self._context.now() - began).total_seconds()
        outcome = codes_of(verdict).outcome if verdict is not None else NOT_READ
        self._figures.note(outcome, seconds)
        log.info("paper_read", requirement=document.requirement, outcome=outcome, seconds=round(seconds, 3))
        await self._readings.settle(record.id, document.document_id, verdict)

    async def _picture(self, document: Document) -> bytes:
        if document.file_id is None:
            raise FileUnknown(document.document_id)
        return b"".join([piece async for piece in self._applications.read_file(document.file_id)])

    async def _facts(self, application: Application, document: Document) -> Mapping[str, str]:
        """The applicant's typed facts; none before their identity card has come, and none for papers of others."""
        if not is_compared(document.requirement):
            return {}
        try:
            card = await self._applications.card(application.applicant_id)
        except NotFound:
            return {}
        return {
            NIK: card.nik,
            FULL_NAME: card.full_name,
            BIRTH_PLACE: card.birth_place,
            BIRTH_DATE: card.birth_date.isoformat(),
            SEX: card.sex,
        }
