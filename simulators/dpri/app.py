"""DPRI over HTTP: hand-over, approval, state of a file."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Annotated, ClassVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from simulators.behaviour import HTTP_MODES, Behaviour
from simulators.config import Settings
from simulators.control import Clock, Knobs, Simulator, behaviour_of, read, stamp, utc_now
from simulators.dpri.earlier_books import EarlierBooks
from simulators.dpri.files import File, Files, Handling
from simulators.errors import RequestMalformed
from simulators.state_file import application_of

MAX_DOCUMENTS = 100
MAX_NUMBER_CHARACTERS = 40


class DpriKnobs(Knobs):
    """How long the issuance system takes."""

    acknowledge_seconds: float = Field(default=0.0, ge=0)
    print_seconds: float = Field(default=1.0, ge=0)


class Document(BaseModel):
    """One accepted document; DPRI asks only for its hash."""

    model_config = ConfigDict(extra="allow")
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


class Dpri(Simulator[DpriKnobs]):
    """The issuance system."""

    name = "dpri"
    operations: ClassVar = {
        "hand_over": HTTP_MODES | {"reject", "ack_lost", "ack_late"},
        "file": HTTP_MODES,
        "approve": HTTP_MODES,
        **EarlierBooks.operations,
    }
    kept: ClassVar = TypeAdapter(list[File])
    files: Files

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        knobs = DpriKnobs(
            acknowledge_seconds=settings.dpri_acknowledge_seconds, print_seconds=settings.dpri_print_seconds
        )
        self.earlier_books = EarlierBooks(clock)
        super().__init__(knobs, settings.seed, clock)

    def restart(self, rng: random.Random) -> None:
        """Begin without files."""
        self.files = Files(rng)
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
            web.put(f"{path}/approval", self._approve, name="approve"),
            *self.earlier_books.routes(),
        ]

    async def _hand_over(self, request: web.Request) -> web.Response:
        order = await read(request, HandOver)
        content = order.model_dump(mode="json", exclude={"delivery_id"})
        handling = self._handling(behaviour_of(request))
        file = self.files.hand_over(number_of(request), order.delivery_id, content, self.clock(), handling)
        return web.json_response(self._view(file), status=202)

    def _handling(self, behaviour: Behaviour) -> Handling:
        if behaviour.mode == "reject":
            return Handling(reject_because="The file cannot be read.")
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
            "approved_at": stamp(file.approved_at),
            "passport_number": file.passport_number if printed else None,
            "printed_at": stamp(file.print_at) if printed else None,
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
