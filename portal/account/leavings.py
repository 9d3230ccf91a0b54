"""Leavings as a page tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_GOES_ON: Final = frozenset({"asked", "in_grace", "asked_again", "ordered"})
_CAN_BE_UNDONE: Final = frozenset({"asked", "in_grace"})


def find_open(leavings: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the leaving that goes on, None where nothing does."""
    return next((leaving for leaving in leavings if leaving["state"] in _GOES_ON), None)


def find_refused(leavings: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the newest leaving if something stands against it."""
    newest = next(iter(leavings), None)
    return newest if newest is not None and newest["state"] == "objected" else None


def can_be_undone(leaving: Mapping[str, Any]) -> bool:
    """Return whether everything can still stay."""
    return leaving["state"] in _CAN_BE_UNDONE
