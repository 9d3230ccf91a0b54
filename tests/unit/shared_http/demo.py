"""A small service that shows the rules of the HTTP runtime: notes, uploads, streams and things that go wrong."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated

from aiohttp import web
from pydantic import Field, field_validator

from shared.clock import Clock
from shared.errors import NotFound, Refusal
from shared.http import (
    ANY_CALLER,
    APPLICANT,
    EVENT_STREAM,
    PUBLIC,
    SIGNED,
    STAFF,
    Answer,
    Body,
    Call,
    Endpoints,
    IsoDate,
    IsoMoment,
    Path,
    Query,
    RateLimit,
    Signer,
    View,
    server_sent_event,
    wrong_value,
)
from shared.http.signatures import SignatureMissing, SignatureTooOld, SignatureWrong
from shared.store.port import StoreUnavailable, VersionConflict
from shared.tokens import Role

MAX_UPLOAD_BYTES = 300_000
SMALL_BODY_BYTES = 200


class SeatTaken(Refusal):
    status = 409
    code = "seat_taken"
    title = "This seat is taken."
    title_id = "Kursi ini sudah terisi."
    next_action = "Choose another seat."
    next_action_id = "Pilih kursi lain."


class NewNote(Body):
    title: Annotated[str, Field(min_length=1, max_length=20, examples=["Paspor baru"])]
    day: IsoDate | None = None
    at: IsoMoment | None = None
    count: Annotated[int, Field(ge=0, le=5)] = 0
    tags: Annotated[list[Annotated[str, Field(max_length=8)]], Field(max_length=3, default_factory=list)]
    nik: Annotated[str, Field(min_length=16, max_length=16)] | None = None

    @field_validator("nik")
    @classmethod
    def _nik_of_digits(cls, value: str | None) -> str | None:
        if value is not None and not value.isdigit():
            raise wrong_value(
                "nik_digits", "A NIK has 16 digits.", "NIK terdiri atas 16 angka.", example="3173" + "0" * 12
            )
        return value


class Note(View):
    note_id: str
    title: str
    command_id: str
    by: str


class Notes(View):
    notes: list[Note]
    limit: int


class NotesQuery(Query):
    limit: Annotated[int, Field(ge=1, le=50)] = 20
    since: IsoDate | None = None


class NotePath(Path):
    note_id: Annotated[str, Field(pattern=r"^n[0-9]{1,6}$", max_length=7)]


class Secret(View):
    code: str


class Taken(View):
    size: int
    sha256: str


class Push(Body):
    paid: bool


@dataclass
class Notebook:
    """What the demo's handlers share."""

    clock: Clock
    signer: Signer = field(default_factory=lambda: Signer("X-Demo", {"k1": "first-secret", "k0": "old-secret"}))
    made: int = 0
    secrets: int = 0
    uploads_begun: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    next_error: Exception | None = None
    told_addresses: list[str] = field(default_factory=list)


NOTEBOOK = web.AppKey("notebook", Notebook)
api = Endpoints("notes")


@api.post(
    "/v1/notes",
    summary="Write a note",
    access=APPLICANT,
    body=NewNote,
    answers={201: Note, 202: Note},
    refusals=(SeatTaken,),
    idempotent=True,
)
async def write_note(call: Call[NewNote]) -> Note:
    book = call.app[NOTEBOOK]
    if book.next_error is not None:
        raise book.next_error
    book.made += 1
    return Note(note_id=f"n{book.made}", title=call.body.title, command_id=call.command_id, by=call.caller.account_id)


@api.get("/v1/notes", summary="List notes", access=ANY_CALLER, query=NotesQuery, answers={200: Notes})
async def list_notes(call: Call[None, NotesQuery]) -> Notes:
    return Notes(notes=[], limit=call.query.limit)


@api.get(
    "/v1/notes/{note_id}",
    summary="Read a note",
    access=ANY_CALLER,
    path_model=NotePath,
    answers={200: Note},
    refusals=(NotFound,),
)
async def read_note(call: Call[None, None, NotePath]) -> Note:
    if call.path.note_id != "n1":
        raise NotFound("There is no such note.", detail_id="Catatan itu tidak ada.", note_id=call.path.note_id)
    return Note(note_id="n1", title="one", command_id="", by=call.caller.account_id)


@api.delete("/v1/notes/{note_id}", summary="Drop a note", access=STAFF(Role.OFFICE_ADMIN), answers={204: None})
async def drop_note(call: Call) -> None:
    assert call.path["note_id"]


@api.post(
    "/v1/secrets",
    summary="Make a secret",
    access=APPLICANT,
    answers={201: Secret},
    idempotent=True,
    cache_answer=False,
)
async def make_secret(call: Call) -> Secret:
    book = call.app[NOTEBOOK]
    book.secrets += 1
    return Secret(code=f"{book.secrets:06d}")


@api.post("/v1/small", summary="A small body", access=PUBLIC, body=NewNote, answers={204: None}, max_body_bytes=200)
async def take_small(call: Call[NewNote]) -> None:
    assert call.body.title


@api.put(
    "/v1/uploads/{upload_id}",
    summary="Upload bytes",
    access=PUBLIC,
    raw_body=True,
    body_media_types=("application/octet-stream", "image/png"),
    max_body_bytes=MAX_UPLOAD_BYTES,
    answers={200: Taken},
)
async def upload(call: Call) -> Taken:
    call.app[NOTEBOOK].uploads_begun += 1
    digest, size = hashlib.sha256(), 0
    async for piece in call.chunks():
        digest.update(piece)
        size += len(piece)
    return Taken(size=size, sha256=digest.hexdigest())


@api.head("/v1/uploads/{upload_id}", summary="How far an upload is", access=PUBLIC, answers={204: None})
async def upload_offset(call: Call) -> Answer:
    return Answer(204, headers={"Upload-Offset": "7"})


@api.get("/v1/letter", summary="A letter", access=PUBLIC, answers={200: "application/pdf"})
async def letter(call: Call) -> bytes:
    return b"%PDF-1.7 demo"


async def _pieces(book: Notebook, *, breaks: bool) -> AsyncIterator[bytes]:
    yield b"one,"
    if breaks:
        raise RuntimeError("the disk is gone")
    yield b"two"


@api.get("/v1/export", summary="A stream", access=PUBLIC, answers={200: "text/csv"})
async def export(call: Call) -> Answer:
    return Answer(200, _pieces(call.app[NOTEBOOK], breaks=False), media_type="text/csv; charset=utf-8")


@api.get("/v1/broken-export", summary="A stream that breaks", access=PUBLIC, answers={200: "text/csv"})
async def broken_export(call: Call) -> Answer:
    return Answer(200, _pieces(call.app[NOTEBOOK], breaks=True))


async def _events(book: Notebook) -> AsyncIterator[bytes]:
    yield server_sent_event(Secret(code="1"), event="step", event_id="e1")
    book.waiting += 1
    await book.go_on.wait()
    yield server_sent_event(Secret(code="2"))


@api.get("/v1/events", summary="Watch", access=PUBLIC, answers={200: EVENT_STREAM}, long_lived=True)
async def watch(call: Call) -> Answer:
    return Answer(200, _events(call.app[NOTEBOOK]))


@api.get("/v1/own-events", summary="Watch one's own", access=APPLICANT, answers={200: EVENT_STREAM}, long_lived=True)
async def watch_own(call: Call) -> Answer:
    return Answer(200, _events(call.app[NOTEBOOK]))


@api.post(
    "/v1/pushes",
    summary="A signed notice",
    access=SIGNED,
    signer=lambda app: app[NOTEBOOK].signer,
    signature_prefix="X-Demo",
    body=Push,
    answers={204: None},
    refusals=(SignatureMissing, SignatureTooOld, SignatureWrong),
)
async def take_push(call: Call[Push]) -> None:
    book = call.app[NOTEBOOK]
    book.signer.verify(call.request.headers, call.raw, book.clock.now())
    assert call.read(Push).paid in (True, False)


@api.get("/v1/rare", summary="Seldom", access=PUBLIC, answers={204: None}, rate=RateLimit(3, 60.0))
async def rare(call: Call) -> None:
    call.app[NOTEBOOK].told_addresses.append(call.address)


@api.post("/v1/slow", summary="Waits", access=APPLICANT, answers={204: None}, idempotent=True)
async def slow(call: Call) -> None:
    book = call.app[NOTEBOOK]
    book.waiting += 1
    await book.go_on.wait()


@api.get("/v1/trouble/{kind}", summary="Trouble", access=PUBLIC, answers={200: Note}, refusals=(SeatTaken,))
async def trouble(call: Call) -> Answer | None:
    match call.path["kind"]:
        case "refusal":
            raise SeatTaken("Seat A-12 is taken.", field="/seat_id", retry_after_seconds=7, seat_id="A-12")
        case "bug":
            raise RuntimeError("secret internals")
        case "store":
            raise StoreUnavailable("mongo at 10.0.0.1")
        case "conflict":
            raise VersionConflict("x")
        case "connection":
            raise ConnectionResetError("an upstream")
        case "undeclared":
            return Answer(202)
    return None
