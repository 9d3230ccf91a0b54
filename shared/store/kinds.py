"""What a service declares about an aggregate: its state class, its indexes and its deadlines. Data, no behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

S = TypeVar("S")

LARGEST_INBOX: Final = 500
"""Entries an aggregate may remember; at the cap the message is parked and alerted, never forgotten."""

INBOX_DAYS: Final = 30
"""How long a consumed message is remembered; broker retries end after 7 days, so a repeat is always recognised."""


def _no_deadlines(_state: Any) -> Mapping[str, datetime]:
    return {}


@dataclass(frozen=True)
class Index:
    """One index, declared beside the queries that use it.

    ``keys`` are paths into the document, such as ``state.person_id``; a leading ``-`` sorts downwards. ``where`` makes
    the index partial: path to a value, or to a tuple of values (any of them).
    """

    name: str
    keys: tuple[str, ...]
    unique: bool = False
    where: Mapping[str, Any] = field(default_factory=dict)

    def paths(self) -> tuple[str, ...]:
        """The key paths without their direction."""
        return tuple(key.lstrip("-") for key in self.keys)


def free_keys(index: Index, equals: Mapping[str, Any]) -> list[str]:
    """The keys of an index that an answer is ordered by: those that are not asked for by one value."""
    return [
        key
        for key, path in zip(index.keys, index.paths(), strict=True)
        if path not in equals or isinstance(equals[path], tuple)
    ]


@dataclass(frozen=True)
class Range:
    """From ``low`` (inclusive) to ``high`` (exclusive); either may be open."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True)
class Kind(Generic[S]):
    """One kind of aggregate: one collection, one state class, one document per aggregate.

    ``state`` is a dataclass or pydantic model of plain data. ``deadlines`` derives from a state what falls due when.
    ``upcasts`` maps an old schema number to the function that lifts a stored state dictionary to the next one.
    ``at_once`` is how many of its deadlines one process handles at the same time.
    ``gathers``: reads, inserts and saves that come while others are under way share a command.
    A ``bare`` kind speaks no events and remembers no messages (a seat): it has neither outbox nor inbox.
    ``kept_until`` is the path of a time from which on the store may delete a document by itself, at any moment (MongoDB
    does within about a minute): who reads one must look at that time too.
    """

    name: str
    state: type[S]
    indexes: tuple[Index, ...] = ()
    deadlines: Callable[[S], Mapping[str, datetime]] = _no_deadlines
    schema: int = 1
    upcasts: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    bare: bool = False
    at_once: int = 8
    gathers: bool = False
    kept_until: str | None = None

    def index(self, name: str) -> Index:
        """The declared index of that name.

        Raises:
            KeyError: no such index is declared; a query without an index is a mistake.
        """
        for index in self.indexes:
            if index.name == name:
                return index
        raise KeyError(f"{self.name} declares no index {name}")


def has_deadlines(kind: Kind[Any]) -> bool:
    """Whether anything of this kind ever falls due."""
    return kind.deadlines is not _no_deadlines


@dataclass(frozen=True)
class Record(Generic[S]):
    """An aggregate as it was read or written: its id, its version, its state and the messages it has consumed."""

    id: str
    version: int
    state: S
    received: frozenset[str] = frozenset()
    fence: int | None = None
    """The lease number under which a deadline worker holds it; a save with it is refused once the lease moved on."""

    def has_received(self, message_id: str | None) -> bool:
        """Whether this message already took effect here."""
        return message_id is not None and message_id in self.received


@dataclass(frozen=True)
class Due(Generic[S]):
    """A leased record, the names of its deadlines that are over, and how often each has failed so far."""

    record: Record[S]
    names: tuple[str, ...]
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """What a failed deadline came to: how often it has failed, and whether it is parked now."""

    count: int
    parked: bool


@dataclass(frozen=True)
class Parked:
    """A deadline that is not tried any more until somebody releases it, or its aggregate changes."""

    kind: str
    record_id: str
    name: str
    failures: int
    error: str
    """The class of the last error, never its text: that may hold what is personal."""
    parked_at: datetime
