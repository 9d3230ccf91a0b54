"""Purposes of the privacy notice with what the account agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Purpose:
    """One purpose as a page tells of it."""

    code: str
    name: str
    text: str
    ends: str
    is_needed: bool
    is_given: bool
    is_asked_again: bool


def with_texts(consents: Mapping[str, Any], notice: Mapping[str, Any]) -> list[Purpose]:
    """Return the purposes of an account with the sentences of the notice, free ones first: they are to be chosen."""
    known = {purpose["purpose"]: purpose for purpose in notice["purposes"]}
    told = [_told(purpose, known.get(purpose["purpose"], {})) for purpose in consents["purposes"]]
    return sorted(told, key=lambda purpose: purpose.is_needed)


def _told(purpose: Mapping[str, Any], text: Mapping[str, Any]) -> Purpose:
    return Purpose(
        code=purpose["purpose"],
        name=text.get("name") or purpose["name"],
        text=text.get("text", ""),
        ends=text.get("ends") or "",
        is_needed=purpose["choice"] == "needed",
        is_given=purpose["given"],
        is_asked_again=purpose["asked_again"],
    )
