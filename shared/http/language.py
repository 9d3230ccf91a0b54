"""Picks the language of an answer: Indonesian unless the client asks for English."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import WithJsonSchema

Language = Literal["id", "en"]

LanguageCode = Annotated[str, WithJsonSchema({"type": "string", "enum": ["id", "en"]})]
"""The language that somebody is written to in, in an answer."""

DEFAULT_LANGUAGE: Language = "id"
MAX_HEADER_CHARS = 200

_SPOKEN: dict[str, Language] = {"id": "id", "in": "id", "ms": "id", "en": "en", "*": DEFAULT_LANGUAGE}


@lru_cache(maxsize=256)
def language_of(accept_language: str | None) -> Language:
    """Return the supported language that an Accept-Language header (RFC 9110, 12.5.4) prefers."""
    best: Language = DEFAULT_LANGUAGE
    best_weight = 0.0
    for choice in (accept_language or "")[:MAX_HEADER_CHARS].split(","):
        tag, _, parameters = choice.partition(";")
        spoken = _SPOKEN.get(tag.strip().lower().partition("-")[0])
        weight = weight_of(parameters)
        if spoken is not None and weight > best_weight:
            best, best_weight = spoken, weight
    return best


def weight_of(parameters: str) -> float:
    """Return the weight in ``q=0.5``; 1 without a weight, 0 if it cannot be read."""
    name, _, value = parameters.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
