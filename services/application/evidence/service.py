"""Evidence: uploaded by its owner as documents are, named by a request of another service, seen by who decides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

from services.application.applications.document import Picture
from services.application.context import UseCaseContext
from services.application.documents.errors import UploadOffsetWrong
from services.application.documents.picture_signature import refusing_strangers
from services.application.documents.ports import PictureRefused, Room
from services.application.documents.unusable import Unusable
from services.application.documents.uploads import BOUNDLESS, LONGER_THAN_DECLARED, Uploads
from services.application.evidence import evidence as rules
from services.application.evidence.access import UPLOADERS, is_owner, refuse_strangers
from services.application.evidence.errors import EvidenceOfOthers, EvidenceUnderWay, TooManyEvidenceFiles
from services.application.evidence.evidence import (
    MOST_FILES_A_DAY,
    UPLOAD_ABANDONED,
    Evidence,
    EvidenceCase,
    EvidenceState,
    key_subject,
)
from services.application.evidence.repository import DAY_NUMBER, EVIDENCE, EvidenceRepository
from services.application.malware.errors import ScannerDown
from shared.errors import NotFound
from shared.events.codes import EvidencePurpose
from shared.events.envelope import Envelope
from shared.events.evidence_files import EvidenceNamed
from shared.files.port import BeyondDeclaredSize, FileFinished, FileMeta, FileUnknown, WrongOffset
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict
from shared.store.retry import again
from shared.tokens import Caller, Role


@dataclass(frozen=True)
class NewEvidence:
    """A picture that is about to be uploaded, and what for."""

    purpose: EvidencePurpose
    media_type: str
    size_bytes: int


@dataclass(frozen=True)
class EvidenceSeen:
    """Evidence and where its upload stands."""

    evidence_id: str
    evidence: Evidence
    upload_offset: int


class EvidenceFiles:
    """The use cases of evidence."""

    def __init__(self, context: UseCaseContext, uploads: Uploads) -> None:
        self._context = context
        self._uploads = uploads
        self._written_to: set[str] = set()
        self.repository = EvidenceRepository(context.store)

    async def begin(self, caller: Caller, new: NewEvidence, command_id: str) -> EvidenceSeen:
        """Announce an upload; the bytes follow in pieces. The same command again meets the same evidence.

        Raises:
            EvidenceOfOthers: another role uploads evidence for this purpose.
            FileTypeNotTaken, FileTooLarge, TooManyEvidenceFiles: a limit is met.
        """
        mine = UPLOADERS.get(caller.role, ())
        if new.purpose not in mine:
            raise EvidenceOfOthers(field="/purpose", purposes=[purpose.value for purpose in mine])
        self._uploads.refuse_file(new.media_type, new.size_bytes)
        evidence_id = derived_id("evidence", command_id)
        record = await again(partial(self._insert, evidence_id, caller, new))
        return EvidenceSeen(evidence_id, record.state, await self._offset(evidence_id, record.state))

    async def receive(
        self, caller: Caller, evidence_id: str, offset: int, pieces: AsyncIterator[bytes], room: Room = BOUNDLESS
    ) -> EvidenceSeen:
        """Take bytes from `offset` on; with the last one the picture is looked at, and kept or refused.

        What arrived before a broken line is kept: ask for the offset and go on there.

        Raises:
            NotFound: there is no such evidence of the caller. UploadOffsetWrong: the upload stands elsewhere.
            EvidenceUnderWay: another request of this process sends bytes of it.
            PicturesWait: its turn to be looked at did not come in time.
            ScannerDown: all bytes are kept, and are looked at without another request.
        """
        evidence = (await self._own(caller, evidence_id)).state
        if evidence.state is not EvidenceState.UPLOADING:
            return EvidenceSeen(evidence_id, evidence, evidence.size_bytes)
        if evidence_id in self._written_to:
            raise EvidenceUnderWay
        self._written_to.add(evidence_id)
        if offset == 0:
            pieces = refusing_strangers(pieces)
        try:
            return await self._take_bytes(evidence_id, evidence, offset, pieces, room)
        except ScannerDown:
            await self._look_at_later(evidence_id)
            raise
        except Unusable as unusable:  # by its first bytes
            return await self._refuse(evidence_id, unusable.reason)
        except FileUnknown:  # another process has finished it
            return await self.show(caller, evidence_id)
        finally:
            self._written_to.discard(evidence_id)

    async def show(self, caller: Caller, evidence_id: str) -> EvidenceSeen:
        """Return evidence and where its upload stands, for its owner and for those who decide.

        Raises:
            NotFound, NotYourOffice: see `refuse_strangers`.
        """
        evidence = (await self._visible(caller, evidence_id)).state
        return EvidenceSeen(evidence_id, evidence, await self._offset(evidence_id, evidence))

    async def read(self, caller: Caller, evidence_id: str) -> tuple[Evidence, AsyncIterator[bytes]]:
        """Return the picture, for its owner and for those who decide.

        Raises:
            NotFound, NotYourOffice: see `refuse_strangers`; NotFound also where no picture is kept (any more).
        """
        evidence = (await self._visible(caller, evidence_id)).state
        if evidence.state is not EvidenceState.KEPT or evidence.file_id is None:
            raise NotFound
        return evidence, self._context.files.read(evidence.file_id)

    async def note_named(self, event: EvidenceNamed, envelope: Envelope) -> None:
        """Keep which request names the evidence, so that those who decide on it see the pictures.

        Ids of others, of another purpose or of evidence that another request names already change nothing.
        """
        case = EvidenceCase(event.case_id, event.office_id, self._context.now())

        def decide(evidence: Evidence) -> Decision[Evidence] | None:
            fits = evidence.purpose.value == event.purpose
            if not fits or not rules.is_of(evidence, event.account_ids, event.office_id):
                return None
            return Decision(rules.named(evidence, case))

        for evidence_id in event.evidence_ids:
            with suppress(NotFound):
                await self._change(evidence_id, decide, received=envelope.id)

    async def abandon_upload(self, record: Record[Evidence], _name: str) -> None:
        """The time of an upload is over: it is refused and its bytes are removed.

        One of which all bytes are there is looked at: a crash, or a scanner that did not answer, came between.

        Raises:
            ScannerDown, PicturesWait: it is still to be looked at.
        """
        evidence = record.state
        if evidence.state is EvidenceState.UPLOADING and await self._offset(record.id, evidence) == evidence.size_bytes:
            await self._look_at(record.id, evidence)
            return
        await self._end(record, lambda evidence, now: rules.refused(evidence, UPLOAD_ABANDONED, now))

    async def remove_unnamed(self, record: Record[Evidence], _name: str) -> None:
        """No request named the evidence in time: its picture is removed."""
        await self._end(record, rules.removed)

    async def erase(self, evidence_id: str) -> bool:
        """Remove evidence with its picture, and the key that is its own; return whether there was any.

        The picture goes first: a crash in between leaves a document that the next round removes.
        """

        async def attempt() -> bool:
            record = await self.repository.evidence(evidence_id)
            if record is None:
                return False
            await self._drop(record.state.file_id)
            if record.state.account_id is None:
                await self._context.person_keys.destroy(evidence_id)
            if not await self.repository.remove(record):
                raise VersionConflict(f"evidence {evidence_id} was written meanwhile")
            return True

        return await again(attempt)

    async def _insert(self, evidence_id: str, caller: Caller, new: NewEvidence) -> Record[Evidence]:
        """Write new evidence under a free number of the caller's day; a unique index gives each number out once."""
        known = await self.repository.evidence(evidence_id)
        if known is not None:
            return known
        now = self._context.now()
        day = now.date().isoformat()
        taken = await self.repository.numbers_of_day(caller.account_id, new.purpose, day)
        free = next((number for number in range(MOST_FILES_A_DAY) if number not in taken), None)
        if free is None:
            until = datetime.combine(now.date() + timedelta(days=1), time(0), now.tzinfo)
            wait = int((until - now).total_seconds()) + 1
            raise TooManyEvidenceFiles(limit=MOST_FILES_A_DAY, until=until, retry_after_seconds=wait)
        of_visitor = caller.role is not Role.APPLICANT
        evidence = Evidence(
            purpose=new.purpose,
            account_id=None if of_visitor else caller.account_id,
            uploaded_by=caller.account_id,
            office_id=caller.office_id if of_visitor else None,
            day=day,
            number=free,
            media_type=new.media_type,
            size_bytes=new.size_bytes,
            created_at=now,
            upload_until=now + timedelta(seconds=self._context.settings.upload_rules.under_way_seconds),
            file_id=evidence_id,
        )
        try:
            return await self.repository.insert(evidence_id, evidence, now)
        except AlreadyExists as taken_meanwhile:
            raise VersionConflict(f"{DAY_NUMBER} {free} was taken meanwhile") from taken_meanwhile

    async def _take_bytes(
        self, evidence_id: str, evidence: Evidence, offset: int, pieces: AsyncIterator[bytes], room: Room
    ) -> EvidenceSeen:
        subject_id = key_subject(evidence_id, evidence)
        meta = FileMeta("application/octet-stream", evidence.size_bytes, subject_id=subject_id)
        await self._context.files.create(evidence_id, meta)
        try:
            stands = await self._uploads.append(evidence_id, offset, pieces, room)
        except BeyondDeclaredSize:
            return await self._refuse(evidence_id, LONGER_THAN_DECLARED)
        except WrongOffset as wrong:
            stands = wrong.expected
            if stands < evidence.size_bytes:
                raise UploadOffsetWrong(stands) from None
        except FileFinished:  # the last piece again, after a crash between it and the document's write
            stands = evidence.size_bytes
        if stands < evidence.size_bytes:
            return EvidenceSeen(evidence_id, evidence, stands)
        return await self._look_at(evidence_id, evidence)

    async def _look_at(self, evidence_id: str, evidence: Evidence) -> EvidenceSeen:
        """Have the whole file looked at, and keep or refuse it."""

        async def content() -> bytes:
            return b"".join([piece async for piece in self._context.files.read(evidence_id)])

        subject_id = key_subject(evidence_id, evidence)
        try:
            (picture,) = await self._uploads.keep_pictures(
                content, evidence.media_type, evidence.purpose, subject_id, most_pages=1
            )
        except PictureRefused as unusable:
            return await self._refuse(evidence_id, unusable.reason)
        return await self._keep(evidence_id, picture)

    async def _look_at_later(self, evidence_id: str) -> None:
        """The bytes are there and were not scanned: the upload's own deadline looks at them soon."""
        soon = self._context.now() + timedelta(seconds=self._context.settings.upload_rules.scan_again_seconds)

        def decide(evidence: Evidence) -> Decision[Evidence] | None:
            uploading = evidence.state is EvidenceState.UPLOADING
            return Decision(rules.looked_at_later(evidence, soon)) if uploading else None

        await self._change(evidence_id, decide)

    async def _keep(self, evidence_id: str, picture: Picture) -> EvidenceSeen:
        now = self._context.now()

        def decide(evidence: Evidence) -> Decision[Evidence] | None:
            uploading = evidence.state is EvidenceState.UPLOADING
            return Decision(rules.kept(evidence, picture, now)) if uploading else None

        record = await self._change(evidence_id, decide)
        if record.state.file_id != picture.file_id:
            await self._drop(picture.file_id)
        return EvidenceSeen(evidence_id, record.state, record.state.size_bytes)

    async def _refuse(self, evidence_id: str, reason: str) -> EvidenceSeen:
        now = self._context.now()

        def decide(evidence: Evidence) -> Decision[Evidence] | None:
            uploading = evidence.state is EvidenceState.UPLOADING
            return Decision(rules.refused(evidence, reason, now)) if uploading else None

        record = await self._change(evidence_id, decide)
        return EvidenceSeen(evidence_id, record.state, record.state.size_bytes)

    async def _end(self, record: Record[Evidence], ended: Callable[[Evidence, datetime], Evidence]) -> None:
        """End the evidence if what the deadline waited for has still not happened."""
        now = self._context.now()

        def decide(evidence: Evidence) -> Decision[Evidence] | None:
            due = [at for at in rules.deadlines(evidence).values() if at <= now]
            return Decision(ended(evidence, now)) if due else None

        await self._change(record.id, decide)

    async def _change(
        self, evidence_id: str, decide: Callable[[Evidence], Decision[Evidence] | None], *, received: str | None = None
    ) -> Record[Evidence]:
        """Change evidence; a file that it no longer refers to is removed after the write."""
        before: list[str | None] = []

        def remembering(evidence: Evidence) -> Decision[Evidence] | None:
            before[:] = [evidence.file_id]
            return decide(evidence)

        context = self._context
        record = await change(context.store, context.clock, EVIDENCE, evidence_id, remembering, received=received)
        for file_id in before:
            if file_id != record.state.file_id:
                await self._drop(file_id)
        return record

    async def _drop(self, file_id: str | None) -> None:
        """Remove a file; what fails here the sweeper removes."""
        if file_id is not None:
            with suppress(Exception):
                await self._context.files.delete(file_id)

    async def _offset(self, evidence_id: str, evidence: Evidence) -> int:
        if evidence.state is not EvidenceState.UPLOADING:
            return evidence.size_bytes
        with suppress(FileUnknown):
            return await self._context.files.size(evidence_id)
        return 0

    async def _own(self, caller: Caller, evidence_id: str) -> Record[Evidence]:
        record = await self.repository.existing(evidence_id)
        if not is_owner(record.state, caller):
            raise NotFound
        return record

    async def _visible(self, caller: Caller, evidence_id: str) -> Record[Evidence]:
        record = await self.repository.existing(evidence_id)
        refuse_strangers(record.state, caller)
        return record
