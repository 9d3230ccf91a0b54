"""Counts and parks deadlines that keep failing, in their document, beside the state. Used by both adapters.

A document keeps ``trouble``: name of the deadline to how often it failed, the class of its last error and, once parked,
since when; and ``parked_since`` while any is parked, for the index.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.store.kinds import Parked

Trouble = Mapping[str, Mapping[str, Any]]


def failures_of(document: Mapping[str, Any]) -> dict[str, int]:
    """Return how often each deadline of a document has failed."""
    trouble: Trouble = document.get("trouble") or {}
    return {name: each["count"] for name, each in trouble.items()}


def with_failure(trouble: Trouble, name: str, error: str, now: datetime) -> dict[str, Mapping[str, Any]]:
    """Return the trouble with one more failure."""
    known = trouble.get(name, {})
    return {**trouble, name: {"count": known.get("count", 0) + 1, "error": error, "at": now}}


def with_parked(trouble: Trouble, name: str, now: datetime) -> dict[str, Mapping[str, Any]]:
    """Return the trouble with this deadline parked."""
    return {**trouble, name: {**trouble[name], "parked_at": now}}


def without(trouble: Trouble, name: str) -> dict[str, Mapping[str, Any]]:
    """Return the trouble without this deadline."""
    return {other: each for other, each in trouble.items() if other != name}


def parked_since(trouble: Trouble) -> datetime | None:
    """Return the time since which a deadline is parked; None if none is."""
    return min((item["parked_at"] for item in trouble.values() if "parked_at" in item), default=None)


def parked_in(kind: str, document: Mapping[str, Any]) -> list[Parked]:
    """Return the parked deadlines of a document."""
    trouble: Trouble = document.get("trouble") or {}
    return [
        Parked(kind, document["_id"], name, each["count"], each["error"], each["parked_at"])
        for name, each in sorted(trouble.items())
        if "parked_at" in each
    ]
