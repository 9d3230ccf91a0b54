"""The border system over HTTP: a search by NIK and birth date, and what it is told to answer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from typing import ClassVar, Literal

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from simulators.behaviour import HTTP_MODES
from simulators.config import Settings
from simulators.control import Clock, Knobs, Simulator, behaviour_of, read, stamp, utc_now
from simulators.crossings.records import Record, Records, contradicting
from simulators.state_file import application_of

ANOTHER_NIK = "3174010101990099"
MAX_RECORDS = 1000


class CrossingKnobs(Knobs):
    """The border system has no settings."""


class Search(BaseModel):
    """Body of ``POST /crossings/search``."""

    model_config = ConfigDict(extra="forbid")
    nik: str = Field(pattern=r"^[0-9]{16}$")
    birth_date: date


class ToldRecord(BaseModel):
    """One crossing that a test tells."""

    model_config = ConfigDict(extra="forbid")
    direction: Literal["arrival", "departure"]
    at: AwareDatetime
    place: str = Field(min_length=1, max_length=100)


class Telling(BaseModel):
    """Body of ``PUT /control/crossings``."""

    model_config = ConfigDict(extra="forbid")
    nik: str = Field(pattern=r"^[0-9]{16}$")
    crossings: list[ToldRecord] = Field(max_length=MAX_RECORDS)


class BorderSystem(Simulator[CrossingKnobs]):
    """The border system."""

    name = "crossings"
    operations: ClassVar = {"search": HTTP_MODES | {"another_person", "contradicting"}}
    kept: ClassVar = TypeAdapter(dict[str, tuple[Record, ...]])
    records: Records

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        super().__init__(CrossingKnobs(), settings.seed, clock)

    def restart(self, rng: random.Random) -> None:
        """Begin without told records."""
        self.records = Records()

    def state(self) -> dict[str, tuple[Record, ...]]:
        """Return what was told."""
        return self.records.all()

    def take_up(self, state: dict[str, tuple[Record, ...]]) -> None:
        """Go on with what was told before."""
        self.records.take_up(state)

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the border system's interface."""
        return [
            web.post("/crossings/search", self._search, name="search"),
            web.put("/control/crossings", self._tell),
        ]

    async def _search(self, request: web.Request) -> web.Response:
        search, mode, now = await read(request, Search), behaviour_of(request).mode, self.clock()
        records = self.records.find(search.nik, now)
        if mode == "contradicting":
            records = contradicting(records, now)
        rows = [{"direction": row.direction, "at": stamp(row.at), "place": row.place} for row in records]
        nik = ANOTHER_NIK if mode == "another_person" else search.nik
        return web.json_response({"nik": nik, "crossings": rows})

    async def _tell(self, request: web.Request) -> web.Response:
        told = await read(request, Telling)
        self.records.tell(told.nik, [Record(row.direction, row.at, row.place) for row in told.crossings])
        return web.json_response({"told": len(told.crossings)})


def create_app(settings: Settings, clock: Clock = utc_now) -> web.Application:
    """Return the simulator as an application."""
    return application_of(BorderSystem(settings, clock), settings.state_folder)
