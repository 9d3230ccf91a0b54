"""Common to the use cases of documents: access, the times when they may change, and how a change is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.application.applications import application as rules
from services.application.applications import document as papers
from services.application.applications.access import refuse_strangers
from services.application.applications.application import (
    BEFORE_INTERVIEW,
    TAKES_DOCUMENTS,
    Application,
    Author,
    Status,
)
from services.application.applications.document import (
    LARGEST_NUMBER_OF_DOCUMENTS,
    LARGEST_NUMBER_OF_PAGES,
    Document,
    Picture,
)
from services.application.applications.errors import StepComesFirst, StepIsOver
from services.application.applications.hand_over import replacing_ends
from services.application.applications.next_step import Step
from services.application.applications.pages import Keep, count_being_read
from services.application.applications.service import Applications
from services.application.context import Actor, UseCaseContext
from services.application.documents.document_lines import note_document
from services.application.documents.errors import DocumentsClosed, PageBeyondLimit, TooManyDocuments
from services.application.requirements.errors import DocumentNotAsked
from services.application.requirements.requirement import Listed, find_item
from services.application.rules import PapersReading, PapersUnread
from shared.assistance import AssistanceNeeded
from shared.errors import NotFound
from shared.store.kinds import Record

MACHINE: Final = Author(papers.MACHINE)


class DocumentChanges:
    """The base of the use cases of documents."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def _visible(self, application_id: str, who: Actor) -> Record[Application]:
        record = await self._applications.application(application_id)
        refuse_strangers(record.state, who)
        return record

    async def _writable(self, application_id: str, who: Actor) -> Record[Application]:
        """The application, for who may add to it: its owner, an assisting officer, and its office at the visit."""
        record = await self._visible(application_id, who)
        if who.is_staff and who.on_behalf_of is None and not _is_at_counter(record.state):
            raise AssistanceNeeded
        return record

    async def _changed(
        self, application_id: str, decide: rules.Decide, *, received: str | None = None
    ) -> Record[Application]:
        return await self._applications.change_documents(application_id, decide, received=received)

    def _refuse_closed(self, application: Application, who: Actor, now: datetime) -> None:
        if application.status not in TAKES_DOCUMENTS:
            self._applications.refuse_early(application, Step.QUESTIONNAIRE)
            raise StepIsOver(state=application.status.value)
        seat = application.visits.seat
        visiting = application.status in BEFORE_INTERVIEW and seat is not None and seat.certain
        if visiting and not who.is_staff:
            assert seat is not None and seat.starts_at is not None and seat.office_timezone is not None  # noqa: S101
            if now >= replacing_ends(seat.starts_at, seat.office_timezone):
                raise DocumentsClosed

    def _item(self, application: Application, name: str) -> Listed:
        """Return the listed item that a document of this name is for."""
        if application.answers is None:
            raise StepComesFirst(Step.QUESTIONNAIRE)
        item = find_item(self._applications.items(application), name)
        if item is None:
            raise DocumentNotAsked(field="/requirement")
        return item

    def _new(
        self,
        application: Application,
        document_id: str,
        name: str,
        media_type: str,
        size_bytes: int,
        now: datetime,
        page: int,
    ) -> Document:
        item = self._item(application, name)
        if len(application.documents) >= LARGEST_NUMBER_OF_DOCUMENTS:
            raise TooManyDocuments(limit=LARGEST_NUMBER_OF_DOCUMENTS)
        return Document(
            document_id=document_id,
            requirement=item.code,
            paper=name,
            media_type=media_type,
            size_bytes=size_bytes,
            created_at=now,
            upload_until=now + timedelta(seconds=self._context.settings.upload_rules.under_way_seconds),
            file_id=document_id,
            page=page,
        )

    async def _being_read_elsewhere(self, record: Record[Application]) -> int:
        """Count the pages of the account's other applications that are being read; those of its own are counted in the
        write that adds to them."""
        if self._context.settings.paper_rules.reading is not PapersReading.WANTED:
            return 0
        others = await self._applications.repository.applications_of(record.state.account_id)
        return sum(count_being_read(other.state.documents) for other in others if other.id != record.id)

    def _keep(self, application: Application, elsewhere: int, now: datetime) -> Keep:
        """Return what gives each new page its picture: as many are read as the account has left, others are flagged."""
        most = self._context.settings.paper_rules.most_of_account
        places = iter(range(most - elsewhere - count_being_read(application.documents)))
        return lambda document, picture: self._kept(document, picture, now, may_be_read=next(places, None) is not None)

    def _kept(self, document: Document, picture: Picture, now: datetime, *, may_be_read: bool) -> Document:
        """The document with its picture: to be read where reading is wanted, else decided now."""
        paper_rules = self._context.settings.paper_rules
        if paper_rules.reading is PapersReading.WANTED and picture.decoded:
            if may_be_read:
                return papers.to_be_read(document, picture, now + timedelta(seconds=paper_rules.reading_seconds))
            picture = replace(picture, flags=(*picture.flags, papers.TOO_MANY_BEING_READ))
        if paper_rules.reading is PapersReading.NONE and paper_rules.unread is PapersUnread.FLAGGED:
            picture = replace(picture, flags=(*picture.flags, papers.NOT_READ))
        return papers.inspected(document, picture, now)

    async def _drop_unused(self, record: Record[Application], file_ids: Iterable[str]) -> None:
        """Remove those files that the application does not refer to; after a failed write the sweeper does."""
        for file_id in file_ids:
            if file_id not in record.state.file_ids:
                await self._context.files.delete(file_id)

    def _noted(
        self, application: Application, document: Document, actor: Author, now: datetime, cause: str
    ) -> Application:
        return note_document(application, document, self._context.settings.pace, actor, now, cause)


def find_document(application: Application, document_id: str) -> Document:
    """Return the document of that id; refuses with ``NotFound``."""
    document = application.document(document_id)
    if document is None:
        raise NotFound
    return document


def refuse_page(page: int) -> None:
    """Nothing for a page that an item may have; else ``PageBeyondLimit``."""
    if page > LARGEST_NUMBER_OF_PAGES:
        raise PageBeyondLimit(LARGEST_NUMBER_OF_PAGES)


def _is_at_counter(application: Application) -> bool:
    """Whether the visitor has checked in, or brings papers that were missing at the interview."""
    seat = application.visits.seat
    return application.status is Status.INCOMPLETE or (seat is not None and seat.checked_in_at is not None)
