"""DPRI over HTTP: hand-over of a file and its pictures, approval, recall, state of a file."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from shared.crypto.sealed import CannotUnseal, Unsealer
from shared.crypto.sealed_stream import StreamOpener
from simulators.behaviour import HTTP_MODES, Behaviour
from simulators.config import Settings
from simulators.control import Clock, Knobs, Simulator, behaviour_of, read, stamp, utc_now
from simulators.dpri.earlier_books import EarlierBooks
from simulators.dpri.files import File, Files, Handling, PictureCorrupt, expiry_of
from simulators.dpri.kept_pictures import KeptPictures
from simulators.errors import Refusal, RequestMalformed
from simulators.state_file import application_of

MAX_DOCUMENTS = 100
MAX_NUMBER_CHARACTERS = 40
MAX_PICTURE_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 64 * 1024


class PictureUnreadable(Refusal):
    status = 422
    code = "picture_unreadable"
    next_action = "Seal the picture to our public key, bound to the file's number and the document's id."


class PictureTooLarge(Refusal):
    status = 413
    code = "picture_too_large"
    next_action = f"At most {MAX_PICTURE_BYTES} bytes."


class DpriKnobs(Knobs):
    """How long the issuance system takes."""

    acknowledge_seconds: float = Field(default=0.0, ge=0)
    print_seconds: float = Field(default=1.0, ge=0)


class Document(BaseModel):
    """One accepted document; its picture follows where it names its id."""

    model_config = ConfigDict(extra="allow")
    document_id: str | None = Field(default=None, min_length=1, max_length=100)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class HandOver(BaseModel):
    """Body of ``PUT /dpri/files/{application_number}``. Further fields are kept as part of the content."""

    model_config = ConfigDict(extra="allow")
    delivery_id: str = Field(min_length=1, max_length=100)
    kind: str = Field(min_length=1, max_length=100)
    applicant: Annotated[dict[str, JsonValue], Field(min_length=1, max_length=100)]
    documents: list[Document] = Field(max_length=MAX_DOCUMENTS)


class Approval(BaseModel):
    """Body of ``PUT /dpri/files/{application_number}/approval``: any JSON object, repeated exactly."""

    model_config = ConfigDict(extra="allow")


class RecallOrder(BaseModel):
    """Body of ``PUT /dpri/files/{application_number}/recall``."""

    model_config = ConfigDict(extra="allow")
    order_id: str = Field(min_length=1, max_length=100)


class PictureFate(BaseModel):
    """Body of ``PUT /control/pictures/{application_number}/{document_id}``."""

    model_config = ConfigDict(extra="forbid")
    fate: Literal["lost", "corrupt", "refused", "taken"]
    """``corrupt``: what is kept has another hash. ``refused``: from now on, until ``taken``."""


class Dpri(Simulator[DpriKnobs]):
    """The issuance system."""

    name = "dpri"
    operations: ClassVar = {
        "hand_over": HTTP_MODES | {"reject", "ack_lost", "ack_late"},
        "picture": HTTP_MODES | {"reject", "corrupt", "lose", "ack_lost", "ack_late"},
        "file": HTTP_MODES,
        "approve": HTTP_MODES,
        "recall": HTTP_MODES | {"too_late"},
        **EarlierBooks.operations,
    }
    kept: ClassVar = TypeAdapter(list[File])
    files: Files

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        knobs = DpriKnobs(
            acknowledge_seconds=settings.dpri_acknowledge_seconds, print_seconds=settings.dpri_print_seconds
        )
        self._opener = StreamOpener(Unsealer.parse(settings.dpri_private_key))
        self.earlier_books = EarlierBooks(clock)
        super().__init__(knobs, settings.seed, clock)

    def restart(self, rng: random.Random) -> None:
        """Begin without files."""
        self.files = Files(rng)
        self.kept_pictures = KeptPictures()
        self.earlier_books.restart()

    def state(self) -> list[File]:
        """Return the files."""
        return self.files.all()

    def take_up(self, state: list[File]) -> None:
        """Go on with the files of before."""
        self.files.take_up(state)

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the issuance system's interface."""
        path = "/dpri/files/{number}"
        return [
            web.put(path, self._hand_over, name="hand_over"),
            web.get(path, self._show, name="file", allow_head=False),
            web.put(f"{path}/pictures/{{document_id}}", self._take_picture, name="picture"),
            web.put(f"{path}/approval", self._approve, name="approve"),
            web.put(f"{path}/recall", self._recall, name="recall"),
            web.get("/control/pictures/{number}/{document_id}", self._show_picture),
            web.put("/control/pictures/{number}/{document_id}", self._set_fate),
            *self.earlier_books.routes(),
        ]

    async def _hand_over(self, request: web.Request) -> web.Response:
        order = await read(request, HandOver)
        content = order.model_dump(mode="json", exclude={"delivery_id"})
        handling = self._handling(behaviour_of(request))
        file = self.files.hand_over(number_of(request), order.delivery_id, content, self.clock(), handling)
        return web.json_response(self._view(file), status=202)

    async def _take_picture(self, request: web.Request) -> web.Response:
        number, document_id = number_of(request), request.match_info["document_id"]
        sha256, behaviour = request.query.get("sha256", ""), behaviour_of(request)
        file = self.files.wanted(number, request.query.get("delivery_id", ""), document_id, sha256)
        content = await self._open(request, f"{number}/{document_id}")
        if behaviour.mode == "corrupt":
            raise PictureCorrupt("The bytes are not those that the file names.", field="sha256")
        found = hashlib.sha256(content).hexdigest()
        handling = self._handling(behaviour)
        self.files.take_picture(file, document_id, found, len(content), self.clock(), handling)
        self.kept_pictures.keep(number, document_id, content)
        state = file.picture_state(document_id, self.clock())
        if behaviour.mode == "lose":
            del file.pictures[document_id]
        return web.json_response({"document_id": document_id, "sha256": found, "state": state}, status=202)

    async def _open(self, request: web.Request, bound_to: str) -> bytes:
        content = bytearray()
        try:
            async for piece in self._opener.open(request.content.iter_chunked(PIECE_BYTES), bound_to):
                content += piece
                if len(content) > MAX_PICTURE_BYTES:
                    raise PictureTooLarge("The picture is too large.")
        except CannotUnseal as cannot:
            raise PictureUnreadable(str(cannot)) from None
        return bytes(content)

    async def _show_picture(self, request: web.Request) -> web.Response:
        content = self.kept_pictures.content(number_of(request), request.match_info["document_id"])
        return web.Response(body=content, content_type="application/octet-stream")

    async def _set_fate(self, request: web.Request) -> web.Response:
        file, document_id = self.files.file(number_of(request)), request.match_info["document_id"]
        fate = (await read(request, PictureFate)).fate
        if fate == "lost":
            file.pictures.pop(document_id, None)
        elif fate == "corrupt" and document_id in file.pictures:
            file.pictures[document_id].sha256 = "0" * 64
        file.refuses = [refused for refused in file.refuses if refused != document_id]
        if fate == "refused":
            file.refuses.append(document_id)
        return web.json_response(self._view(file))

    async def _recall(self, request: web.Request) -> web.Response:
        order, number, now = await read(request, RecallOrder), number_of(request), self.clock()
        if behaviour_of(request).mode == "too_late":
            self.files.print_now(number, now)
        return web.json_response(self._view(self.files.recall(number, order.order_id, now)), status=202)

    def _handling(self, behaviour: Behaviour) -> Handling:
        if behaviour.mode == "reject":
            return Handling(reject_because="It cannot be read.")
        if behaviour.mode == "ack_lost":
            return Handling(acknowledge_seconds=None)
        if behaviour.mode == "ack_late":
            return Handling(acknowledge_seconds=behaviour.delay_seconds)
        return Handling(acknowledge_seconds=self.knobs.acknowledge_seconds)

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(self._view(self.files.file(number_of(request))))

    async def _approve(self, request: web.Request) -> web.Response:
        approval = (await read(request, Approval)).model_dump(mode="json")
        file = self.files.approve(number_of(request), approval, self.clock(), self.knobs.print_seconds)
        return web.json_response(self._view(file), status=202)

    def _view(self, file: File) -> dict[str, object]:
        now = self.clock()
        state = file.state(now)
        acknowledged = state not in {"received", "rejected"}
        printed = state == "printed"
        return {
            "application_number": file.number,
            "state": state,
            "delivery_id": file.delivery_id,
            "deliveries": file.deliveries,
            "received_at": stamp(file.received_at),
            "acknowledgement": file.acknowledgement if acknowledged else None,
            "acknowledged_at": stamp(file.acknowledge_at) if acknowledged else None,
            "reason": file.rejected_because,
            "pictures": [
                {"document_id": document_id, "sha256": sha256, "state": file.picture_state(document_id, now)}
                for document_id, sha256 in file.wanted.items()
            ],
            "approved_at": stamp(file.approved_at),
            "recalled": list(file.recalled),
            "passport_number": file.passport_number if printed else None,
            **(book_view(file) if printed else {}),
            "printed_at": stamp(file.print_at) if printed else None,
        }


def book_view(file: File) -> dict[str, str | None]:
    """Return kind and dates of a printed book."""
    expires_on = expiry_of(file)
    return {
        "passport_kind": file.passport_kind,
        "issued_on": file.print_at.date().isoformat() if file.print_at else None,
        "expires_on": expires_on.isoformat() if expires_on else None,
    }


def number_of(request: web.Request) -> str:
    """Return the application number in the path."""
    number = request.match_info["number"]
    if len(number) > MAX_NUMBER_CHARACTERS:
        raise RequestMalformed(f"At most {MAX_NUMBER_CHARACTERS} characters.", field="application_number")
    return number


def create_app(settings: Settings, clock: Clock = utc_now) -> web.Application:
    """Return the simulator as an application."""
    return application_of(Dpri(settings, clock), settings.state_folder)
