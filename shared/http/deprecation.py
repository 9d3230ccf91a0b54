"""Members on their way out: each stays for a year beside its new name, and every answer that holds it says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

DEPRECATED_AT: Final = datetime(2026, 12, 1, tzinfo=UTC)
"""When the names that end in `_id` without being ids got a second name."""

SUNSET_AT: Final = datetime(2027, 12, 1, tzinfo=UTC)
"""Until then they are answered: 12 months."""

DEPRECATION: Final = "Deprecation"
SUNSET: Final = "Sunset"
HEADERS: Final[Mapping[str, str]] = {
    DEPRECATION: f"@{int(DEPRECATED_AT.timestamp())}",
    SUNSET: format_datetime(SUNSET_AT, usegmt=True),
}
"""Headers of an answer with deprecated members: RFC 9745 and RFC 8594."""

NO_HEADERS: Final[Mapping[str, str]] = {}


@cache
def has_deprecated(model: type[BaseModel]) -> bool:
    """Return whether an answer of this model holds a member that is deprecated, at any depth."""
    return _is_marked(model.model_json_schema(mode="serialization"))


def deprecation_headers(shape: object) -> Mapping[str, str]:
    """Return the headers of an answer of this shape; none for other bodies than models."""
    is_marked = isinstance(shape, type) and issubclass(shape, BaseModel) and has_deprecated(shape)
    return HEADERS if is_marked else NO_HEADERS


def _is_marked(part: Any) -> bool:
    if isinstance(part, dict):
        return part.get("deprecated") is True or any(_is_marked(item) for item in part.values())
    return isinstance(part, list) and any(_is_marked(item) for item in part)
