"""Declares kinds of aggregates: state class, indexes and deadlines. Data, no behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

S = TypeVar("S")

LARGEST_INBOX: Final = 500
"""Most inbox entries of an aggregate; at the limit the message waits and operators are alerted, nothing is dropped."""

INBOX_DAYS: Final = 30
"""How long a consumed message stays in the inbox; broker retries end after 7 days, so a repeat is always recognised."""


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
        """Return the key paths without their direction."""
        return tuple(key.lstrip("-") for key in self.keys)


def free_keys(index: Index, equals: Mapping[str, Any]) -> list[str]:
    """Return the keys of an index that order an answer: those without a single value in ``equals``."""
    return [
        key
        for key, path in zip(index.keys, index.paths(), strict=True)
        if path not in equals or isinstance(equals[path], tuple)
    ]


@dataclass(frozen=True)
class Range:
    """A range from ``low`` (inclusive) to ``high`` (exclusive); either may be open."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True)
class Kind(Generic[S]):
    """One kind of aggregate: one collection, one state class, one document per aggregate.

    ``state`` is a dataclass or pydantic model of plain data. ``deadlines`` returns the names and times of a state's
    deadlines. ``upcasts`` maps an old schema number to the function that converts a stored state dictionary to the next
    one. ``at_once`` is how many of its deadlines one process handles at the same time.
    ``batched``: concurrent reads, inserts and saves share a command.
    A ``bare`` kind sends no events and consumes no messages (a seat): it has neither outbox nor inbox.
    ``kept_until`` is the path of a time from which on the store may delete a document by itself, at any moment (MongoDB
    does within about a minute): readers must check that time too.
    """

    name: str
    state: type[S]
    indexes: tuple[Index, ...] = ()
    deadlines: Callable[[S], Mapping[str, datetime]] = _no_deadlines
    schema: int = 1
    upcasts: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    bare: bool = False
    at_once: int = 8
    batched: bool = False
    kept_until: str | None = None

    def index(self, name: str) -> Index:
        """Return the declared index of that name.

        Raises:
            KeyError: no such index is declared; a query without an index is a mistake.
        """
        for index in self.indexes:
            if index.name == name:
                return index
        raise KeyError(f"{self.name} declares no index {name}")


def has_deadlines(kind: Kind[Any]) -> bool:
    """Return whether the kind declares deadlines."""
    return kind.deadlines is not _no_deadlines


@dataclass(frozen=True)
class Record(Generic[S]):
    """An aggregate as it was read or written: id, version, state and the ids of consumed messages."""

    id: str
    version: int
    state: S
    received: frozenset[str] = frozenset()
    fence: int | None = None
    """The lease number of the deadline worker that holds it; a save is refused once another worker has the lease."""

    def has_received(self, message_id: str | None) -> bool:
        """Return whether this message already took effect here."""
        return message_id is not None and message_id in self.received


@dataclass(frozen=True)
class Due(Generic[S]):
    """A leased record, the names of its deadlines that are due, and how often each has failed so far."""

    record: Record[S]
    names: tuple[str, ...]
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """The result of a failed deadline: how often it has failed, and whether it is parked now."""

    count: int
    parked: bool


@dataclass(frozen=True)
class Parked:
    """A deadline that is not tried any more until an operator releases it or its aggregate changes."""

    kind: str
    record_id: str
    name: str
    failures: int
    error: str
    """The class of the last error, never its text, which may hold personal data."""
    parked_at: datetime
