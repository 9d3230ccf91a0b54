"""Converts states to stored dictionaries and back; used by both adapters, so that they cannot differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from shared import context
from shared.clock import cut_to_milliseconds
from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.ids import new_event_id
from shared.store.kinds import Kind, Record

S = TypeVar("S")

_SCALARS = (str, int, float, bool, bytes, type(None))


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(state: type[S]) -> TypeAdapter[S]:
    known = _adapters.get(state)
    if known is None:
        known = _adapters[state] = TypeAdapter(state)
    return known


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def values_at(document: Mapping[str, Any], path: str) -> list[Any]:
    """Return the values at a dotted path: one value, or each member of a list, or [None] where there is none."""
    value: Any = document
    for part in _steps(path):
        if type(value) is not dict or part not in value:
            return [None]
        value = value[part]
    return value[:] if type(value) is list else [value]


def plain(value: Any) -> Any:
    """Return the value in stored types: enums as values, dates and times as ISO text, sequences as lists."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return cut_to_milliseconds(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def encode(kind: Kind[S], state: S) -> dict[str, Any]:
    """Return the stored form of a state."""
    encoded: dict[str, Any] = plain(_adapter(kind.state).dump_python(state))
    return encoded


def with_change(document: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the next version of a stored document with values set at dotted paths; the given one stays as it is."""
    written: dict[str, Any] = {**document, "version": document["version"] + 1}
    for path, value in change.items():
        *parents, last = path.split(".")
        target = written
        for parent in parents:
            target[parent] = {**target.get(parent, {})}
            target = target[parent]
        target[last] = value
    return written


def decode(kind: Kind[S], document: Mapping[str, Any]) -> Record[S]:
    """Return the record that a stored document holds, its state upcast to the present schema."""
    state = document["state"]
    for schema in range(document.get("schema", 1), kind.schema):
        state = kind.upcasts[schema](dict(state))
    lease = document.get("lease") or {}
    return Record(
        id=document["_id"],
        version=document["version"],
        state=_adapter(kind.state).validate_python(state),
        received=frozenset(entry["id"] for entry in document.get("inbox", ())),
        fence=lease.get("fence") if lease.get("until") else None,
    )


def due_fields(kind: Kind[S], state: S) -> dict[str, datetime]:
    """Return the deadlines of a state, as stored."""
    return {name: cut_to_milliseconds(at) for name, at in kind.deadlines(state).items()}


def outbox_entries(source: str, subject: str, version: int, events: Sequence[Message], now: datetime) -> list[Envelope]:
    """Return the envelopes of the messages of one write, in the context of the running request or message."""
    if not events:
        return []
    causation = context.current()
    return [
        Envelope(
            id=new_event_id(),
            source=f"/paspor/{source}",
            subject=subject,
            time=now,
            correlation_id=causation.correlation_id,
            causation_id=causation.causation_id or causation.correlation_id,
            traceparent=causation.traceparent,
            aggregate_version=version,
            data=event,
        )
        for event in events
    ]
