"""The parts of one service, as data: the process, the tests and the simulation run a service from them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from prometheus_client.registry import Collector

from shared.clock import Clock
from shared.events.envelope import Envelope
from shared.events.message import Command, Event
from shared.files.port import FileStore
from shared.ids import Ids
from shared.person_keys.keys import PersonKeys
from shared.randomness import Randomness
from shared.sessions import SessionCheck
from shared.store.kinds import Kind, Record
from shared.store.port import Store
from shared.tokens import KeySource

MessageHandler = Callable[[Any, Envelope], Awaitable[None]]
"""Takes the message and its envelope; the envelope's id goes to ``received=`` of the save that is the effect."""

DeadlineHandler = Callable[[Record[Any], str], Awaitable[None]]
"""Takes a leased record and the name of the deadline that is over; its save moves or removes that deadline."""


class NotYet(Exception):
    """Raised by a handler whose message cannot take effect yet (an event it needs has not arrived): it is repeated."""


@dataclass(frozen=True)
class Platform:
    """The platform of a service; tests and the simulation use parts of their own."""

    store: Store
    files: FileStore
    clock: Clock
    ids: Ids
    randomness: Randomness
    person_keys: PersonKeys


@dataclass(frozen=True)
class Chore:
    """Work that is due again and again and is safe to run twice or on several replicas at once."""

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class InvariantReport:
    """Result of an invariant's check: how many things it checked and the ids of broken ones (100 at most)."""

    checked: int
    broken: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the rule holds."""
        return not self.broken


@dataclass(frozen=True)
class RoomConsumer:
    """The part of a process beside the service's own at the broker: the room whose queue it consumes, and how many
    messages it takes at once.
    """

    room: str
    at_once: int


InvariantCheck = Callable[[], Awaitable[InvariantReport]]


@dataclass(frozen=True)
class Parts:
    """One service, wired: ``app.py`` returns this and nothing else decides how a service is put together."""

    name: str
    service: Any
    """The use cases; handlers of HTTP endpoints find it in the application under ``key``."""
    key: web.AppKey[Any]
    kinds: Sequence[Kind[Any]]
    endpoints: Sequence[Any]
    """The :class:`shared.http.endpoint.Endpoint` values that the service answers."""
    events: Mapping[type[Event], MessageHandler] = field(default_factory=dict)
    commands: Mapping[type[Command], MessageHandler] = field(default_factory=dict)
    deadlines: Mapping[tuple[str, str], DeadlineHandler] = field(default_factory=dict)
    """(kind name, deadline name) to handler."""
    chores: Sequence[Chore] = ()
    invariants: Mapping[str, InvariantCheck] = field(default_factory=dict)
    """Rule name (``I1`` ...) to check."""
    figures: Sequence[Collector] = ()
    """Metrics of the service beside those of every service."""
    room: RoomConsumer | None = None
    """Of a process beside the service's own: the room whose queue it consumes instead of the service's."""
    token_keys: KeySource | None = None
    """Where the keys of tokens come from, if not from identity's published set (identity itself has them)."""
    sessions: SessionCheck | None = None
    """Knows which sessions have ended; needed by services with sensitive endpoints."""
    start: Callable[[], Awaitable[None]] | None = None
    """Runs once after the store is ready and before anything is answered: seeds reference data, idempotently."""
    close: Callable[[], Awaitable[None]] | None = None
    """Runs at the end: closes clients."""
