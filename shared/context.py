"""Which request or event the running task works for: carried beside the call, into logs, events and calls out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# W3C Trace Context, section 3.2: version-trace-parent-flags, small hex letters; ids of zeros and version ff are void.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_LIKE_A_NIK = re.compile(r"\d{16}")
_NO_TRACE = "0" * 32
_NO_PARENT = "0" * 16
_VOID_VERSION = "ff"
_FIRST_VERSION = "00"


@dataclass(frozen=True, slots=True)
class TraceParent:
    """One W3C traceparent, read."""

    trace_id: str
    parent_id: str
    flags: str = "01"

    def __str__(self) -> str:
        return f"{_FIRST_VERSION}-{self.trace_id}-{self.parent_id}-{self.flags}"


@dataclass(frozen=True, slots=True)
class Causation:
    """Why something happens: the conversation, the message or request that asked for it, and the trace."""

    correlation_id: str
    causation_id: str | None
    traceparent: str


_current: ContextVar[Causation | None] = ContextVar("paspor_causation", default=None)


def parse_traceparent(text: str | None) -> TraceParent | None:
    """The parts of a traceparent header; None if it is absent or not valid, so that a bad one starts a new trace."""
    match = _TRACEPARENT.fullmatch(text) if text else None
    if match is None:
        return None
    version, trace, parent, flags, rest = match.groups()
    if version == _VOID_VERSION or trace == _NO_TRACE or parent == _NO_PARENT:
        return None
    if version == _FIRST_VERSION and rest:
        return None
    return TraceParent(trace, parent, flags)


def make_traceparent(trace: str | None = None, *, sampled: bool = True) -> str:
    """A new traceparent with a new parent id, in the given trace (32 hex digits) or a new one."""
    return str(TraceParent(trace or _fresh_hex(16), _fresh_hex(8), "01" if sampled else "00"))


def child_traceparent(traceparent: str | None = None) -> str:
    """The same trace with a new parent id: what goes into an event or a call out.

    Continues the given traceparent, else the current one; starts a new trace where there is none or it is not valid.
    """
    bound_now = _current.get()
    parsed = parse_traceparent(traceparent or (bound_now.traceparent if bound_now else None))
    if parsed is None:
        return make_traceparent()
    return str(TraceParent(parsed.trace_id, _fresh_hex(8), parsed.flags))


def new_causation(
    *, correlation_id: str | None = None, causation_id: str | None = None, traceparent: str | None = None
) -> Causation:
    """The causation of a request or event that came in; what it does not carry is started here."""
    own = child_traceparent(traceparent) if parse_traceparent(traceparent) else make_traceparent()
    return Causation(correlation_id or own[3:35], causation_id, own)


def current() -> Causation:
    """The causation bound to this task. Where none is bound, a new one, different at each call."""
    return _current.get() or new_causation()


def current_or_none() -> Causation | None:
    """The causation bound to this task, or None."""
    return _current.get()


@contextmanager
def bound(causation: Causation) -> Iterator[Causation]:
    """Bind `causation` for the block and for the tasks that it starts."""
    token = _current.set(causation)
    try:
        yield causation
    finally:
        _current.reset(token)


def trace_id() -> str | None:
    """The trace id (32 hex digits) of the current causation; None where none is bound."""
    causation = _current.get()
    parsed = parse_traceparent(causation.traceparent) if causation else None
    return parsed.trace_id if parsed else None


def _fresh_hex(bytes_count: int) -> str:
    # Logs mask runs of 16 digits as a NIK, so an id of our own never has one.
    while True:
        text = os.urandom(bytes_count).hex()
        if not _LIKE_A_NIK.search(text) and text.strip("0"):
            return text
