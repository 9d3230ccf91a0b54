"""A paper of one family member, used for another: its picture is copied under the other person's own key."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

from services.application.applications import application as rules
from services.application.applications.application import Application
from services.application.applications.document import Document, DocumentState, Picture
from services.application.applications.pages import with_pages_of_file
from services.application.applications.service import Applications
from services.application.applications.timeline import add_to_timeline, author_of
from services.application.context import Actor, UseCaseContext
from services.application.documents.changes import MACHINE, DocumentChanges, find_document, refuse_page
from services.application.documents.document_lines import tell_received
from services.application.documents.errors import DocumentNotThere, DocumentReplaced, PaperNotShared
from services.application.documents.unusable import FLAGS_OF_DECODING
from services.application.documents.uploads import UploadSeen
from services.application.requirements.requirement import shared_paper
from shared.errors import NotFound
from shared.files.port import FileUnknown
from shared.ids import derived_id
from shared.person_keys.errors import PersonErased
from shared.store.decision import Decision
from shared.store.kinds import Record

COPIES_AT_ONCE: Final = 2
"""Each is in memory as a whole, a few MiB, while it is encrypted for the other person."""


class DocumentReuse(DocumentChanges):
    """The use case of a paper that several members of a family show."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        super().__init__(context, applications)
        self._copying = asyncio.Semaphore(COPIES_AT_ONCE)

    async def reuse(
        self,
        application_id: str,
        requirement: str,
        page: int,
        same_as: tuple[str, str],
        who: Actor,
        command_id: str,
    ) -> UploadSeen:
        """Copy a page, named by its application and document, of another person of the same account. The same command
        again meets the same document.

        The copy is a document like one that was just uploaded: what was found or decided for the other person does not
        count for this one. It stays when the other person is erased, and goes with its own.

        Raises:
            NotFound: the caller may not see the other application, or it is of another account, or has no such
            document. DocumentReplaced, DocumentNotThere: that one has no picture any more, or not yet.
            PaperNotShared: this paper is one person's own. And those of beginning an upload.
        """
        record = await self._writable(application_id, who)
        refuse_page(page)
        document_id = derived_id("document", command_id)
        known = record.state.document(document_id)
        if known is not None:
            return UploadSeen(application_id, known, known.size_bytes)
        source_id, source_document_id = same_as
        source = (await self._visible(source_id, who)).state
        if source.account_id not in {record.state.account_id, *who.for_accounts}:
            raise NotFound
        original = find_document(source, source_document_id)
        self._refuse_closed(record.state, who, self._context.now())
        self._refuse_own_paper(record.state, requirement, original, source)
        async with self._copying:
            picture = await self._copy(original, record.state.applicant_id)
        return await self._add(record, document_id, requirement, page, picture, who)

    async def _add(
        self,
        record: Record[Application],
        document_id: str,
        requirement: str,
        page: int,
        picture: Picture,
        who: Actor,
    ) -> UploadSeen:
        now, application_id = self._context.now(), record.id
        elsewhere = await self._being_read_elsewhere(record)

        def decide(application: Application) -> Decision[Application] | None:
            if application.document(document_id) is not None:
                return None
            self._refuse_closed(application, who, now)
            new = self._new(application, document_id, requirement, picture.media_type, picture.stored_bytes, now, page)
            keep = self._keep(application, elsewhere, now)
            documents, (there,) = with_pages_of_file((*application.documents, new), new, [picture], (), keep)
            state = rules.with_documents(application, documents)
            state = add_to_timeline(state, document_id, now, "picture_reused", author_of(who), there.requirement)
            told = tell_received(application_id, [there])
            return Decision(self._noted(state, there, MACHINE, now, document_id), told)

        record = await self._changed(application_id, decide)
        await self._drop_unused(record, [picture.file_id])
        document = find_document(record.state, document_id)
        return UploadSeen(application_id, document, document.size_bytes)

    def _refuse_own_paper(self, application: Application, name: str, original: Document, source: Application) -> None:
        wanted = shared_paper(self._item(application, name).requirement, name)
        given = next(
            (
                shared_paper(item.requirement, original.paper)
                for item in self._applications.items(source)
                if item.code == original.requirement
            ),
            None,
        )
        if wanted is None or wanted != given:
            raise PaperNotShared(field="/requirement")

    async def _copy(self, original: Document, applicant_id: str) -> Picture:
        """The picture of a document, stored once more with the key of another applicant."""
        if original.state is DocumentState.REPLACED:
            raise DocumentReplaced
        if original.state is DocumentState.UPLOADING or original.file_id is None or original.width is None:
            raise DocumentNotThere(state=original.state.value)
        content = bytearray()
        try:
            async for piece in self._applications.read_file(original.file_id):
                content += piece
        except (FileUnknown, PersonErased):
            raise DocumentNotThere(state=original.state.value) from None
        file_id = await self._applications.keep_file(bytes(content), original.media_type, applicant_id)
        return Picture(
            file_id=file_id,
            media_type=original.media_type,
            sha256=hashlib.sha256(content).hexdigest(),
            stored_bytes=len(content),
            width=original.width,
            height=original.height or 0,
            flags=tuple(flag for flag in original.flags if flag in FLAGS_OF_DECODING),
        )
