"""Documents: uploads that resume where they stopped, looked at when complete, kept encrypted."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from services.application.applications import application as rules
from services.application.applications import document as papers
from services.application.applications.application import Application
from services.application.applications.document import (
    FIRST_PAGE,
    LARGEST_NUMBER_OF_DOCUMENTS,
    LARGEST_NUMBER_OF_PAGES,
    Document,
    DocumentState,
    Picture,
)
from services.application.applications.pages import with_pages_of_file
from services.application.applications.service import Applications
from services.application.applications.timeline import add_to_timeline, author_of
from services.application.context import Actor, UseCaseContext
from services.application.documents.changes import MACHINE, DocumentChanges, find_document, refuse_page
from services.application.documents.document_lines import tell_received
from services.application.documents.errors import (
    FileTooLarge,
    FileTypeNotTaken,
    PicturesWait,
    UploadOffsetWrong,
    UploadUnderWay,
)
from services.application.documents.picture_signature import refusing_strangers
from services.application.documents.ports import (
    BoundlessRoom,
    Inspected,
    InspectedPage,
    InspectionBusy,
    InspectionUnavailable,
    Inspector,
    PictureRefused,
    Room,
)
from services.application.documents.unusable import NOT_INSPECTED, ONE_PAGE_ONLY, TOO_MANY_PAGES, Unusable
from services.application.malware.errors import ScannerDown
from services.application.picture_formats import MEDIA_TYPES, is_taken
from shared.errors import NotFound, Refusal
from shared.files.port import (
    PIECE_BYTES,
    BeyondDeclaredSize,
    FileFinished,
    FileMeta,
    FileUnknown,
    WrongOffset,
)
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record

WHOLE_BYTES: Final = 1024 * 1024
"""A picture of at most this size that comes in one request is looked at without being stored first."""

PIECES_STORED_AT_ONCE: Final = 4
"""Each is in memory four times while it is stored: as it came, cut, encrypted, and in the command to the database."""

PICTURES_KEPT_AT_ONCE: Final = 2
"""Pictures that were looked at and are being stored, beside those that are being decoded."""

LONGEST_WAIT_FOR_INSPECTION_SECONDS: Final = 45
"""For a picture's turn to be looked at; a gateway gives up after 75 s."""

BOUNDLESS: Final = BoundlessRoom()
ReadContent = Callable[[], Awaitable[bytes]]

LONGER_THAN_DECLARED: Final = "longer_than_declared"
UPLOAD_ABANDONED: Final = "upload_abandoned"
TOO_MANY_DOCUMENTS: Final = "too_many_documents"


@dataclass(frozen=True)
class UploadSeen:
    """A document and where its upload stands."""

    application_id: str
    document: Document
    upload_offset: int


class Uploads(DocumentChanges):
    """The use cases of documents."""

    def __init__(self, context: UseCaseContext, applications: Applications, inspector: Inspector) -> None:
        super().__init__(context, applications)
        self._inspector = inspector
        self._decoding = asyncio.Semaphore(context.settings.upload_rules.decodes_at_once)
        self._inspecting = asyncio.Semaphore(context.settings.upload_rules.decodes_at_once + PICTURES_KEPT_AT_ONCE)
        self._storing = asyncio.Semaphore(PIECES_STORED_AT_ONCE)
        self._written_to: set[str] = set()

    async def begin(
        self,
        application_id: str,
        requirement: str,
        media_type: str,
        size_bytes: int,
        who: Actor,
        command_id: str,
        page: int = FIRST_PAGE,
    ) -> UploadSeen:
        """Announce an upload; the bytes follow in pieces. The same command again meets the same document.

        Raises:
            StepComesFirst: the questionnaire is not answered. DocumentNotAsked: no item has this name.
            FileTypeNotTaken, FileTooLarge, PageBeyondLimit, TooManyDocuments, DocumentsClosed: a limit is met.
            AssistanceNeeded: an officer, while the visitor is not at the office, without this person's consent.
        """
        await self._writable(application_id, who)
        self.refuse_file(media_type, size_bytes)
        refuse_page(page)
        document_id = derived_id("document", command_id)
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            if application.document(document_id) is not None:
                return None
            self._refuse_closed(application, who, now)
            document = self._new(application, document_id, requirement, media_type, size_bytes, now, page)
            documents = papers.replaced_by_newer((*application.documents, document), document)
            state = rules.with_documents(application, documents)
            return Decision(
                add_to_timeline(state, document_id, now, "upload_begun", author_of(who), document.requirement)
            )

        record = await self._changed(application_id, decide)
        document = record.state.document(document_id)
        assert document is not None  # noqa: S101 - just written, or there before
        return UploadSeen(application_id, document, await self._offset(document))

    async def receive(
        self,
        application_id: str,
        document_id: str,
        offset: int,
        pieces: AsyncIterator[bytes],
        who: Actor,
        room: Room = BOUNDLESS,
    ) -> UploadSeen:
        """Take bytes from `offset` on; with the last one the picture is looked at, and accepted, flagged or refused.

        What arrived before a broken line is kept: ask for the offset and go on there. In memory: one piece, or the
        whole of a small picture while `room` allows it.

        Raises:
            NotFound: no such document. UploadOffsetWrong: the upload stands elsewhere.
            AssistanceNeeded: as in beginning it.
            UploadUnderWay: another request of this process sends bytes of the document. Other processes meet the
            store's own conditions: of two pieces at one offset it takes one.
            PicturesWait: its turn to be looked at did not come in time.
            ScannerDown: all bytes are kept, and are looked at without another request.
        """
        record = await self._writable(application_id, who)
        document = find_document(record.state, document_id)
        if document.state is not DocumentState.UPLOADING:
            return UploadSeen(application_id, document, document.size_bytes)
        if document_id in self._written_to:
            raise UploadUnderWay
        self._written_to.add(document_id)
        if offset == 0:
            pieces = refusing_strangers(pieces)
        try:
            if await self._fits_in_memory(document, offset, room):
                return await self._take_whole(record, document, pieces)
            await self._begin_file(record, document)
            return await self._go_on(record, document, offset, pieces, room)
        except ScannerDown:
            await self._look_at_later(application_id, document_id)
            raise
        except Unusable as refused:  # by its first bytes
            return await self._refuse(record.id, document, refused.reason)
        except FileUnknown:  # another upload took its place, or another process has finished it
            return await self.offset(application_id, document_id, who)
        finally:
            self._written_to.discard(document_id)

    async def offset(self, application_id: str, document_id: str, who: Actor) -> UploadSeen:
        """Return the state of an upload; refuses with ``NotFound``."""
        record = await self._visible(application_id, who)
        document = find_document(record.state, document_id)
        return UploadSeen(application_id, document, await self._offset(document))

    async def read(self, application_id: str, document_id: str, who: Actor) -> tuple[Document, AsyncIterator[bytes]]:
        """The picture, for the owner and for the office; refuses with ``NotFound`` where there is none (any more)."""
        record = await self._visible(application_id, who)
        document = find_document(record.state, document_id)
        if document.state not in papers.PRESENT_STATES or document.file_id is None:
            raise NotFound
        return document, self._applications.read_file(document.file_id)

    async def abandon_overdue(self, record: Record[Application], _name: str) -> None:
        """The time of an upload is over: it is refused and its bytes are removed.

        One of which all bytes are there is looked at: a crash, or a scanner that did not answer, came between.

        Raises:
            ScannerDown, PicturesWait: it is still to be looked at.
        """
        now = self._context.now()
        overdue = [document for document in record.state.documents if _is_overdue(document, now)]
        complete = [document for document in overdue if await self._offset(document) == document.size_bytes]
        kept = {document.document_id for document in complete}

        def decide(application: Application) -> Decision[Application] | None:
            state = application
            for document in application.documents:
                if _is_overdue(document, now) and document.document_id not in kept:
                    gone = papers.refused(document, UPLOAD_ABANDONED, MACHINE.who, now)
                    state = self._noted(rules.with_document(state, gone), gone, MACHINE, now, document.document_id)
            return Decision(state) if state is not application else None

        await self._changed(record.id, decide)
        for document in complete:
            await self._look_at(record, document, partial(self._content, document))

    def refuse_file(self, media_type: str, size_bytes: int) -> None:
        """Return for a file that is taken.

        Raises:
            FileTypeNotTaken, FileTooLarge: it is of another type, or over the limit.
        """
        if not is_taken(media_type):
            raise FileTypeNotTaken(field="/media_type", accepted=list(MEDIA_TYPES))
        limit = self._context.settings.upload_rules.largest_bytes
        if size_bytes > limit:
            raise FileTooLarge(
                f"At most {limit} bytes.",
                detail_id=f"Paling banyak {limit} byte.",
                field="/size_bytes",
                limit_bytes=limit,
            )

    async def _begin_file(self, record: Record[Application], document: Document) -> None:
        meta = FileMeta("application/octet-stream", document.size_bytes, subject_id=record.state.applicant_id)
        await self._context.files.create(document.document_id, meta)

    async def _fits_in_memory(self, document: Document, offset: int, room: Room) -> bool:
        """Whether a small picture that begins now may stay in memory until it is looked at."""
        if offset != 0 or document.size_bytes > WHOLE_BYTES or await self._offset(document) != 0:
            return False
        return room.try_grow(document.size_bytes)

    async def _take_whole(
        self, record: Record[Application], document: Document, pieces: AsyncIterator[bytes]
    ) -> UploadSeen:
        """A small picture that comes in one go is looked at as it is; only what broke off midway is stored first."""
        content = bytearray()
        broken: Refusal | None = None
        try:
            async for piece in pieces:
                content += piece
                if len(content) > document.size_bytes:
                    return await self._refuse(record.id, document, LONGER_THAN_DECLARED)
        except Refusal as refusal:
            broken = refusal
        if len(content) == document.size_bytes:

            async def whole() -> bytes:
                return bytes(content)

            try:
                return await self._look_at(record, document, whole)
            except ScannerDown:
                await self._keep_whole(record, document, bytes(content))
                raise
        await self._keep_whole(record, document, bytes(content))
        if broken is not None:
            raise broken
        return UploadSeen(record.id, document, len(content))

    async def _keep_whole(self, record: Record[Application], document: Document, content: bytes) -> None:
        await self._begin_file(record, document)
        for start in range(0, len(content), PIECE_BYTES):
            await self._keep_rest(document.document_id, start, content[start : start + PIECE_BYTES])

    async def _go_on(
        self, record: Record[Application], document: Document, offset: int, pieces: AsyncIterator[bytes], room: Room
    ) -> UploadSeen:
        try:
            stands = await self.append(document.document_id, offset, pieces, room)
        except BeyondDeclaredSize:
            return await self._refuse(record.id, document, LONGER_THAN_DECLARED)
        except WrongOffset as wrong:
            stands = self._all_there(wrong.expected, document)
        except FileFinished:
            stands = document.size_bytes
        if stands < document.size_bytes:
            return UploadSeen(record.id, document, stands)
        return await self._look_at(record, document, lambda: self._content(document))

    async def _content(self, document: Document) -> bytes:
        content = bytearray()
        async for piece in self._context.files.read(document.document_id):
            content += piece
        return bytes(content)

    @staticmethod
    def _all_there(stands: int, document: Document) -> int:
        """All bytes are here: the last piece is sent again after a crash between them and the document's write."""
        if stands < document.size_bytes:
            raise UploadOffsetWrong(stands)
        return stands

    async def _offset(self, document: Document) -> int:
        if document.state is not DocumentState.UPLOADING:
            return document.size_bytes
        with suppress(FileUnknown):
            return await self._context.files.size(document.document_id)
        return 0

    async def append(self, file_id: str, offset: int, pieces: AsyncIterator[bytes], room: Room) -> int:
        """Store the pieces as they come and give the offset reached. Up to one piece waits in memory for more bytes;
        where room is short what waits goes to the store at once. Refuses as `FileStore.append` does.
        """
        waiting = bytearray()
        try:
            async for piece in pieces:
                if not room.try_grow(len(piece)):
                    if waiting:
                        offset = await self._store_first(file_id, offset, waiting, len(waiting), room)
                    await room.grow(len(piece))
                waiting += piece
                while len(waiting) >= PIECE_BYTES:
                    offset = await self._store_first(file_id, offset, waiting, PIECE_BYTES, room)
        except Refusal:
            await self._keep_rest(file_id, offset, bytes(waiting))
            raise
        stands = await self._store_rest(file_id, offset, bytes(waiting))
        room.shrink(len(waiting))
        return stands

    async def _store_first(self, file_id: str, offset: int, waiting: bytearray, size_bytes: int, room: Room) -> int:
        """Store the first bytes of what waits and give their room back."""
        async with self._storing:
            offset = await self._context.files.append(file_id, offset, bytes(waiting[:size_bytes]))
        del waiting[:size_bytes]
        room.shrink(size_bytes)
        return offset

    async def _store_rest(self, file_id: str, offset: int, rest: bytes) -> int:
        stands = await self._context.files.size(file_id)
        if stands != offset:
            raise WrongOffset(stands)
        if not rest:
            return stands
        async with self._storing:
            return await self._context.files.append(file_id, offset, rest)

    async def _keep_rest(self, file_id: str, offset: int, rest: bytes) -> None:
        with suppress(WrongOffset, BeyondDeclaredSize, FileFinished):
            await self._store_rest(file_id, offset, rest)

    async def _look_at(self, record: Record[Application], document: Document, content: ReadContent) -> UploadSeen:
        """Have the document's file looked at, and take it or refuse it."""
        most_pages = LARGEST_NUMBER_OF_PAGES - document.page + 1
        try:
            pictures = await self.keep_pictures(
                content, document.media_type, document.requirement, record.state.applicant_id, most_pages
            )
        except PictureRefused as refused:
            return await self._refuse(record.id, document, refused.reason)
        return await self._take(record, document.document_id, pictures)

    async def keep_pictures(
        self, content: ReadContent, media_type: str, what: str, subject_id: str, most_pages: int
    ) -> tuple[Picture, ...]:
        """Have a file looked at when its turn comes and keep its pages under the key of the subject. Only at its turn
        are its bytes read, so those of a few are in memory, documents and evidence together.

        Raises:
            PictureRefused: it is no usable picture, or has more pages. PicturesWait: its turn did not come in time.
        """
        try:
            async with asyncio.timeout(LONGEST_WAIT_FOR_INSPECTION_SECONDS):
                await self._inspecting.acquire()
        except TimeoutError:
            raise PicturesWait from None
        try:
            return await self._inspect(content, media_type, what, subject_id, most_pages)
        finally:
            self._inspecting.release()

    async def _inspect(
        self, content: ReadContent, media_type: str, what: str, subject_id: str, most_pages: int
    ) -> tuple[Picture, ...]:
        """The pages of the file as they are kept from now on; refuses with `PictureRefused`."""
        async with self._decoding:
            read = await content()
            try:
                found = await self._inspector.inspect(read, media_type, what)
            except InspectionUnavailable:
                found = Inspected((InspectedPage(read, media_type, 0, 0, (NOT_INSPECTED,)),))
            except InspectionBusy:
                raise PicturesWait from None
            del read
        if len(found.pages) > most_pages:
            raise PictureRefused(ONE_PAGE_ONLY if most_pages == 1 else TOO_MANY_PAGES)
        return tuple([await self._keep_page(page, subject_id) for page in found.pages])

    async def _keep_page(self, page: InspectedPage, subject_id: str) -> Picture:
        return Picture(
            file_id=await self._applications.keep_file(page.content, page.media_type, subject_id),
            media_type=page.media_type,
            sha256=hashlib.sha256(page.content).hexdigest(),
            stored_bytes=len(page.content),
            width=page.width,
            height=page.height,
            flags=page.flags,
        )

    async def _look_at_later(self, application_id: str, document_id: str) -> None:
        """The bytes are there and were not scanned: the upload's own deadline looks at them soon."""
        soon = self._context.now() + timedelta(seconds=self._context.settings.upload_rules.scan_again_seconds)

        def decide(application: Application) -> Decision[Application] | None:
            document = find_document(application, document_id)
            if document.state is not DocumentState.UPLOADING:
                return None
            return Decision(rules.with_document(application, papers.looked_at_later(document, soon)))

        await self._changed(application_id, decide)

    async def _take(self, record: Record[Application], document_id: str, pictures: tuple[Picture, ...]) -> UploadSeen:
        """Have the announced document stand for the first page, and siblings for the further ones, in one write."""
        now, application_id = self._context.now(), record.id
        elsewhere = await self._being_read_elsewhere(record)
        siblings = [derived_id("page", document_id, str(number)) for number in range(1, len(pictures))]

        def decide(application: Application) -> Decision[Application] | None:
            document = find_document(application, document_id)
            if document.state is not DocumentState.UPLOADING:
                return None
            if len(application.documents) + len(siblings) > LARGEST_NUMBER_OF_DOCUMENTS:
                gone = papers.refused(document, TOO_MANY_DOCUMENTS, MACHINE.who, now)
                return Decision(self._noted(rules.with_document(application, gone), gone, MACHINE, now, document_id))
            keep = self._keep(application, elsewhere, now)
            documents, pages = with_pages_of_file(application.documents, document, pictures, siblings, keep)
            state = rules.with_documents(application, documents)
            for page in pages:
                state = self._noted(state, page, MACHINE, now, page.document_id)
            return Decision(state, tell_received(application_id, pages))

        record = await self._changed(application_id, decide)
        await self._drop_unused(record, [picture.file_id for picture in pictures])
        document = find_document(record.state, document_id)
        return UploadSeen(application_id, document, document.size_bytes)

    async def _refuse(self, application_id: str, document: Document, reason: str) -> UploadSeen:
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            known = find_document(application, document.document_id)
            if known.state is not DocumentState.UPLOADING:
                return None
            gone = papers.refused(known, reason, MACHINE.who, now)
            return Decision(
                self._noted(rules.with_document(application, gone), gone, MACHINE, now, document.document_id)
            )

        record = await self._changed(application_id, decide)
        return UploadSeen(application_id, find_document(record.state, document.document_id), document.size_bytes)


def _is_overdue(document: Document, now: datetime) -> bool:
    return document.state is DocumentState.UPLOADING and document.upload_until <= now
