"""What a rule decides: the next state and what is said about it, to be written together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.events.message import Event

S = TypeVar("S")


@dataclass(frozen=True)
class Decision(Generic[S]):
    """A new state and the events that go out with it, in one write."""

    state: S
    events: tuple[Event, ...] = ()
