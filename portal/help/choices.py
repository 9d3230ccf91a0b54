"""The cases that requirements can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REASONS: Final = ("new", "expired", "pages_full", "lost", "damaged", "data_change")
PURPOSES: Final = ("tourism", "family", "umrah", "hajj", "work", "study", "business", "medical", "other")
_FLAGS: Final = {"yes": "true", "no": "false"}


def chosen_query(asked: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an address's query that asks for a case; what is none of our choices is left out."""
    query = {}
    if asked.get("reason") in REASONS:
        query["reason"] = asked["reason"]
    if asked.get("purpose") in PURPOSES:
        query["purpose"] = asked["purpose"]
    if asked.get("minor") in _FLAGS:
        query["minor"] = _FLAGS[asked["minor"]]
    return query
