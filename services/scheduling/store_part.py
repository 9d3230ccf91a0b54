"""Base of all repositories, and the form of the decisions that they save."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from shared.errors import SomeoneElseChangedIt
from shared.store.decision import Decision
from shared.store.port import Store

S = TypeVar("S")

Decide: TypeAlias = Callable[[S], Decision[S] | None]
"""Decides on the state of an aggregate, as `shared.store.change` asks it: None changes nothing."""


class OnStore:
    """A part of the repository; all parts stand on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store


def replacing(read: S, decision: Decision[S]) -> Decide[S]:
    """Return the decision that was made from what was ``read``, for use cases that read or write more to make it.

    It raises SomeoneElseChangedIt where the state is another one by now.
    """

    def decide(state: S) -> Decision[S]:
        if state != read:
            raise SomeoneElseChangedIt
        return decision

    return decide
