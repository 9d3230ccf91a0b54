"""Dukcapil over HTTP: ``POST /dukcapil/get_json/{institution}/CALL_VERIFY_BY_ELEMEN``."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import ClassVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr, TypeAdapter

from simulators.behaviour import HTTP_MODES
from simulators.config import Settings
from simulators.control import Clock, Knobs, Simulator, behaviour_of, read, utc_now
from simulators.dukcapil.people import BUILT_IN
from simulators.dukcapil.registry import KeptRegistry, Person, Registry, envelope, refusal
from simulators.errors import CallerUnknown, RequestMalformed
from simulators.state_file import application_of

MAX_FIELDS = 60
MAX_VALUE_CHARACTERS = 200
MAX_PEOPLE_PER_CALL = 10_000
PEOPLE_LISTED = 100


class DukcapilKnobs(Knobs):
    """The calls allowed per WIB day."""

    quota_per_day: int = Field(default=100_000, ge=0)


class VerifyRequest(RootModel[dict[str, str | int]]):
    """Fields of a check under the service's own names."""

    def fields(self) -> dict[str, str]:
        """Return the fields as text; refuses too many or too long ones."""
        if len(self.root) > MAX_FIELDS:
            raise RequestMalformed(f"At most {MAX_FIELDS} fields.")
        texts = {name: str(value) for name, value in self.root.items()}
        for name, text in texts.items():
            if len(text) > MAX_VALUE_CHARACTERS:
                raise RequestMalformed(f"At most {MAX_VALUE_CHARACTERS} characters.", field=name[:50])
        return texts


class PeopleOrder(BaseModel):
    """Body of ``POST /control/people``."""

    model_config = ConfigDict(extra="forbid")
    people: list[Person] = Field(max_length=MAX_PEOPLE_PER_CALL)


class Dukcapil(Simulator[DukcapilKnobs]):
    """The civil registry's check service."""

    name = "dukcapil"
    operations: ClassVar = {"verify": HTTP_MODES | {"quota_used_up"}}
    kept: ClassVar = TypeAdapter(KeptRegistry)
    registry: Registry

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self._user_id = settings.dukcapil_user_id
        self._password: SecretStr = settings.dukcapil_password
        super().__init__(DukcapilKnobs(quota_per_day=settings.dukcapil_quota_per_day), settings.seed, clock)

    def restart(self, rng: random.Random) -> None:
        """Know only the built-in people again."""
        self.registry = Registry(BUILT_IN, self.knobs.quota_per_day)

    def state(self) -> KeptRegistry:
        """Return the registry's people and quota."""
        return self.registry.state()

    def take_up(self, state: KeptRegistry) -> None:
        """Go on with the people that were known before."""
        self.registry.take_up(state)

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the check and the control of people."""
        path = "/dukcapil/get_json/{institution}/CALL_VERIFY_BY_ELEMEN"
        return [
            web.post(path, self._verify, name="verify"),
            web.post("/control/people", self._add_people),
            web.get("/control/people", self._list_people),
        ]

    async def _verify(self, request: web.Request) -> web.Response:
        fields = (await read(request, VerifyRequest)).fields()
        self._check_caller(fields)
        if behaviour_of(request).mode == "quota_used_up":
            return web.json_response(envelope(refusal("quota"), 0))
        self.registry.quota_per_day = self.knobs.quota_per_day
        return web.json_response(self.registry.verify(fields, self.clock()))

    def _check_caller(self, fields: dict[str, str]) -> None:
        stated = {name.lower(): text for name, text in fields.items()}
        if (stated.get("user_id"), stated.get("password")) != (self._user_id, self._password.get_secret_value()):
            raise CallerUnknown("user_id and password are not those of an institution.", field="user_id")

    async def _add_people(self, request: web.Request) -> web.Response:
        order = await read(request, PeopleOrder)
        return web.json_response({"added": self.registry.add(order.people), "total": len(self.registry.people)})

    async def _list_people(self, _: web.Request) -> web.Response:
        people = list(self.registry.people.values())[:PEOPLE_LISTED]
        return web.json_response(
            {"total": len(self.registry.people), "people": [person.model_dump(mode="json") for person in people]}
        )


def create_app(settings: Settings, clock: Clock = utc_now) -> web.Application:
    """Return the simulator as an application."""
    return application_of(Dukcapil(settings, clock), settings.state_folder)
