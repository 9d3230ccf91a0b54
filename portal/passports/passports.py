"""Acts that a passport allows: shapes answers for templates. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

IN_HAND: Final = frozenset({"collected", "lost", "damaged"})
"""Handed out, and not replaced."""

REPORTED: Final = frozenset({"lost", "damaged"})
REPORTABLE: Final = frozenset({"collected", "damaged"})


def can_be_reported(passport: Mapping[str, Any]) -> bool:
    """Return whether its loss or damage can be reported; a damaged one can be lost too."""
    return passport["state"] in REPORTABLE


def can_be_replaced(passport: Mapping[str, Any]) -> bool:
    """Return whether a replacement can begin."""
    return passport["state"] in IN_HAND


def needs_reason(passport: Mapping[str, Any]) -> bool:
    """Return whether a replacement needs a reason that the book does not show."""
    call = passport["next_call"]
    return can_be_replaced(passport) and not (call is not None and call["href"].endswith("/replacement"))


def newest_first_by_person(
    passports: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> list[tuple[str, str, list[Mapping[str, Any]]]]:
    """Return each person's passports, with applicant id and name, in the order in which they are listed."""
    by_person: dict[str, list[Mapping[str, Any]]] = {}
    for passport in passports:
        by_person.setdefault(passport["applicant_id"], []).append(passport)
    return [(applicant_id, names.get(applicant_id, ""), held) for applicant_id, held in by_person.items()]
