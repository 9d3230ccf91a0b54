"""Members of answers that hold a code: text on the wire and in the view, an enum for callers of the interface.

Codes that another service told stay text, as their sender may be newer and know more of them (`shared.events.codes`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from shared.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class OneOf:
    """Describes a text as a member of one of these enums: `state: Annotated[str, OneOf(BillState)]`.

    A code that is in none of them is answered as it is, and logged: it comes from a newer service.
    """

    first: type[StrEnum]
    more: tuple[type[StrEnum], ...] = ()

    def __init__(self, first: type[StrEnum], *more: type[StrEnum]) -> None:
        """Take the enums."""
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "more", more)

    @property
    def enums(self) -> tuple[type[StrEnum], ...]:
        """The enums, at least one."""
        return (self.first, *self.more)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Return the schema that reads a text and notes a code that is not known."""
        known = frozenset(code.value for enum in self.enums for code in enum)
        name = "|".join(enum.__name__ for enum in self.enums)

        def note_unknown(code: str) -> str:
            if code not in known:
                on_unknown_code(name, code)
            return code

        return core_schema.no_info_after_validator_function(note_unknown, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema of the enum, or of any of several."""
        made = [handler(_as_enum(enum)) for enum in self.enums]
        return made[0] if len(made) == 1 else {"anyOf": made}


def _as_enum(enum: type[StrEnum]) -> core_schema.CoreSchema:
    """Return the core schema of an enum below another one, so that it gets a name in the document."""
    cases: list[Any] = list(enum)
    named = core_schema.enum_schema(
        enum, cases, sub_type="str", ref=f"{enum.__module__}.{enum.__qualname__}:{id(enum)}"
    )
    return core_schema.no_info_after_validator_function(lambda code: code, named)


def log_unknown_code(name: str, code: str) -> None:
    """Log a code that its description lacks."""
    log.warning("http.unknown_code", codes=name, code=code)


on_unknown_code: Callable[[str, str], None] = log_unknown_code
"""The way in which such a code is noted; tests refuse it."""
