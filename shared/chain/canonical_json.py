"""The one JSON form of everything that is hashed or signed: RFC 8785 (JCS), of the values that occur here.

Standard library only: checking an export needs nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

LARGEST_INTEGER: Final = 2**53 - 1
"""The largest integer that every reader of JSON keeps exactly (RFC 8785, section 3.2.2.3; RFC 7493, section 2.2)."""


class NotCanonical(ValueError):
    """The value has no canonical form here: a fraction, a larger integer, a broken text, or another type."""


def canonical(value: object) -> bytes:
    """Return the canonical form: members by the UTF-16 units of their names, no spaces, fewest escapes, UTF-8.

    Of numbers only integers up to 2^53 - 1 are taken: these look the same in every language.

    Raises:
        NotCanonical: the value holds something else, or is nested too deeply.
    """
    try:
        return json.dumps(_in_order(value), separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotCanonical("a text holds half of a surrogate pair") from None
    except RecursionError:
        raise NotCanonical("it is nested too deeply") from None


def _in_order(value: object) -> Any:
    """Return the value with the members of its objects in canonical order."""
    # most values are texts, and to ask an abstract class about each of them takes longer than all the rest
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int) and abs(value) <= LARGEST_INTEGER:
        return value
    if isinstance(value, list | tuple):
        return [_in_order(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _in_order(value[name]) for name in _sorted_names(value)}
    raise NotCanonical(f"{value!r:.40} is neither text nor a whole number up to 2^53 - 1")


def _sorted_names(members: Mapping[Any, object]) -> list[Any]:
    """Return the names by their UTF-16 units; plain sorting does that where all are ASCII."""
    if all(isinstance(name, str) and name.isascii() for name in members):
        return sorted(members)
    return sorted(members, key=_utf16_units)


def _utf16_units(name: object) -> bytes:
    if not isinstance(name, str):
        raise NotCanonical(f"{name!r:.40} is no name of a member")
    return name.encode("utf-16-be", "surrogatepass")
