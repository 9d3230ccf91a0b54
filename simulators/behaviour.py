"""Behaviours on demand: how a simulated agency answers its next calls. Plain data, no clock, no network.

A behaviour belongs to an operation (``issue``, ``verify``, ...). It holds for ``next_calls`` calls, or until set again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulators.errors import BehaviourUnknown

MAX_DELAY_SECONDS = 120.0
MAX_REPEATS = 100
ALL_OPERATIONS = "*"

HTTP_MODES = frozenset(
    {
        "ok",
        "slow",  # waits delay_seconds, then works and answers
        "slow_answer",  # works, then holds the answer back for delay_seconds
        "lose_answer",  # works, but the caller gets a 500
        "down",  # closes the connection without an answer
        "unavailable",  # 503
        "error",  # 500, nothing done
        "bad_request",  # 400, nothing done
        "malformed",  # 200 with a body that is not JSON, nothing done
        "timeout",  # nothing done, silence for delay_seconds (MAX_DELAY_SECONDS if 0), then a 504
    }
)

Operations = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one operation behaves. ``next_calls`` None: until further notice; ``times``: for repeats and groups."""

    mode: str = "ok"
    delay_seconds: float = 0.0
    next_calls: int | None = None
    times: int = 2


OK = Behaviour()


class Behaviours:
    """The behaviour in force per operation, and how often each was called."""

    def __init__(self, operations: Operations) -> None:
        self.operations = operations
        self._in_force: dict[str, Behaviour] = {}
        self._calls: Counter[tuple[str, str]] = Counter()

    def set(self, operation: str, behaviour: Behaviour) -> list[str]:
        """Put a behaviour in force and return the operations it reaches. ``*`` reaches each one that knows the mode."""
        names = list(self.operations) if operation == ALL_OPERATIONS else [operation]
        reached = [name for name in names if behaviour.mode in self.operations.get(name, frozenset())]
        if not reached:
            raise BehaviourUnknown(f"No operation {operation!r} has the mode {behaviour.mode!r}.", field="mode")
        for name in reached:
            self._in_force[name] = behaviour
        return reached

    def current(self, operation: str) -> Behaviour:
        """Return the behaviour in force without using it up."""
        return self._in_force.get(operation, OK)

    def take(self, operation: str) -> Behaviour:
        """Count one call, use up one of its ``next_calls``, and return how to behave."""
        behaviour = self.current(operation)
        self._calls[operation, behaviour.mode] += 1
        if behaviour.next_calls is not None:
            self._use_one(operation, behaviour, behaviour.next_calls - 1)
        return behaviour

    def calls(self) -> dict[str, dict[str, int]]:
        """Return, per operation, the calls by mode and their total."""
        counted: dict[str, dict[str, int]] = {name: {"total": 0} for name in self.operations}
        for (operation, mode), count in sorted(self._calls.items()):
            counted[operation][mode] = count
            counted[operation]["total"] += count
        return counted

    def reset(self) -> None:
        """Behave well again and forget the counts."""
        self._in_force.clear()
        self._calls.clear()

    def _use_one(self, operation: str, behaviour: Behaviour, left: int) -> None:
        if left > 0:
            self._in_force[operation] = replace(behaviour, next_calls=left)
        else:
            self._in_force.pop(operation)
