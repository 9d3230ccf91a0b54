"""Marks fields of events that hold codes, so that schemas list the codes. Pure.

The field itself stays text: a receiver may be older than its sender and must live with a code that it does not know.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MORE_MAY_COME: Final = "x-more-may-come"
"""The member of a schema that says: new codes may be added, so an unknown one is read as text."""


@dataclass(frozen=True)
class Coded:
    """The codes of a field of text, optional text or texts, as ``Annotated[str, Coded(BillPurpose)]``."""

    codes: type[StrEnum]

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Return the field's JSON schema with the codes in place of any text."""
        return self._with_codes(handler(schema))

    def _with_codes(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        if schema.get("type") == "string":
            return {**schema, **code_schema(self.codes)}
        changed = dict(schema)
        if "anyOf" in schema:
            changed["anyOf"] = [self._with_codes(option) for option in schema["anyOf"]]
        if "items" in schema:
            changed["items"] = self._with_codes(schema["items"])
        return changed


def code_schema(codes: type[StrEnum]) -> dict[str, Any]:
    """Return the JSON schema of a code, titled with the name of its enum."""
    return {
        "type": "string",
        "enum": [code.value for code in codes],
        "title": codes.__name__,
        "description": " ".join((inspect.getdoc(codes) or "").split()),
        MORE_MAY_COME: True,
    }
