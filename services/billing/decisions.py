"""What a use case decides, and what refuses: a state with its events, or a command that the state does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from shared.events.message import Event

S = TypeVar("S", bound=StrEnum)


C = TypeVar("C", bound=StrEnum)


StateT = TypeVar("StateT")


class IllegalTransition(Exception):
    """A command was given to a state that does not know it: the caller decides again on what is stored now."""

    def __init__(self, state: StrEnum, command: StrEnum) -> None:
        super().__init__(f"{command} cannot follow {state}")
        self.state = state
        self.command = command


@dataclass(frozen=True)
class Decision(Generic[StateT]):
    """What a use case writes: the new state and what it says to others, in one write."""

    state: StateT
    events: tuple[Event, ...] = ()


def follow(table: Mapping[tuple[S, C], S], state: S, command: C) -> S:
    """The state that a command leads to.

    Raises:
        IllegalTransition: the table does not know the pair.
    """
    try:
        return table[state, command]
    except KeyError:
        raise IllegalTransition(state, command) from None


def commands_of(table: Mapping[tuple[S, C], S], state: S) -> Sequence[C]:
    """The commands that a state knows."""
    return [command for known, command in table if known == state]
