"""Transition tables: which command leads from which state to which. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
C = TypeVar("C", bound=StrEnum)


class IllegalTransition(Exception):
    """The command is not allowed in the aggregate's current state; ``state`` and ``command`` name the pair."""

    def __init__(self, state: StrEnum, command: StrEnum) -> None:
        super().__init__(f"{command} cannot follow {state}")
        self.state = state
        self.command = command


class Transitions(Mapping[tuple[S, C], S], Generic[S, C]):
    """The complete table of one aggregate: (state, command) to the next state. Read-only."""

    def __init__(self, table: Mapping[tuple[S, C], S]) -> None:
        self._table = dict(table)

    def __getitem__(self, pair: tuple[S, C]) -> S:
        return self._table[pair]

    def __iter__(self) -> Iterator[tuple[S, C]]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def after(self, state: S, command: C) -> S:
        """Return the state that the command leads to.

        Raises:
            IllegalTransition: the table does not have the pair.
        """
        following = self._table.get((state, command))
        if following is None:
            raise IllegalTransition(state, command)
        return following

    def allows(self, state: S, command: C) -> bool:
        """Return whether the command is allowed in the state."""
        return (state, command) in self._table

    def commands(self, state: S) -> tuple[C, ...]:
        """Return the commands that are allowed in the state, in the order of the table."""
        return tuple(command for known, command in self._table if known == state)
