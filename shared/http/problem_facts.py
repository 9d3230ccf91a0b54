"""Schemas of problems by their code: the facts that a refusal tells beside the members of every problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, create_model

from shared.errors import Refusal
from shared.http.paging import DEPRECATED
from shared.http.problems import Problem
from shared.http.schema import INDONESIAN, INDONESIAN_OF_OLD


def facts_of(refusal: type[Refusal]) -> Mapping[str, Any]:
    """Return the facts that a refusal may tell, each with its type."""
    told: Mapping[str, Any] = vars(refusal).get("facts_told", {})
    return told


def _described(fact: str, told: Mapping[str, Any]) -> Any:
    """Return the field of a fact: an old name of an Indonesian text is deprecated."""
    is_old = fact.removesuffix(INDONESIAN_OF_OLD) + INDONESIAN in told and fact.endswith(INDONESIAN_OF_OLD)
    return Field(None, json_schema_extra=DEPRECATED if is_old else None)


_MODELS: Final[dict[type[Refusal], type[Problem]]] = {}
"""Models that were made, so that each code has one."""


def problem_model(refusal: type[Refusal]) -> type[Problem]:
    """Return the model of the problem: that of its code if it tells facts, else that of every problem.

    A fact may be missing: it is told where it is known.
    """
    told = facts_of(refusal)
    if not told:
        return Problem
    if refusal not in _MODELS:
        _MODELS[refusal] = _make_model(refusal, told)
    return _MODELS[refusal]


def _make_model(refusal: type[Refusal], told: Mapping[str, Any]) -> type[Problem]:
    name = "".join(part.capitalize() for part in refusal.code.split("_")) + "Problem"
    members: dict[str, Any] = {fact: (kind | None, _described(fact, told)) for fact, kind in sorted(told.items())}
    members["code"] = (Literal[refusal.code], ...)
    described = f"A problem with the code `{refusal.code}`."
    return create_model(name, __base__=Problem, __doc__=described, **members)
