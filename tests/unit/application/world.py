"""Application on a store in memory, under a clock that hurries, beside an issuance system that does as it is told."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from PIL import Image

from services.application.app import build
from services.application.applications.repository import APPLICATION, KINDS
from services.application.applications.service import Seen
from services.application.config import Settings
from services.application.context import Actor
from services.application.earlier_books.answer import EarlierBook
from services.application.evidence.repository import EVIDENCE
from services.application.issuance.ports import DpriFile, DpriPicture, DpriRefuses, DpriState
from services.application.letters.ports import LetterContent, RefusalContent
from services.application.own_data.part import ApplicationParts
from services.application.use_cases import UseCases
from shared.assistance import Assistance, AssistanceCopy
from shared.crypto.sealed import SealedBox, Unsealer, new_keypair
from shared.deadlines import DeadlineWorker
from shared.errors import UpstreamDown
from shared.events.application import ApplicationRefused, KeepIdentityCard, PassportCollected, PassportPrinted
from shared.events.envelope import Envelope
from shared.events.identity import ApplicantAdded, ApplicantConfirmed, AssistanceBegun
from shared.events.message import Message
from shared.service import Parts
from shared.store.memory import MemoryStore
from shared.tokens import Role
from tests.conftest import START
from tests.unit.application import make
from tests.unit.world import NOWHERE, HurryingClock, envelope_of, key, seeded_platform

OURS = new_keypair()
NOTIFICATION = new_keypair()
CARD = {
    "full_name": "SARI CONTOH LATIHAN",
    "nik": "3174014502900001",
    "birth_place": "JAKARTA",
    "birth_date": "1990-02-05",
    "sex": "female",
}
CHILD = CARD | {"full_name": "PUTRI CONTOH LATIHAN", "nik": "3174015006150003", "birth_date": "2015-06-10"}
OWNER = Actor("acc", Role.APPLICANT)
STRANGER = Actor("other", Role.APPLICANT)
FRONT = Actor("staff-1", Role.FRONT_OFFICER, make.OFFICE)
COUNTER = Actor(
    "staff-1",
    Role.FRONT_OFFICER,
    make.OFFICE,
    on_behalf_of="acc",
    assistance=Assistance("assistance-1", AssistanceCopy("acc", "staff-1", make.OFFICE)),
)
INTERVIEWER = Actor("staff-2", Role.INTERVIEWER, make.OFFICE)
ELSEWHERE = Actor("staff-3", Role.FRONT_OFFICER, "medan")


@dataclass
class TheDpri:
    """An issuance system that does as it is told."""

    says: list[DpriState | Exception] = field(default_factory=list)
    """What the next calls answer; then all is well."""
    files: dict[str, DpriFile] = field(default_factory=dict)
    deliveries: list[str] = field(default_factory=list)
    approvals: list[Mapping[str, Any]] = field(default_factory=list)
    printed: bool = False
    says_of_pictures: list[str | Exception] = field(default_factory=list)
    """What the next pictures are answered with; then all is well."""
    sent_pictures: list[DpriPicture] = field(default_factory=list)
    pictures: dict[tuple[str, str], str] = field(default_factory=dict)
    """The hash of what came, by file and document."""
    recalls: list[Mapping[str, Any]] = field(default_factory=list)
    says_of_recalls: list[Exception] = field(default_factory=list)

    async def hand_over(self, number: str, file: DpriFile) -> DpriState:
        self.deliveries.append(file.delivery_id)
        said = self._said(DpriState("acknowledged"))
        self.files[number] = file
        there = {document_id: sha256 for (of, document_id), sha256 in self.pictures.items() if of == number}
        return replace(said, pictures=there)

    async def hand_over_picture(self, number: str, picture: DpriPicture, pieces: AsyncIterable[bytes]) -> str:
        self.sent_pictures.append(picture)
        content = b"".join([piece async for piece in pieces])
        said = self.says_of_pictures.pop(0) if self.says_of_pictures else "acknowledged"
        if isinstance(said, Exception):
            raise said
        if said == "acknowledged":
            self.pictures[number, picture.document_id] = hashlib.sha256(content).hexdigest()
        return said

    async def recall(self, number: str, recall: Mapping[str, Any]) -> None:
        self.recalls.append(recall)
        if self.says_of_recalls:
            raise self.says_of_recalls.pop(0)

    async def get_state(self, number: str) -> DpriState:
        usual = DpriState("printed", "X1234567") if self.printed else DpriState("queued")
        return self._said(usual)

    async def approve(self, number: str, approval: Mapping[str, Any]) -> None:
        self._said(DpriState("queued"))
        self.approvals.append(approval)

    async def close(self) -> None:
        return None

    def down(self, times: int = 1) -> None:
        """The next calls are not answered."""
        self.says += [UpstreamDown("dpri", "timeout")] * times

    def refuse(self, code: str) -> None:
        """The next call is refused."""
        self.says.append(DpriRefuses(code))

    def _said(self, usual: DpriState) -> DpriState:
        said = self.says.pop(0) if self.says else usual
        if isinstance(said, Exception):
            raise said
        return said


@dataclass
class TheBooks:
    """The issuance system's records of earlier books, as they are told."""

    books: tuple[EarlierBook, ...] = ()
    says: list[tuple[EarlierBook, ...] | Exception] = field(default_factory=list)
    """What the next calls answer; then ``books``."""
    asked: list[str] = field(default_factory=list)
    meanwhile: list[Callable[[], Awaitable[Any]]] = field(default_factory=list)
    """What happens while the next calls are under way."""

    async def find_books(self, nik: str) -> tuple[EarlierBook, ...]:
        self.asked.append(nik)
        said = self.says.pop(0) if self.says else self.books
        if self.meanwhile:
            await self.meanwhile.pop(0)()
        if isinstance(said, Exception):
            raise said
        return said

    async def close(self) -> None:
        return None

    def down(self, times: int = 1) -> None:
        """The next calls are not answered."""
        self.says += [UpstreamDown("dpri_books", "timeout")] * times


@dataclass
class TheWriter:
    """Papers that say what they were asked for."""

    written: list[LetterContent] = field(default_factory=list)
    refused: list[RefusalContent] = field(default_factory=list)
    size_bytes: int = 0

    async def letter(self, content: LetterContent) -> bytes:
        self.written.append(content)
        return f"%PDF-1.7 {content.queue_number} {len(self.written)}".encode().ljust(self.size_bytes)

    async def refusal(self, content: RefusalContent) -> bytes:
        self.refused.append(content)
        return b"%PDF-1.7 refusal"

    async def form(self, requirement: str, title: str) -> bytes:
        return f"%PDF-1.7 {requirement} {title}".encode()


def make_settings(**changed: Any) -> Settings:
    given: dict[str, Any] = {
        **NOWHERE,
        "master_keys": key("k1", 1),
        "fingerprint_keys": key("k1", 2),
        "sealing_private_keys": OURS.private_key_b64,
        "notification_sealing_public_key": NOTIFICATION.public_key_b64,
    }
    return Settings.load(**(given | changed))


def picture(width: int = 640, height: int = 400, image_format: str = "JPEG", **words: Any) -> bytes:
    """A real picture."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(buffer, image_format, **words)
    return buffer.getvalue()


async def in_pieces(content: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    """The bytes as they come over a line."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


class World:
    """The service, and what happens around it."""

    def __init__(self, *, books: TheBooks | None = None, **settings: Any) -> None:
        """Without ``books`` the issuance system is not asked for earlier ones."""
        self.clock = HurryingClock(START)
        self.settings = make_settings(**settings)
        self.said: list[Envelope] = []
        self.store = MemoryStore("application", on_written=lambda _, envelopes, __: self.said.extend(envelopes))
        self.platform = seeded_platform(self.store, self.clock, self.settings.master_keyring(), seed=7)
        self.files = self.platform.files
        self.dpri = TheDpri()
        self.writer = TheWriter()
        self.parts: Parts = build(self.settings, self.platform, dpri=self.dpri, writer=self.writer, earlier_books=books)
        self.service: UseCases = self.parts.service
        self.worker = DeadlineWorker(self.store, (*KINDS, EVIDENCE), self.parts.deadlines, self.clock, "test")
        self._commands = 0

    def own_parts(self) -> ApplicationParts:
        """What an export collects here."""
        service = self.service
        return ApplicationParts(
            self.store, service.applications, service.passports, service.evidence.repository, service.crossings
        )

    # others speak

    async def tell(
        self, message: Message, version: int = 1, *, message_id: str | None = None, at: datetime | None = None
    ) -> Envelope:
        """Another service's message arrives."""
        self._commands += 1
        sent_as = message_id or f"m-{self._commands}"
        envelope = envelope_of(message, at or self.clock.now(), version=version, message_id=sent_as)
        handlers: dict[type[Any], Any] = {**self.parts.events, **self.parts.commands}
        await handlers[type(message)](message, envelope)
        return envelope

    async def add(self, applicant_id: str = "appl", **changes: Any) -> None:
        """An account adds an applicant; the civil registry has not answered."""
        await self.tell(ApplicantAdded(**({"account_id": "acc", "applicant_id": applicant_id} | changes)), 0)

    async def meet(
        self, applicant_id: str = "appl", card: Mapping[str, str] = CARD, *, version: int = 1, **changes: str
    ) -> None:
        """Identity confirms an applicant."""
        ids = {"account_id": "acc", "applicant_id": applicant_id, "person_id": f"person-{applicant_id}"} | changes
        sealed = SealedBox.for_recipient(OURS.public_key_b64).seal(card, applicant_id)
        await self.tell(ApplicantConfirmed(**ids), version)
        await self.tell(KeepIdentityCard(**ids, sealed=sealed), version)

    async def consent(self, officer_id: str = "staff-front_officer", **changes: Any) -> str:
        """Identity tells that this officer may assist the account ``acc``; the assistance's id."""
        begun = self.clock.now()
        given = {
            "assistance_id": "assistance-1",
            "account_id": "acc",
            "officer_id": officer_id,
            "office_id": make.OFFICE,
            "consent": "code",
            "begun_at": begun,
            "expires_at": begun + timedelta(days=30),
        }
        event = AssistanceBegun(**(given | changes))
        await self.tell(event)
        return event.assistance_id

    # the applicant acts

    def command(self) -> str:
        """A fresh command id."""
        self._commands += 1
        return f"command-{self._commands}"

    async def draft(self, applicant_id: str = "appl", who: Actor = OWNER) -> str:
        """A new draft; its id."""
        return (await self.service.drafting.begin(applicant_id, who, self.command())).application_id

    async def upload(
        self, application_id: str, requirement: str, who: Actor = OWNER, content: bytes | None = None
    ) -> Any:
        """One picture from the announcement to the last byte."""
        content = content if content is not None else picture()
        begun = await self.service.uploads.begin(
            application_id, requirement, "image/jpeg", len(content), who, self.command()
        )
        return await self.service.uploads.receive(
            application_id, begun.document.document_id, 0, in_pieces(content), who
        )

    async def complete(self, applicant_id: str = "appl", who: Actor = OWNER, card: Mapping[str, str] = CARD) -> str:
        """A draft with everything that is asked for; its id."""
        await self.meet(applicant_id, card)
        application_id = await self.draft(applicant_id, who)
        seen = await self.service.drafting.answer(application_id, make.ADULT, who)
        for item in seen.items:
            if item.compulsory:
                await self.upload(application_id, item.code, who)
        return application_id

    async def submitted(self, who: Actor = OWNER) -> str:
        """A submitted application; its id."""
        application_id = await self.complete(who=who)
        await self.service.drafting.submit(application_id, True, who, self.command())
        return application_id

    async def booked(self) -> str:
        """An application whose visit is certain; nothing that is due was done yet. Its id."""
        application_id = await self.submitted()
        await self.tell(make.held(application_id=application_id), 1)
        await self.tell(make.bill_requested(application_id=application_id), 1)
        await self.tell(make.bill_issued(application_id=application_id), 2)
        await self.tell(make.bill_paid(application_id=application_id), 3)
        await self.tell(make.confirmed(application_id=application_id), 3)
        return application_id

    async def at_the_counter(self) -> str:
        """An application whose letter and file are done and whose visitor has checked in; its id."""
        application_id = await self.booked()
        await self.run_due()
        self.clock.set(make.VISIT)
        await self.tell(make.checked_in(application_id=application_id), 5)
        return application_id

    async def approved(self) -> str:
        """An approved application; its id."""
        application_id = await self.at_the_counter()
        counter = self.service.counter
        seen = await self.look(application_id)
        codes = tuple(item.code for item in seen.items if item.compulsory)
        await counter.see_originals(application_id, codes, INTERVIEWER, self.command())
        await counter.record_interview(application_id, "approved", None, None, INTERVIEWER, self.command())
        return application_id

    async def look(self, application_id: str, who: Actor = OWNER) -> Seen:
        """The application as seen by somebody."""
        return await self.service.drafting.get_application(application_id, who)

    # time passes

    async def run_due(self) -> int:
        """Do what is due now."""
        return await self.worker.run_due()

    async def after(self, seconds: float) -> int:
        """Let time pass and do what is due."""
        self.clock.advance(seconds)
        return await self.run_due()

    async def at(self, moment: datetime) -> int:
        """Let time pass until a moment and do what is due."""
        self.clock.set(moment)
        return await self.run_due()

    async def hear_own(self) -> None:
        """Application hears its own events, all that were said so far: those that it heard before come again."""
        for envelope in list(self.said):
            if type(envelope.data) in (PassportPrinted, PassportCollected, ApplicationRefused):
                await self.parts.events[type(envelope.data)](envelope.data, envelope)

    async def printed(self) -> str:
        """An application whose book waits at the office; its id."""
        application_id = await self.approved()
        self.dpri.printed = True
        await self.run_due()
        await self.after(self.settings.print_poll_seconds)
        await self.hear_own()
        return application_id

    async def collected(self) -> str:
        """An application whose book was handed out; its id."""
        application_id = await self.printed()
        await self.service.counter.hand_out(application_id, "self", FRONT, self.command())
        await self.hear_own()
        return application_id

    # what is left

    def events(self, kind: type[Message]) -> list[Any]:
        """What was said of a kind, in order."""
        return [envelope.data for envelope in self.said if isinstance(envelope.data, kind)]

    async def file_ids(self) -> list[str]:
        """All files that are stored."""
        return [file async for file in self.files.older_than(self.clock.now() + timedelta(days=1))]

    async def forget_inbox(self, application_id: str) -> None:
        """Take the memory of messages away, to show that repeats are harmless without it."""
        self.store._documents[APPLICATION.name][application_id]["inbox"] = []

    def open_letter(self, sealed: str, application_id: str) -> dict[str, Any]:
        """What notification finds in the box."""
        return Unsealer.parse(NOTIFICATION.private_key_b64).open_json(sealed, application_id)
