"""Endpoints of every simulator beside its agency's interface: control, health, faults, errors as problems."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from simulators.behaviour import ALL_OPERATIONS, MAX_DELAY_SECONDS, MAX_REPEATS, OK, Behaviour, Behaviours, Operations
from simulators.errors import Refusal, RequestMalformed

MAX_BODY_BYTES = 16 * 1024 * 1024
CLIENT_GONE_LOOK_SECONDS = 0.05

Clock = Callable[[], datetime]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ModelT = TypeVar("ModelT", bound=BaseModel)
KnobsT = TypeVar("KnobsT", bound="Knobs")
BEHAVIOUR_KEY = web.RequestKey("behaviour", Behaviour)


class Knobs(BaseModel):
    """Settings of a running simulator that ``PUT /control/settings`` turns and a reset turns back."""

    model_config = ConfigDict(extra="forbid")


class BehaviourOrder(BaseModel):
    """Body of ``PUT /control/behaviour``."""

    model_config = ConfigDict(extra="forbid")
    operation: str = Field(default=ALL_OPERATIONS, max_length=50)
    mode: str = Field(max_length=50)
    delay_seconds: float = Field(default=0.0, ge=0, le=MAX_DELAY_SECONDS)
    next_calls: int | None = Field(default=None, ge=1)
    times: int = Field(default=2, ge=1, le=MAX_REPEATS)


class ResetOrder(BaseModel):
    """Body of ``POST /control/reset``; with a seed the codes and numbers that follow are always the same."""

    model_config = ConfigDict(extra="forbid")
    seed: int | None = None


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


def stamp(moment: datetime | None) -> str | None:
    """Write a moment as ISO 8601 in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse(model: type[ModelT], body: bytes) -> ModelT:
    """Read a JSON body; refuses with the first field that is wrong."""
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        raise RequestMalformed(str(first["msg"]), field=field) from None


async def read(request: web.Request, model: type[ModelT]) -> ModelT:
    """Read the request's JSON body."""
    return parse(model, await request.read())


def behaviour_of(request: web.Request) -> Behaviour:
    """Return how this call was told to behave."""
    behaviour: Behaviour = request.get(BEHAVIOUR_KEY, OK)
    return behaviour


class Simulator(ABC, Generic[KnobsT]):
    """One simulated agency: state in memory, behaviours, knobs, and its routes. A route's name is its operation."""

    name: ClassVar[str]
    operations: ClassVar[Operations]
    kept: ClassVar[TypeAdapter[Any]]
    """The form of `state`."""

    def __init__(self, knobs: KnobsT, seed: int | None = None, clock: Clock = utc_now) -> None:
        self.behaviours = Behaviours(self.operations)
        self.clock = clock
        self.knobs = knobs
        self._first_knobs = knobs.model_copy()
        self._closing = asyncio.Event()
        self.reset(seed)

    @abstractmethod
    def restart(self, rng: random.Random) -> None:
        """Begin with empty books."""

    @abstractmethod
    def state(self) -> Any:
        """Return what a restart must not lose: the books, not the behaviours and knobs, which are a test's."""

    @abstractmethod
    def take_up(self, state: Any) -> None:
        """Go on from a state that was kept."""

    @abstractmethod
    def routes(self) -> Sequence[web.RouteDef]:
        """Return the agency's own interface and the controls only it has."""

    def reset(self, seed: int | None) -> None:
        """Forget everything. Without a seed numbers are drawn afresh, so that they never repeat an earlier run's."""
        self.behaviours.reset()
        self.knobs = self._first_knobs.model_copy()
        self.restart(random.Random(secrets.randbits(64) if seed is None else seed))

    def figures(self) -> dict[str, object]:
        """Return further counts for ``GET /control/calls``."""
        return {}

    def application(self) -> web.Application:
        """Wire the aiohttp application."""

        @web.middleware
        async def behave(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self.behave(request, handler)

        app = web.Application(middlewares=[refusals_as_problems, behave], client_max_size=MAX_BODY_BYTES)
        app.add_routes([*self.routes(), *self._control_routes()])
        app.on_shutdown.append(self._close)
        return app

    def _control_routes(self) -> list[web.RouteDef]:
        return [
            web.put("/control/behaviour", self._set_behaviour),
            web.get("/control/behaviour", self._list_behaviours),
            web.post("/control/reset", self._reset),
            web.get("/control/calls", self._list_calls),
            web.put("/control/settings", self._set_knobs),
            web.get("/control/settings", self._show_knobs),
            web.get("/health/live", self._healthy),
            web.get("/health/ready", self._healthy),
        ]

    async def _set_behaviour(self, request: web.Request) -> web.Response:
        order = await read(request, BehaviourOrder)
        behaviour = Behaviour(order.mode, order.delay_seconds, order.next_calls, order.times)
        return web.json_response({"operations": self.behaviours.set(order.operation, behaviour)})

    async def _list_behaviours(self, _: web.Request) -> web.Response:
        listed = {
            name: {"mode": self.behaviours.current(name).mode, "modes": sorted(modes)}
            for name, modes in self.operations.items()
        }
        return web.json_response(listed)

    async def _reset(self, request: web.Request) -> web.Response:
        self.reset((await read(request, ResetOrder)).seed)
        return web.json_response({"reset": self.name})

    async def _list_calls(self, _: web.Request) -> web.Response:
        return web.json_response({"calls": self.behaviours.calls(), **self.figures()})

    async def _set_knobs(self, request: web.Request) -> web.Response:
        turned = await read(request, type(self.knobs))
        self.knobs = self.knobs.model_copy(update={name: getattr(turned, name) for name in turned.model_fields_set})
        return await self._show_knobs(request)

    async def _show_knobs(self, _: web.Request) -> web.Response:
        return web.Response(text=self.knobs.model_dump_json(), content_type="application/json")

    async def _healthy(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "simulator": self.name})

    async def _close(self, _: web.Application) -> None:
        self._closing.set()

    async def hold(self, request: web.Request, seconds: float) -> None:
        """Keep the caller waiting, at most until it hangs up or the simulator stops."""
        deadline = asyncio.get_running_loop().time() + seconds
        while request.transport is not None and (left := deadline - asyncio.get_running_loop().time()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), min(left, CLIENT_GONE_LOOK_SECONDS))
            if self._closing.is_set():
                return

    async def behave(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a call of an operation as it was told to behave; other calls are left alone."""
        operation = request.match_info.route.name
        if operation is None:
            return await handler(request)
        behaviour = self.behaviours.take(operation)
        request[BEHAVIOUR_KEY] = behaviour
        instead = FAULTS.get(behaviour.mode)
        if instead is not None:
            return await instead(self, request, behaviour)
        return await self._answer(request, handler, behaviour)

    async def _answer(self, request: web.Request, handler: Handler, behaviour: Behaviour) -> web.StreamResponse:
        if behaviour.mode == "slow":
            await self.hold(request, behaviour.delay_seconds)
        answer = await handler(request)
        if behaviour.mode == "slow_answer":
            await self.hold(request, behaviour.delay_seconds)
        if behaviour.mode == "lose_answer":
            return fault(500, "The answer got lost.")
        return answer


@web.middleware
async def refusals_as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every refusal into problem+json."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return web.json_response(refusal.problem(), status=refusal.status, content_type="application/problem+json")


def fault(status: int, text: str) -> web.Response:
    """Answer as a broken server does: plain text."""
    return web.Response(status=status, text=text)


async def hang_up(_: Simulator[Knobs], request: web.Request, __: Behaviour) -> web.StreamResponse:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.close()
    return fault(503, "Nobody reads this.")


async def stay_silent(simulator: Simulator[Knobs], request: web.Request, behaviour: Behaviour) -> web.StreamResponse:
    """Let the caller wait until it gives up."""
    await simulator.hold(request, behaviour.delay_seconds or MAX_DELAY_SECONDS)
    return fault(504, "Too late.")


def _answering(status: int, text: str) -> Callable[..., Awaitable[web.StreamResponse]]:
    async def answer(*_: object) -> web.StreamResponse:
        return fault(status, text)

    return answer


async def talk_nonsense(*_: object) -> web.StreamResponse:
    """Answer 200 with a body that claims to be JSON and is not."""
    return web.Response(text='{"content": [<html>', content_type="application/json")


FAULTS: dict[str, Callable[..., Awaitable[web.StreamResponse]]] = {
    "down": hang_up,
    "timeout": stay_silent,
    "malformed": talk_nonsense,
    "error": _answering(500, "Internal Server Error"),
    "unavailable": _answering(503, "Service Unavailable"),
    "bad_request": _answering(400, "Bad Request"),
}
