"""Reads the dated rule set that is shipped with the service; refuses at the start what could not work later."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from services.application.requirements.paper_examples import load_examples
from services.application.requirements.requirement import Condition, Need, Question, Requirement, RuleSet
from services.application.texts import Text

RULES_FILE: Final = "requirements.toml"


class RulesWrong(ValueError):
    """The rule set contradicts itself; the message says where."""


@cache
def load_rules() -> RuleSet:
    """The shipped rule set."""
    return read_rules(files("services.application.data").joinpath(RULES_FILE).read_text(encoding="utf-8"))


def read_rules(text: str) -> RuleSet:
    """A rule set from TOML. Refuses with `RulesWrong` conditions on facts that no question gives, shared papers
    that no item takes, and doubled codes.
    """
    data = tomllib.loads(text)
    rules = RuleSet(
        version=data["version"],
        questions=tuple(_question(entry) for entry in data["question"]),
        requirements=tuple(_requirement(entry) for entry in data["requirement"]),
        not_refundable=_text(data["not_refundable"]),
        not_refundable_basis=data["not_refundable"]["legal_basis"],
    )
    _refuse_unknown_facts(rules)
    _refuse_unknown_papers(rules)
    _refuse_overlaps(rules)
    return rules


def _question(data: Mapping[str, Any]) -> Question:
    return Question(
        name=data["name"],
        title=_text(data),
        choices=tuple(data.get("choices", ())),
        compulsory=data.get("compulsory", False),
        scope=_condition(data.get("scope", {})),
    )


def _requirement(data: Mapping[str, Any]) -> Requirement:
    return Requirement(
        code=data["code"],
        title=_text(data),
        need=Need(data["need"]),
        legal_basis=data["legal_basis"],
        effective_from=data["effective_from"],
        effective_to=data.get("effective_to"),
        help=_text(data, "help_"),
        scope=_condition(data.get("scope", {})),
        unless=_condition(data["unless"]) if "unless" in data else None,
        when=_condition(data.get("when", {})),
        condition=_text(data, "condition_") if "condition_en" in data else None,
        accepts=tuple(data.get("accepts", ())),
        original_shown=data.get("original_shown", True),
        form=data.get("form", False),
        example=data.get("example"),
        shared_in_family=data.get("shared_in_family", {}),
    )


def _text(data: Mapping[str, Any], prefix: str = "") -> Text:
    return Text(en=data[f"{prefix}en"], id=data[f"{prefix}id"])


def _condition(data: Mapping[str, Any]) -> Condition:
    return {name: tuple(values) for name, values in data.items()}


def _refuse_unknown_facts(rules: RuleSet) -> None:
    known = {question.name for question in rules.questions} | {"minor"}
    for requirement in rules.requirements:
        named = {*requirement.scope, *(requirement.unless or {}), *requirement.when}
        if named - known:
            raise RulesWrong(f"{requirement.code} asks for {sorted(named - known)}, which no question gives")
        if (requirement.need is Need.CONDITIONAL) != (requirement.condition is not None and bool(requirement.when)):
            raise RulesWrong(f"{requirement.code}: a conditional item, and only that, says when and in words")
        if requirement.example is not None and requirement.example not in load_examples():
            raise RulesWrong(f"{requirement.code} has the example {requirement.example}, which is not there")


def _refuse_unknown_papers(rules: RuleSet) -> None:
    for requirement in rules.requirements:
        unknown = set(requirement.shared_in_family) - set(requirement.names())
        if unknown:
            raise RulesWrong(f"{requirement.code} shares {sorted(unknown)}, under which nothing is uploaded for it")


def _refuse_overlaps(rules: RuleSet) -> None:
    seen: dict[str, Requirement] = {}
    for requirement in rules.requirements:
        earlier = seen.get(requirement.code)
        if earlier is not None and (earlier.effective_to is None or earlier.effective_to >= requirement.effective_from):
            raise RulesWrong(f"{requirement.code} is in force twice from {requirement.effective_from}")
        seen[requirement.code] = requirement
