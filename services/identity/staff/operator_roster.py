"""The roster of operators: one document, so that two who would remove each other at once meet in it.

Only an operator on it removes another one, never themselves: so it never becomes empty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True)
class Roster:
    """The ids of the operators who may act on operators."""

    operators: tuple[str, ...] = ()


class RosterProblem(StrEnum):
    """Why an operator stays on the roster."""

    LAST_OPERATOR = "last_operator"
    NOT_ON_IT = "not_on_it"


def joined(roster: Roster, staff_id: str) -> Roster:
    """Return the roster with this operator."""
    return roster if staff_id in roster.operators else replace(roster, operators=(*roster.operators, staff_id))


def leave_problem(roster: Roster, staff_id: str, by: str) -> RosterProblem | None:
    """Return why ``by`` cannot take this operator off; none if they can, or if it is done already."""
    if set(roster.operators) <= {staff_id}:
        return RosterProblem.LAST_OPERATOR
    return None if by in roster.operators else RosterProblem.NOT_ON_IT


def without(roster: Roster, staff_id: str) -> Roster:
    """Return the roster without this operator; ask :func:`leave_problem` first."""
    return replace(roster, operators=tuple(operator for operator in roster.operators if operator != staff_id))
