"""A decision: what one atomic write stores of an aggregate and tells others about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.events.message import Message

S = TypeVar("S")


@dataclass(frozen=True)
class Decision(Generic[S]):
    """The new state of an aggregate and the events or commands that go out with it, in one write."""

    state: S
    events: tuple[Message, ...] = ()

    def changes(self, before: S) -> bool:
        """Return whether there is anything to write for an aggregate in the state ``before``."""
        return bool(self.events) or self.state != before
